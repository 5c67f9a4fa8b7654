"""Which columns hold personal data, why, and until when: the notice is written from this table, the purge obeys it.

A test holds the table against the models: a new table or text column that is not named here fails.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from iclei_events.models.address_change import OPEN_FOR
from iclei_events.models.event import RETENTION
from iclei_events.services.signing import UNCONFIRMED_FOR

MAIL_KEPT: Final = timedelta(days=31)
DECLINED_KEPT: Final = timedelta(days=31)
UNPUBLISHED_KEPT: Final = timedelta(days=365)
SIGN_INS_KEPT: Final = timedelta(days=31)
ACCOUNT_KEPT: Final = timedelta(days=365)
LOG_KEPT: Final = timedelta(days=2 * 365)


class Until(enum.StrEnum):
    """When personal data go. All but the last two have a step in ``services.retention``."""

    DAY_AFTER_SLOT = "day_after_slot"
    AFTER_EVENT = "after_event"
    AFTER_MAIL = "after_mail"
    UNCONFIRMED = "unconfirmed"
    ADDRESS_UNCONFIRMED = "address_unconfirmed"
    DECLINED = "declined"
    UNPUBLISHED = "unpublished"
    SIGNED_OUT = "signed_out"
    ACCOUNT_CLOSED = "account_closed"
    LOG_GROWN_OLD = "log_grown_old"
    IN_REGISTER = "in_register"
    ARCHIVED = "archived"


KEPT: Final = frozenset({Until.IN_REGISTER, Until.ARCHIVED})
"""What is not erased by the clock, since it is a public record to keep."""

UNTIL_TEXTS: Final[dict[Until, LazyString]] = {
    Until.DAY_AFTER_SLOT: _l("The day after the tour or session"),
    Until.AFTER_EVENT: _l("%(days)s days after the last day of the event", days=RETENTION.days),
    Until.AFTER_MAIL: _l("%(days)s days after the e-mail was sent", days=MAIL_KEPT.days),
    Until.UNCONFIRMED: _l("If nobody confirms: %(days)s days after the form was sent", days=UNCONFIRMED_FOR.days),
    Until.ADDRESS_UNCONFIRMED: _l(
        "If nobody confirms: %(hours)s hours after you asked", hours=int(OPEN_FOR.total_seconds() // 3600)
    ),
    Until.DECLINED: _l("If the signing is declined: %(days)s days after that", days=DECLINED_KEPT.days),
    Until.UNPUBLISHED: _l("If the signing is never published: one year after it was confirmed"),
    Until.SIGNED_OUT: _l("%(days)s days after the last use", days=SIGN_INS_KEPT.days),
    Until.ACCOUNT_CLOSED: _l("One year after the account is closed"),
    Until.LOG_GROWN_OLD: _l("Two years after the decision"),
    Until.IN_REGISTER: _l("As long as the signing stands in the register"),
    Until.ARCHIVED: _l("Never: it belongs to the city’s archive"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Columns of one table that are kept for one purpose and go at the same time."""

    table: str
    columns: tuple[str, ...]
    what: LazyString
    why: LazyString
    until: tuple[Until, ...]


FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "attendee",
        ("name", "email", "email_key", "phone", "comes_along"),
        _l("Name, e-mail and phone number of whoever books"),
        _l("To send the booking and its changes, and to know who comes"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "address_change",
        ("email", "email_key"),
        _l("A new e-mail address for your booking, until you have confirmed it"),
        _l("To ask whoever reads it, before we write there"),
        (Until.ADDRESS_UNCONFIRMED,),
    ),
    Field(
        "place",
        ("name",),
        _l("Names of those who come along, if you give them"),
        _l("So that the guide can tick off who has arrived"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "access_need",
        ("kind", "count", "state", "description", "answer"),
        _l("What you need to take part"),
        _l("So that the guide can prepare the tour. Only that tour’s staff see it"),
        (Until.DAY_AFTER_SLOT,),
    ),
    Field(
        "delegate",
        ("name", "email", "email_key", "organisation", "country"),
        _l("Name, e-mail, organisation and country of delegates"),
        _l("To know who takes part in the congress"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "draw_entry",
        ("person_key", "pseudonym"),
        _l("Which code in a draw is yours"),
        _l("So that each person counts once, and you can find yourself in the public list"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "disclosure",
        ("staff_id",),
        _l("Which of the staff have looked at your booking, and when"),
        _l("So that you can see it, and misuse is found"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "kept_back",
        ("reason",),
        _l("Why places are kept back, which may name a guest"),
        _l("So that staff know whom the places are for"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "calendar_feed",
        ("email_key",),
        _l("The address your private calendar belongs to, if you ask for one"),
        _l("To find your bookings when your calendar asks for them"),
        (Until.AFTER_EVENT,),
    ),
    Field(
        "outbox_mail",
        ("recipient", "context", "last_error"),
        _l("The address an e-mail goes to"),
        _l("To send the e-mail, and to see that it arrived"),
        (Until.AFTER_MAIL, Until.AFTER_EVENT),
    ),
    Field(
        "signatory",
        ("contact_name", "contact_email", "contact_email_key"),
        _l("Name and e-mail of the contact of a city or region that signs"),
        _l("To confirm the signing and to answer questions about it. Never shown in public"),
        (Until.UNCONFIRMED, Until.DECLINED, Until.UNPUBLISHED, Until.IN_REGISTER),
    ),
    Field(
        "signatory",
        ("signer_name", "signer_role", "mandate", "declined_because"),
        _l("Name and office of who signs, and the decision behind it"),
        _l("To check that the city or region has decided to sign"),
        (Until.UNCONFIRMED, Until.DECLINED, Until.UNPUBLISHED, Until.ARCHIVED),
    ),
    Field(
        "speaker",
        ("name", "role", "organisation"),
        _l("Name, office and organisation of speakers"),
        _l("To show the programme"),
        (Until.ARCHIVED,),
    ),
    Field(
        "staff",
        ("email", "email_key", "name", "password_hash", "totp_secret", "recovery_hashes", "invitation_hash"),
        _l("Name, e-mail and sign-in of staff"),
        _l("So that only those who work with the event get in"),
        (Until.ACCOUNT_CLOSED,),
    ),
    Field(
        "sign_in",
        ("token_hash",),
        _l("When staff were signed in"),
        _l("To keep staff signed in, and to see intrusions"),
        (Until.SIGNED_OUT,),
    ),
    Field(
        "log_entry",
        ("staff_id", "details"),
        _l("Which of the staff decided what, and when. No names of those who book"),
        _l("So that decisions can be followed up"),
        (Until.LOG_GROWN_OLD,),
    ),
    Field(
        "log_entry",
        ("verb", "booking_id"),
        _l("That something about what you need was asked for or answered"),
        _l("So that it can be followed up until the tour. Only that tour’s staff see what it is about"),
        (Until.DAY_AFTER_SLOT,),
    ),
    Field(
        "verification",
        ("staff_id",),
        _l("Which of the staff have checked a signing"),
        _l("Two people must have checked it before it is shown"),
        (Until.ARCHIVED,),
    ),
)

ABOUT_NOBODY: Final[dict[str, frozenset[str]]] = {
    "attendee": frozenset(),
    "address_change": frozenset({"salt"}),
    "place": frozenset(),
    "access_need": frozenset(),
    "delegate": frozenset({"language"}),
    "draw_entry": frozenset(),
    "disclosure": frozenset(),
    "kept_back": frozenset(),
    "calendar_feed": frozenset({"reference", "salt"}),
    "outbox_mail": frozenset({"language", "message_id", "once_key"}),
    "signatory": frozenset({
        "reference", "slug", "name", "name_key", "country", "note", "sources", "challenges", "language", "salt",
        "idempotency_key",
    }),
    "speaker": frozenset({"slug", "sources"}),
    "staff": frozenset({"language"}),
    "sign_in": frozenset(),
    "log_entry": frozenset({"actor"}),
    "verification": frozenset(),
}  # fmt: skip
"""Text columns of the tables above that tell of a place, a city or the row itself, and of no person."""

TABLES_ABOUT_NOBODY: Final = frozenset({
    "event", "theme", "venue", "room", "activity", "contribution", "slot", "commitment", "staff_grant", "booking",
    "draw", "draw_wish", "slot_aid", "swap_wish", "travel_time", "used_proof",
    "waiting_room",
})  # fmt: skip
"""Tables without personal data: a booking is a reference and a number of places once its attendee is erased."""
