"""The booking form of a slot."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.db import DatabaseBusyError
from iclei_events.models import COUNTED, SlotMode
from iclei_events.services import aids, bookings, slots
from iclei_events.services.addresses import email_key
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Outcome
from iclei_events.services.refusals import (
    AdultMissing,
    Clashes,
    KeyTaken,
    LargerThanSlot,
    NoRoom,
    NotYourTurn,
    ProofWorthless,
    Refusal,
    ToConfirmFirst,
    TooLarge,
    TooManyPlaces,
    TooManyTries,
)
from iclei_events.services.slots import SlotToBook
from iclei_events.web import (
    access,
    entry_form,
    kept_forms,
    kept_slots,
    limits,
    overload,
    own_limit,
    proofs,
    refusals,
    turnstile,
    waiting_room,
    ways,
)
from iclei_events.web.bookings import blueprint
from iclei_events.web.contact_fields import EmailField, PhoneField
from iclei_events.web.forms import CountField, KeyField, LanguageField, NameField, TickField
from iclei_events.web.languages import current_language
from iclei_events.web.line_forms import LEAST, check_least
from iclei_events.web.need_fields import NeedFields, aid_field, words_field
from iclei_events.web.party_forms import FOR_OTHERS
from iclei_events.web.security import csrf
from iclei_events.web.slot_states import BOOKABLE, own_here, tell

OUTCOME: Final = "X-Booking-Outcome"
REFERENCE: Final = "X-Booking-Reference"
OTHER_TIME: Final = "time"
"""What the button of another time sends as ``show``: what has been typed goes along to that time's form."""


class BookingForm(NeedFields):
    name = NameField(label=lazy_gettext("First name and surname"), missing=lazy_gettext("Write your name."))
    adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."), default=1)
    children = CountField(label=lazy_gettext("Children"), default=0)
    email = EmailField(label=lazy_gettext("E-mail"), missing=lazy_gettext("Write your e-mail address."))
    for_others = TickField(label=FOR_OTHERS)
    phone = PhoneField(label=lazy_gettext("Mobile number"), optional=True)
    wheelchair, hearing_loop, interpreter, companion = map(aid_field, COUNTED)
    access_needs = words_field()
    language = LanguageField(label=lazy_gettext("Language of our mails"))
    wait = TickField(label=lazy_gettext("If it fills up meanwhile: put us in the queue"))
    least = CountField(label=LEAST, optional=True)
    idempotency_key = KeyField(missing=lazy_gettext("The form was too old. Send it again."), default="")

    @property
    def party(self) -> Party:
        return Party(self.adults.data or 0, self.children.data or 0, self.least.data)

    @property
    def contact(self) -> Contact:
        email, phone, need = self.email.data, self.phone.data or None, self.access_needs.data or None
        return Contact(
            self.name.data, email, email_key(email), phone, need, comes_along=not self.for_others.data, aids=self.aids
        )

    def renew_key(self) -> None:
        self.idempotency_key.process_data(secrets.token_urlsafe(16))


