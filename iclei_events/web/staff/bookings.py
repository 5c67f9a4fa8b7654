"""The bookings of one slot as its staff see them; booking and cancelling for somebody."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from iclei_events.i18n import LANGUAGES, NAMES
from iclei_events.models import COUNTED, Booking, Disclosed, Draw, Slot, SlotMode
from iclei_events.services import aids, bookings, changes, disclosures, draw_entries, refusals, slot_parties
from iclei_events.services.addresses import email_key
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Answer as Booked
from iclei_events.services.bookings import Outcome
from iclei_events.web.contact_fields import EmailField, PhoneField
from iclei_events.web.forms import CountField, KeyField, NameField, TextField, TickField
from iclei_events.web.languages import current_language
from iclei_events.web.need_fields import LONGEST_NEED, NeedFields, aid_field
from iclei_events.web.security import csrf
from iclei_events.web.staff.access import by_staff, may, signed_in_staff, staff_may
from iclei_events.web.staff.fields import ChoiceField
from iclei_events.web.staff.slots import slot_of_event_or_404
from iclei_events.web.typed_text import one_line

blueprint = Blueprint("bookings", __name__, url_prefix="/<event_slug>")
Answer = Response | str | tuple[str, int]


class BookForm(NeedFields):
    """As the residents' form, but that somebody who calls may have no address, and no consent is asked twice."""

    name = NameField(label=lazy_gettext("Name"), missing=lazy_gettext("Write the name of whoever books."))
    email = EmailField(label=lazy_gettext("E-mail"))
    phone = PhoneField(label=lazy_gettext("Phone"))
    adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."))
    children = CountField(label=lazy_gettext("Children"))
    for_others = TickField(label=lazy_gettext("Books for others and does not come along"))
    wheelchair, hearing_loop, interpreter, companion = map(aid_field, COUNTED)
    access_needs = TextField(label=lazy_gettext("What the party needs to take part"), longest=LONGEST_NEED)
    language = ChoiceField(
        label=lazy_gettext("Language of the mail"),
        choices=[SelectChoice(code, NAMES[code]) for code in LANGUAGES],
        unknown=lazy_gettext("Choose Swedish or English."),
    )
    idempotency_key = KeyField(missing=lazy_gettext("The form was too old. Send it again."))

    @property
    def party(self) -> Party:
        return Party(self.adults.data, self.children.data or 0)

    @property
    def contact(self) -> Contact:
        email, phone, need = self.email.data or "", self.phone.data or None, self.access_needs.data or None
        return Contact(
            self.name.data, email, email_key(email), phone, need, comes_along=not self.for_others.data, aids=self.aids
        )


@blueprint.get("/slots/<slot_slug>/bookings")
@staff_may("viewer")
def index(slot_slug: str) -> Answer:
    """The slot's parties. Whoever only views sees no contacts; needs are for those who meet the party."""
    slot = slot_of_event_or_404(slot_slug)
    words, ended = one_line(request.args.get("q", ""))[:100], request.args.get("show") == "ended"
    slot_id, what = slot.id, disclosed()
    page = render_template(
        "staff/slots/bookings.html",
        slot=slot,
        parties=slot_parties.parties(slot, words=words, ended=ended),
        words=words,
        ended=ended,
        sees_contacts=may("organiser") or may("door"),
        sees_needs=may("door"),
    )
    disclosures.note_list(slot_id, what, staff_id=signed_in_staff().id, ended=ended)
    return page


def disclosed() -> Disclosed:
    """How much the signed-in person sees of a party of the page's event."""
    if may("door"):
        return Disclosed.NEEDS
    return Disclosed.CONTACTS if may("organiser") else Disclosed.NAMES


