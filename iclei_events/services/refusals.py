"""Why a wish could not be met. Each refusal is an exception of its own; the web floor gives it its sentence."""

from __future__ import annotations

from datetime import datetime


class Refusal(Exception):  # noqa: N818  these are answers, not faults
    """A wish that cannot be met as things stand; nothing was stored."""


class NoRoom(Refusal):
    """Fewer places are left than the party needs. ``left`` is how many a newcomer can have, ``waiting`` the line."""

    def __init__(self, left: int, waiting: int = 0) -> None:
        super().__init__(f"{left} places left, {waiting} parties waiting")
        self.left = left
        self.waiting = waiting


class LargerThanSlot(NoRoom):
    """The party is larger than all the places there are, so that no waiting helps; ``largest`` is the most."""

    def __init__(self, largest: int, left: int, waiting: int = 0) -> None:
        super().__init__(left, waiting)
        self.largest = largest


class TooManyPlaces(Refusal):
    """The person would have more places at the event than one person may; ``limit`` places at most."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} places for one person")
        self.limit = limit


class Clashes(Refusal):
    """The person has places at a time that cannot be kept beside this one; ``reference`` names that booking.

    Which one it is, is told only to whoever may open it: an address alone must not tell a stranger where somebody will
    be. That there is one the refusal tells anybody who writes the address, but only where places or a turn in the line
    could be had: whoever asks about an address without a clash thereby makes a booking that its owner is mailed about.
    """

    def __init__(self, reference: str) -> None:
        super().__init__("clashes with another booking of the same person")
        self.reference = reference


class TooLarge(Refusal):
    """The party is larger than the slot or the activity ever takes; ``limit`` places at most."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} places")
        self.limit = limit


class AdultMissing(Refusal):
    """Children come with at least one adult here."""


class NotOpenYet(Refusal):
    def __init__(self, opens_at: datetime) -> None:
        super().__init__(f"booking opens {opens_at.isoformat()}")
        self.opens_at = opens_at


class NotYourTurn(Refusal):
    """Others stand in the waiting room of the opening, and the person has not been let in."""


class LinkNeeded(Refusal):
    """The opening is checked for bots, and the booking was not opened by the link in its mail."""


class ProofWorthless(Refusal):
    """The proof that came with the form is wrong, too old, for something else, or was used before."""


class ToConfirmFirst(Refusal):
    """The address has a booking without proof at the event already: that is to be confirmed first."""


class NotConfirmed(Refusal):
    """The booking was made without proof and has to be confirmed by way of its mail first."""


class Closed(Refusal):
    """Booking has closed, or the slot has started."""


class SlotCancelled(Refusal):
    """The slot will not take place."""


class NoBookingNeeded(Refusal):
    """The slot is open to all; there is nothing to book."""


class InDraw(Refusal):
    """The places of the slot are drawn by lot: one enters the draw and books nothing."""


class DrawUnderWay(Refusal):
    """The list is frozen and the lots are not drawn yet: the places stay as they were when entries closed."""


class DrawStillOpen(Refusal):
    """The draw takes entries until ``closes_at``; before that nothing is drawn."""

    def __init__(self, closes_at: datetime) -> None:
        super().__init__(f"entries close {closes_at.isoformat()}")
        self.closes_at = closes_at


class AlreadyDrawn(Refusal):
    """The lots are drawn, and they are drawn once."""


class Taken(Refusal):
    """Somebody has booked the slot or entered its draw: how its places are given out stays as it was told."""


class ValueMissing(Refusal):
    """There is no draw without the public value that was named beforehand."""


class KeyTaken(Refusal):
    """The form was sent before by somebody else, or for something else."""


class NotActive(Refusal):
    """The booking was cancelled, lapsed or lost: there is nothing left to change."""


class OfferLapsed(Refusal):
    """The offer ran out before it was accepted."""


class NoMoreTime(Refusal):
    """The offer stands as long as it can: more time would reach past the start."""


class HoldsNoPlaces(Refusal):
    """Only who has places can ask for another time and keep them until then."""


class NeedsUnmet(Refusal):
    """The other time does not have at once what the party has been promised; it keeps its time and its promises."""


class NoAidLeft(Refusal):
    """There is not so much more of what the party asks for; it keeps what it has been promised. ``left`` are left."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


class ChangedMeanwhile(Refusal):
    """Somebody else changed it since the form was opened; ``current`` is what stands now."""

    def __init__(self, current: object = None) -> None:
        super().__init__(f"now {current}")
        self.current = current


class NotPermitted(Refusal):
    """The person may not do this."""


class AlreadyInRegister(Refusal):
    """A city or region of that name has signed, or its signing is being checked; ``slug`` is its page if it has one."""

    def __init__(self, slug: str | None) -> None:
        super().__init__(f"in the register as {slug}" if slug else "being checked")
        self.slug = slug


class TooManyUnconfirmed(Refusal):
    """So many unconfirmed forms name this address that no more mail goes there; ``limit`` at most."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} unconfirmed forms for one address")
        self.limit = limit


class NotYetVerified(Refusal):
    """Fewer people of the staff have checked the signing than are needed to publish it."""


class SameAddress(Refusal):
    """The booking has this e-mail address already."""


class CountsInDraw(Refusal):
    """The entry in a draw counts for its address, which therefore stays until the lots are drawn."""


class LinkOver(Refusal):
    """What the link was to confirm has been confirmed, taken back, replaced, or its time has passed."""


class TooManyTries(Refusal):
    """It was done so often from one network, or for one address, that there is a wait of so many ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} seconds")
        self.seconds = seconds


class TooManyReports(Refusal):
    """So many problems were reported in the last hour that one more is not taken."""