@blueprint.route("/slots/<slot_slug>/book", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # the form checks the token itself, so that a dead one keeps what was typed
@overload.light
def book(slot_slug: str) -> Response:
    if request.method != "POST":
        return waiting_room.instead_of_form(slot_slug) or kept_forms.show(
            lambda key, challenge: _open(slot_slug, key, challenge), proofs.challenge_for(slot_slug)
        )
    overload.take_turn()
    form = BookingForm(language=current_language(), wait=True)
    if "way" in request.form:
        ways.choose(request.form["way"])
        return _show(slot_slug, form)
    if "show" in request.form:
        if request.form["show"] != OTHER_TIME:
            form.language.process(None, current_language())
        return _show(slot_slug, form)
    slot = kept_slots.find(slot_slug) or abort(404)
    if slot.mode is SlotMode.DRAW:
        return entry_form.send(slot_slug, BookingForm)
    return _answer(slot, slot_slug, form)


def _open(slot_slug: str, key: str, challenge: str) -> Response:
    form = BookingForm(language=current_language(), wait=True)
    form.idempotency_key.process_data(key)
    return _show(slot_slug, form, challenge=challenge)


def _answer(slot: SlotToBook, slot_slug: str, form: BookingForm) -> Response:
    mistaken = _has_mistakes(form, slot)
    if form.csrf_token.errors and request.form:
        return _show(slot_slug, form, 403)
    if mistaken:
        return _show(slot_slug, form, 422)
    return _send(slot, slot_slug, form)


def _send(slot: SlotToBook, slot_slug: str, form: BookingForm) -> Response:
    if turnstile.must_wait(slot_slug):
        return _show_refusal(slot_slug, form, NotYourTurn())
    contact = form.contact
    try:
        limits.check_form("book", contact.email_key, form.idempotency_key.data)
        human = proofs.shown(slot_slug)
        answer = bookings.book(
            slot,
            party=form.party,
            contact=contact,
            language=form.language.data,
            key=form.idempotency_key.data,
            wait=form.wait.data,
            proof=human.proof,
            unproven=human.unproven,
        )
    except Refusal as refusal:
        return _show_refusal(slot_slug, form, refusal)
    except DatabaseBusyError:
        return _show_busy(slot_slug, form)
    access.remember(answer.reference, answer.salt)
    response = redirect(url_for("bookings.show", reference=answer.reference), 303)
    response.headers[OUTCOME] = answer.outcome.value
    response.headers[REFERENCE] = answer.reference
    return response


def _has_mistakes(form: BookingForm, slot: SlotToBook) -> bool:
    form.validate()
    if form.idempotency_key.errors:
        form.renew_key()
    if not form.adults.errors and not form.children.errors:
        if not form.party.size:
            form.adults.errors = [str(form.adults.missing)]
        else:
            check_least(form.least, form.party.size)
            form.check_aids(form.party.size)
            try:
                bookings.check_party(slot, form.party)
            except (TooLarge, AdultMissing) as refusal:
                form.adults.errors = [refusals.reply(refusal).sentence]
    return bool(form.errors)


def _show_refusal(slot_slug: str, form: BookingForm, refusal: Refusal) -> Response:
    """The form with what was typed, what happened, and what can be done instead."""
    reply = refusals.reply(refusal)
    if isinstance(refusal, KeyTaken):
        form.renew_key()
    if isinstance(refusal, ProofWorthless):
        proofs.note_worthless(slot_slug)
    left = refusal.left if isinstance(refusal, NoRoom) else 0
    can_wait = isinstance(refusal, NoRoom) and not isinstance(refusal, LargerThanSlot) and not form.wait.data
    in_line = isinstance(refusal, NotYourTurn)
    limited = slots.find(slot_slug) if isinstance(refusal, TooManyPlaces) else None
    response = _show(
        slot_slug, form, reply.status, notice=reply.sentence, refusal=refusal, can_wait=can_wait, left=left,
        in_line=in_line, too_large=isinstance(refusal, LargerThanSlot),
        **own_limit.shown(refusal, limited, form.contact, form.party.size),
        refused_clash=isinstance(refusal, Clashes),
        proof_refused=isinstance(refusal, ProofWorthless),
        in_vain=isinstance(refusal, TooManyPlaces | TooManyTries | ProofWorthless | ToConfirmFirst),
    )  # fmt: skip
    response.headers[OUTCOME] = reply.outcome.value
    return response


def _show_busy(slot_slug: str, form: BookingForm) -> Response:
    sentence = gettext("Very many people are booking right now. Nothing was booked. Send the form again in a moment.")
    return _show(slot_slug, form, 503, notice=sentence)


def _show(
    slot_slug: str, form: BookingForm, status: int = 200, *, challenge: str | None = None, **more: Any
) -> Response:
    slot = slots.find(slot_slug) or abort(404)
    if slot.mode is SlotMode.DRAW:
        kept = {"key": form.idempotency_key.data, "language": form.language.data}
        return entry_form.show(slot, BookingForm, **kept, challenge=challenge)
    g.event = slot.activity.event
    state = slot.state(clock.now())
    times, own = slots.departures(slot), own_here()
    states = tell(times, own)
    others = [other for other in times if other.id != slot.id and other.state(clock.now()) in BOOKABLE]
    clashes = own.day.clashes_with(slot)
    page = render_template(
        "bookings/book.html",
        form=form,
        slot=slot,
        activity=slot.activity,
        slot_state=state,
        aids=aids.of_slot(slot.id),
        told=states[slot.id],
        states=states,
        times=times,
        others=others,
        clashes=clashes,
        has_offer=any(kept.is_offer for kept in own.day.times),
        binds=own.day.is_refused(slot.clashes, slot),
        instead=own.day.nearest_that_fits(slot, [other for other in others if other.left]) if clashes else None,
        way=own.day.way if own.day.times else None,
        one_day=len({time.starts_at.astimezone(g.event.zone).date() for time in times}) == 1,
        bookable=state in BOOKABLE,
        room_is_open=turnstile.opening_of(slot_slug) is not None,
        status=status,
        challenge=proofs.challenge_for(slot_slug) if challenge is None else challenge,
        **more,
    )
    return make_response(page, status)


@blueprint.after_request
def say_outcome(response: Response) -> Response:
    """Every answer to a booking form says what became of it, refusals before any decision too."""
    if request.method == "POST" and request.endpoint == "bookings.book":
        response.headers.setdefault(OUTCOME, Outcome.REFUSED.value)
    return response
