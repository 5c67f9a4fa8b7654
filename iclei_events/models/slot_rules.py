"""What a slot's columns mean: for the model, and for the plain values that lists are made of."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol


class SlotMode(enum.StrEnum):
    FIRST_COME = "first_come"
    DRAW = "draw"
    OPEN = "open"


class SlotState(enum.StrEnum):
    """What a slot says to somebody who might come; the wording of each stands in the design."""

    OPEN = "open"  # no booking needed
    NOT_YET = "not_yet"
    MANY = "many"
    FEW = "few"
    FULL = "full"
    DRAW = "draw"  # lots are drawn: one enters and books nothing
    CLOSED = "closed"
    CANCELLED = "cancelled"
    OVER = "over"


FEW_PLACES = 5
"""Up to this many places left the exact number is shown; above it the page says that there are plenty."""


class SlotColumns(Protocol):
    """The columns that the rules look at, and the rules that others build on."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def mode(self) -> SlotMode: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def cancelled_at(self) -> datetime | None: ...
    @property
    def capacity(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def kept_back(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def out_of_reach(self) -> int: ...
    @property
    def free(self) -> int: ...
    @property
    def left(self) -> int: ...
    @property
    def last_booking_at(self) -> datetime: ...


class SlotRules:
    """For classes with ``SlotColumns``."""

    __slots__ = ()

    @property
    def free(self: SlotColumns) -> int:
        """Places that nobody holds and staff do not keep back; never negative."""
        return max(0, self.capacity - self.held - self.kept_back)

    @property
    def public_capacity(self: SlotColumns) -> int:
        """Places that anybody may have: all but those that staff keep back. No larger party can ever be served."""
        return self.capacity - self.kept_back

    @property
    def left(self: SlotColumns) -> int:
        """Places a newcomer can have at once: none while others wait whom the slot could hold: it is saved for them."""
        return 0 if self.waiting > self.out_of_reach else self.free

    @property
    def last_booking_at(self: SlotColumns) -> datetime:
        """When booking closes: at its own time, at the latest when the slot starts."""
        return min(self.closes_at, self.starts_at) if self.closes_at else self.starts_at

    def takes_bookings(self: SlotColumns, moment: datetime) -> bool:
        return (
            self.mode is SlotMode.FIRST_COME
            and self.cancelled_at is None
            and (self.opens_at is None or self.opens_at <= moment)
            and moment < self.last_booking_at
        )

    def state(self: SlotColumns, moment: datetime) -> SlotState:  # noqa: PLR0911  one answer for each state
        if self.cancelled_at is not None:
            return SlotState.CANCELLED
        if moment >= self.ends_at:
            return SlotState.OVER
        if self.mode is SlotMode.OPEN:
            return SlotState.OPEN
        if self.opens_at is not None and moment < self.opens_at:
            return SlotState.NOT_YET
        if moment >= self.last_booking_at:
            return SlotState.CLOSED
        if self.mode is SlotMode.DRAW:
            return SlotState.DRAW
        if self.left == 0:
            return SlotState.FULL
        return SlotState.FEW if self.left <= FEW_PLACES else SlotState.MANY
