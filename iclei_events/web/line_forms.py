"""The forms of who waits or has an offer, and what the booking's page shows them beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext, ngettext
from wtforms.widgets import HiddenInput

from iclei_events.models import Booking, Slot
from iclei_events.services import chances, my_bookings, swaps, waiting
from iclei_events.services.booking_rows import Party
from iclei_events.web.forms import CountField, Form

LEAST = lazy_gettext("Smallest number of you that would come")


class LeastForm(Form):
    """How many of a party that waits would come at least; empty: all of them or nobody."""

    least = CountField(label=LEAST, optional=True)

    @classmethod
    def of(cls, own: Booking) -> LeastForm:
        return cls(formdata=None, least=own.least_size)


class WhoComesForm(Form):
    """Who of a party comes, where only a part of it was offered places."""

    coming_adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."))
    coming_children = CountField(label=lazy_gettext("Children"), default=0)
    seen = CountField(missing=lazy_gettext("The form was too old. Send it again."), widget=HiddenInput())

    @classmethod
    def of(cls, own: Booking) -> WhoComesForm:
        return cls(formdata=None, coming_adults=own.adults, coming_children=own.children, seen=own.sequence)

    @property
    def party(self) -> Party:
        return Party(self.coming_adults.data or 0, self.coming_children.data or 0)


def check_least(field: CountField, size: int) -> None:
    """Say that a least number larger than the party cannot be meant; as many as all of them is no number of its own."""
    if not field.errors and field.data is not None and not 1 <= field.data <= size:
        field.errors = [
            ngettext(
                "You are one person. Leave it empty.", "Write a number from 1 to %(num)s, or leave it empty.", size
            )
        ]


def shown(own: Booking, state: str, times: Sequence[Slot], now: datetime) -> dict[str, Any]:
    """What the page of a booking that stands so shows about the line, its offer, and the activity's other ``times``."""
    if state == "waiting":
        number = my_bookings.place_in_line(own)
        return {
            "number": number,
            "chance": chances.of_number(own.slot.activity.kind, number, now),
            "out_of_reach": own.needs > own.slot.public_capacity,
        }
    if state == "offered" and own.offer_until is not None and own.offer_prolonged_at is None:
        return {"longer": waiting.prolonged_until(own.offer_until, own.slot.starts_at)}
    if state == "confirmed":
        asked = swaps.of_booking(own)
        askable = swaps.may_ask_for(own, times, now)
        asked_ids = {wish.slot.id for wish in asked}
        return {"wishes": asked, "askable": [slot for slot in askable if slot.id not in asked_ids]}
    return {}
