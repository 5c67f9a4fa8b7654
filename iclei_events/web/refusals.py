"""What each refusal says to people: one table from why to status, outcome and sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


def _too_large(refusal: refusals.TooLarge) -> str:
    return ngettext("You can book one place at a time.", "You can book at most %(num)s places.", refusal.limit)


def _adult_missing(_refusal: refusals.AdultMissing) -> str:
    return gettext("Children come with at least one adult. Write how many adults come.")


def _not_open_yet(refusal: refusals.NotOpenYet) -> str:
    return gettext("Booking opens on %(moment)s.", moment=filters.moment(refusal.opens_at))


def _closed(_refusal: refusals.Closed) -> str:
    return gettext("Booking is closed.")


def _slot_cancelled(_refusal: refusals.SlotCancelled) -> str:
    return gettext("This time is cancelled.")


def _no_booking_needed(_refusal: refusals.NoBookingNeeded) -> str:
    return gettext("You need no booking here. Just come.")


def _key_taken(_refusal: refusals.KeyTaken) -> str:
    return gettext("This form has been sent before. Send it once more if you want one more booking.")


def _not_active(_refusal: refusals.NotActive) -> str:
    return gettext("This booking is no longer valid, so nothing was changed.")


def _offer_lapsed(_refusal: refusals.OfferLapsed) -> str:
    return gettext("The time to answer has run out. The place went to the next in line.")


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


def _too_many_reports(_refusal: refusals.TooManyReports) -> str:
    return gettext("Very many reports came in just now. Try again in an hour, or call us.")


TABLE: Final[dict[type[refusals.Refusal], tuple[int, Outcome, Callable[[Any], str]]]] = {
    refusals.NoRoom: (409, Outcome.FULL, _no_room),
    refusals.TooLarge: (422, Outcome.REFUSED, _too_large),
    refusals.AdultMissing: (422, Outcome.REFUSED, _adult_missing),
    refusals.NotOpenYet: (409, Outcome.CLOSED, _not_open_yet),
    refusals.Closed: (409, Outcome.CLOSED, _closed),
    refusals.SlotCancelled: (409, Outcome.CLOSED, _slot_cancelled),
    refusals.NoBookingNeeded: (409, Outcome.REFUSED, _no_booking_needed),
    refusals.KeyTaken: (409, Outcome.REFUSED, _key_taken),
    refusals.NotActive: (409, Outcome.REFUSED, _not_active),
    refusals.OfferLapsed: (409, Outcome.REFUSED, _offer_lapsed),
    refusals.ChangedMeanwhile: (409, Outcome.REFUSED, _changed_meanwhile),
    refusals.AlreadyInRegister: (409, Outcome.REFUSED, _already_in_register),
    refusals.TooManyUnconfirmed: (429, Outcome.REFUSED, _too_many_unconfirmed),
    refusals.NotYetVerified: (409, Outcome.REFUSED, _not_yet_verified),
    refusals.TooManyReports: (429, Outcome.REFUSED, _too_many_reports),
    refusals.NotPermitted: (403, Outcome.REFUSED, _not_permitted),
}