@blueprint.route("/slots/<slot_slug>/book", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # the form checks the token itself: a dead one keeps what was typed
@staff_may("organiser")
def book(slot_slug: str) -> Answer:
    slot = slot_of_event_or_404(slot_slug)
    if request.method != "POST":
        form = BookForm(
            formdata=None, adults=1, children=0, language=current_language(), idempotency_key=secrets.token_urlsafe(16)
        )
        return _show_form(slot, form)
    form = BookForm()
    if form.validate() and form.party.size:
        form.check_aids(form.party.size)
    if form.errors:
        return _show_form(slot, form), 403 if form.csrf_token.errors else 422
    try:
        if slot.draw is not None and slot.mode is SlotMode.DRAW:
            return _enter(slot, slot.draw, form)
        answer = bookings.book(
            slot, party=form.party, contact=form.contact, language=form.language.data,
            key=form.idempotency_key.data, wait="wait" in request.form, by=by_staff(),
        )  # fmt: skip
    except refusals.Refusal as refused:
        return _refused(slot_slug, form, refused)
    flash(_outcome(answer))
    return redirect(url_for(".index", slot_slug=slot_slug, q=answer.reference), code=303)


def _enter(slot: Slot, draw: Draw, form: BookForm) -> Response:
    """Enter whoever calls in the draw, with this slot as the wish: the same chance by phone."""
    answer = draw_entries.enter(
        draw.id, [slot.slug], party=form.party, contact=form.contact, language=form.language.data,
        key=form.idempotency_key.data, by=by_staff(),
    )  # fmt: skip
    if answer.counts:
        flash(gettext("%(reference)s is in the draw.", reference=answer.reference))
    else:
        flash(gettext("The same person is in the draw already: %(reference)s.", reference=answer.reference))
    return redirect(url_for(".index", slot_slug=slot.slug, q=answer.reference), code=303)


def _outcome(answer: Booked) -> str:
    if answer.outcome is Outcome.WAITING:
        return gettext("%(reference)s is in line.", reference=answer.reference)
    if answer.outcome is Outcome.DUPLICATE:
        return gettext("The form had been sent already: %(reference)s.", reference=answer.reference)
    return gettext("%(reference)s is booked.", reference=answer.reference)


def _refused(slot_slug: str, form: BookForm, refused: refusals.Refusal) -> Answer:
    """The form again with the reason: 422 for what can be mended in it, 409 for what has moved on."""
    slot = slot_of_event_or_404(slot_slug)
    match refused:
        case refusals.TooLarge():
            form.adults.errors = [gettext("A party has 1 to %(limit)s people.", limit=refused.limit)]
            return _show_form(slot, form), 422
        case refusals.AdultMissing():
            form.adults.errors = [gettext("Children come with at least one adult.")]
            return _show_form(slot, form), 422
        case refusals.LargerThanSlot(largest=largest) if largest:
            form.adults.errors = [gettext("There are %(places)s places in all.", places=largest)]
            return _show_form(slot, form), 422
        case refusals.NoRoom():
            return _show_form(slot, form, full=refused), 409
        case refusals.SlotCancelled():
            form.form_errors.append(gettext("The departure is cancelled."))
        case refusals.Closed() | refusals.NotOpenYet() if slot.mode is SlotMode.DRAW:
            form.form_errors.append(gettext("The draw takes no entries now."))
        case refusals.NoBookingNeeded():
            form.form_errors.append(gettext("No booking is needed here."))
        case _:
            form.form_errors.append(gettext("Open the form again: it was used for another booking."))
    return _show_form(slot, form), 409


def _show_form(slot: Slot, form: BookForm, **more: Any) -> str:
    return render_template("staff/slots/book.html", slot=slot, form=form, aids=aids.of_slot(slot.id), **more)


@blueprint.route("/bookings/<reference>/cancel", methods=["GET", "POST"])
@staff_may("organiser")
def cancel(reference: str) -> Answer:
    booking = _booking_of_event_or_404(reference)
    if request.method != "POST":
        return render_template("staff/slots/cancel.html", booking=booking, slot=booking.slot)
    slot_slug, was_active = booking.slot.slug, booking.is_active
    changes.cancel(reference, by=by_staff())
    flash(
        gettext("%(reference)s is cancelled.", reference=reference)
        if was_active
        else gettext("%(reference)s was cancelled already.", reference=reference)
    )
    return redirect(url_for(".index", slot_slug=slot_slug), code=303)


def _booking_of_event_or_404(reference: str) -> Booking:
    booking = bookings.find(reference)
    if booking is None or booking.slot.activity.event_id != g.event.id:
        abort(404)
    return booking
