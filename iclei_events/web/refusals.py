"""What each refusal says to people: one table from why to status, outcome and sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from flask_babel import gettext, ngettext

from iclei_events.services import refusals
from iclei_events.services.bookings import Outcome
from iclei_events.web import filters


@dataclass(frozen=True, slots=True)
class Reply:
    """How a refusal reaches people: HTTP status, ``X-Booking-Outcome``, and what happened in their language."""

    status: int
    outcome: Outcome
    sentence: str


def reply(refusal: refusals.Refusal) -> Reply:
    status, outcome, sentence = TABLE[type(refusal)]
    return Reply(status, outcome, sentence(refusal))


def _no_room(refusal: refusals.NoRoom) -> str:
    if refusal.left:
        return ngettext("Only one place is left.", "Only %(num)s places are left.", refusal.left)
    return gettext("All places are taken.")


def _larger_than_slot(refusal: refusals.LargerThanSlot) -> str:
    if not refusal.largest:
        return gettext("All places are taken.")
    return ngettext(
        "There is only one place in all at this time. Book for one person, or choose another time.",
        "There are only %(num)s places in all at this time. Book for at most %(num)s people, or choose another time.",
        refusal.largest,
    )


def _too_many_places(refusal: refusals.TooManyPlaces) -> str:
    return ngettext(
        "One person can have one place in all on tours and party, in the queue or not. This would be more.",
        "One person can have %(num)s places in all on tours and party, in the queue or not. This would be more.",
        refusal.limit,
    )


def _clashes(_refusal: refusals.Clashes) -> str:
    return gettext(
        "There are already places with this address at a time that cannot be kept beside this one. "
        "At this event one person cannot have both, so nothing was booked."
    )


def _too_large(refusal: refusals.TooLarge) -> str:
    return ngettext("You can book one place at a time.", "You can book at most %(num)s places.", refusal.limit)


def _adult_missing(_refusal: refusals.AdultMissing) -> str:
    return gettext("Children come with at least one adult. Write how many adults come.")


def _not_open_yet(refusal: refusals.NotOpenYet) -> str:
    return gettext("Booking opens on %(moment)s.", moment=filters.moment(refusal.opens_at))


def _not_your_turn(_refusal: refusals.NotYourTurn) -> str:
    return gettext("Very many people want to book right now, so there is a line. Nothing was booked.")


def _link_needed(_refusal: refusals.LinkNeeded) -> str:
    return gettext(
        "Very many people want to book right now. Open your booking with the link in our mail, "
        "then you can choose this time."
    )


def _closed(_refusal: refusals.Closed) -> str:
    return gettext("Booking is closed.")


def _slot_cancelled(_refusal: refusals.SlotCancelled) -> str:
    return gettext("This time is cancelled.")


def _no_booking_needed(_refusal: refusals.NoBookingNeeded) -> str:
    return gettext("You need no booking here. Just come.")


def _in_draw(_refusal: refusals.InDraw) -> str:
    return gettext("The places here are drawn by lot. Nobody can book them; you can enter the draw.")


def _draw_under_way(_refusal: refusals.DrawUnderWay) -> str:
    return gettext(
        "Entries to the draw have closed and the lots are not drawn yet. Until then no places can be taken out."
    )


def _draw_still_open(refusal: refusals.DrawStillOpen) -> str:
    return gettext("The draw takes entries until %(moment)s.", moment=filters.moment(refusal.closes_at))


def _already_drawn(_refusal: refusals.AlreadyDrawn) -> str:
    return gettext("The lots are drawn already, with another value. A draw is made once.")


def _taken(_refusal: refusals.Taken) -> str:
    return gettext("Somebody has booked or entered already, so how the places are given out stays as it was announced.")


def _value_missing(_refusal: refusals.ValueMissing) -> str:
    return gettext("Write the public value, at most 200 characters.")


def _proof_worthless(_refusal: refusals.ProofWorthless) -> str:
    return gettext("The check of your browser was too old or had been used. Nothing was booked.")


def _to_confirm_first(_refusal: refusals.ToConfirmFirst) -> str:
    return gettext("You have a booking that waits for you to confirm it. Do that first, from our mail.")


def _not_confirmed(_refusal: refusals.NotConfirmed) -> str:
    return gettext("First confirm the booking. Open the link in our mail, and press the button there.")


def _key_taken(_refusal: refusals.KeyTaken) -> str:
    return gettext("This form has been sent before. If you mean to send something new, send it once more.")


def _not_active(_refusal: refusals.NotActive) -> str:
    return gettext("This booking is no longer valid, so nothing was changed.")


def _offer_lapsed(_refusal: refusals.OfferLapsed) -> str:
    return gettext("The time to answer has run out. The place went to the next in line.")


def _no_more_time(_refusal: refusals.NoMoreTime) -> str:
    return gettext("There is no more time to give before the start. The offer stands until the time you see here.")


def _holds_no_places(_refusal: refusals.HoldsNoPlaces) -> str:
    return gettext("You can ask for another time and keep your places once you have places.")


def _needs_unmet(_refusal: refusals.NeedsUnmet) -> str:
    return gettext("Just now that time does not have what we have promised you. Look at what it has.")


def _no_aid_left(refusal: refusals.NoAidLeft) -> str:
    if refusal.left:
        return ngettext(
            "Only %(num)s more is left. You keep what you have been promised.",
            "Only %(num)s more are left. You keep what you have been promised.",
            refusal.left,
        )
    return gettext("There is no more of it now. You keep what you have been promised.")


def _changed_meanwhile(_refusal: refusals.ChangedMeanwhile) -> str:
    return gettext("It has changed since you opened the page, so nothing was changed now. This is how it stands.")


def _not_permitted(_refusal: refusals.NotPermitted) -> str:
    return gettext("You may not do this.")


def _already_in_register(refusal: refusals.AlreadyInRegister) -> str:
    if refusal.slug is not None:
        return gettext("It is in the register already. Write to us if something there has to change.")
    return gettext(
        "Somebody has signed for it already, and our staff are checking that. Write to us if you have questions."
    )


def _too_many_unconfirmed(_refusal: refusals.TooManyUnconfirmed) -> str:
    return gettext("Several forms with this e-mail address wait to be confirmed. Open the link in our mail first.")


def _not_yet_verified(_refusal: refusals.NotYetVerified) -> str:
    return gettext("Two people must have checked the signing before it is published.")


def _same_address(_refusal: refusals.SameAddress) -> str:
    return gettext("We write to this address already. Write the new one.")


def _counts_in_draw(_refusal: refusals.CountsInDraw) -> str:
    return gettext("An entry in the draw counts for its e-mail address. You can change it when the lots are drawn.")


def _link_over(_refusal: refusals.LinkOver) -> str:
    return gettext("The link has been used already, or its time has passed.")


def _too_many_tries(refusal: refusals.TooManyTries) -> str:
    return ngettext(
        "There have been very many tries from your network or with this address, so nothing was stored. "
        "Send the form again in one minute.",
        "There have been very many tries from your network or with this address, so nothing was stored. "
        "Send the form again in %(num)s minutes.",
        ceil(refusal.seconds / 60),
    )


def _too_many_reports(_refusal: refusals.TooManyReports) -> str:
    return gettext("Very many reports came in just now. Try again in an hour, or call us.")


TABLE: Final[dict[type[refusals.Refusal], tuple[int, Outcome, Callable[[Any], str]]]] = {
    refusals.NoRoom: (409, Outcome.FULL, _no_room),
    refusals.LargerThanSlot: (409, Outcome.FULL, _larger_than_slot),
    refusals.TooManyPlaces: (409, Outcome.REFUSED, _too_many_places),
    refusals.Clashes: (409, Outcome.REFUSED, _clashes),
    refusals.TooLarge: (422, Outcome.REFUSED, _too_large),
    refusals.AdultMissing: (422, Outcome.REFUSED, _adult_missing),
    refusals.NotOpenYet: (409, Outcome.CLOSED, _not_open_yet),
    refusals.NotYourTurn: (409, Outcome.REFUSED, _not_your_turn),
    refusals.LinkNeeded: (409, Outcome.REFUSED, _link_needed),
    refusals.Closed: (409, Outcome.CLOSED, _closed),
    refusals.SlotCancelled: (409, Outcome.CLOSED, _slot_cancelled),
    refusals.NoBookingNeeded: (409, Outcome.REFUSED, _no_booking_needed),
    refusals.InDraw: (409, Outcome.REFUSED, _in_draw),
    refusals.DrawUnderWay: (409, Outcome.REFUSED, _draw_under_way),
    refusals.DrawStillOpen: (409, Outcome.CLOSED, _draw_still_open),
    refusals.AlreadyDrawn: (409, Outcome.REFUSED, _already_drawn),
    refusals.Taken: (409, Outcome.REFUSED, _taken),
    refusals.ValueMissing: (422, Outcome.REFUSED, _value_missing),
    refusals.ProofWorthless: (422, Outcome.REFUSED, _proof_worthless),
    refusals.ToConfirmFirst: (409, Outcome.REFUSED, _to_confirm_first),
    refusals.NotConfirmed: (409, Outcome.REFUSED, _not_confirmed),
    refusals.KeyTaken: (409, Outcome.REFUSED, _key_taken),
    refusals.NotActive: (409, Outcome.REFUSED, _not_active),
    refusals.OfferLapsed: (409, Outcome.REFUSED, _offer_lapsed),
    refusals.NoMoreTime: (409, Outcome.REFUSED, _no_more_time),
    refusals.HoldsNoPlaces: (409, Outcome.REFUSED, _holds_no_places),
    refusals.NeedsUnmet: (409, Outcome.REFUSED, _needs_unmet),
    refusals.NoAidLeft: (409, Outcome.REFUSED, _no_aid_left),
    refusals.ChangedMeanwhile: (409, Outcome.REFUSED, _changed_meanwhile),
    refusals.AlreadyInRegister: (409, Outcome.REFUSED, _already_in_register),
    refusals.TooManyUnconfirmed: (429, Outcome.REFUSED, _too_many_unconfirmed),
    refusals.NotYetVerified: (409, Outcome.REFUSED, _not_yet_verified),
    refusals.SameAddress: (422, Outcome.REFUSED, _same_address),
    refusals.CountsInDraw: (409, Outcome.REFUSED, _counts_in_draw),
    refusals.LinkOver: (410, Outcome.REFUSED, _link_over),
    refusals.TooManyTries: (429, Outcome.REFUSED, _too_many_tries),
    refusals.TooManyReports: (429, Outcome.REFUSED, _too_many_reports),
    refusals.NotPermitted: (403, Outcome.REFUSED, _not_permitted),
}
