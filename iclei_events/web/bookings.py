"""A booking's own page, and what its party can change there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms.widgets import HiddenInput

from iclei_events import clock
from iclei_events.models import Booking, BookingStatus
from iclei_events.services import address_changes, aids, changes, confirming, moving, own_entries, slots
from iclei_events.services.refusals import AdultMissing, NoRoom, NotConfirmed, Refusal, TooLarge, TooManyPlaces
from iclei_events.web import access, limits, own_clashes, refusals
from iclei_events.web.draws import page_with
from iclei_events.web.forms import CountField, Form
from iclei_events.web.languages import PREFIX
from iclei_events.web.line_forms import LeastForm, WhoComesForm
from iclei_events.web.line_forms import shown as line_shown
from iclei_events.web.need_fields import NeedsForm
from iclei_events.web.party_forms import AddressForm, ContactForm, PartyForm, names_form
from iclei_events.web.ticket_codes import code_picture

blueprint = Blueprint("bookings", __name__, url_prefix=PREFIX)

ABOUT_THE_PARTY: Final = TooLarge, AdultMissing, TooManyPlaces, NoRoom
"""What is wrong with the number itself, and is told beside it."""


TO_CONFIRM: Final = "to_confirm"
"""How a booking stands that was made without proof, as long as it can be confirmed."""


class PlaceForm(Form):
    number = CountField(missing=lazy_gettext("The form was too old. Send it again."), widget=HiddenInput())


@blueprint.get("/bookings/<reference>")
def show(reference: str) -> Response:
    if "key" in request.args:
        access.unlock_or_404(reference, request.args["key"])
        if "to" in request.args:  # a mail names another time that the party may change to
            return redirect(url_for("bookings.move", reference=reference, to=request.args["to"]), 303)
        return redirect(url_for("bookings.show", reference=reference), 303)
    own = access.own_booking_or_404(reference)
    limits.check_opened(reference)
    return page(own)


@blueprint.post("/bookings/<reference>/party")
def change_party(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = PartyForm()
    if form.validate() and not form.party.size:
        form.adults.errors = [str(form.adults.missing)]
    if form.errors:
        return page(own, 422, party_form=form)
    try:
        changes.change_size(reference, form.party, seen=form.seen.data)
    except Refusal as refusal:
        own = access.own_booking_or_404(reference)
        form.seen.process_data(own.sequence)
        if not isinstance(refusal, ABOUT_THE_PARTY):
            return refused(own, refusal, party_form=form)
        reply = refusals.reply(refusal)
        form.adults.errors = [reply.sentence]
        return page(own, reply.status, party_form=form)
    return redirect(url_for("bookings.show", reference=reference), 303)


@blueprint.post("/bookings/<reference>/give-back")
def give_back(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = PlaceForm()
    if not form.validate() or form.number.data not in {place.number for place in own.places}:
        return page(own, 422, notice=str(form.number.missing))
    said = gettext("You have given back one place. Somebody else can have it now.")
    return act(own, lambda: changes.give_back(reference, form.number.data), said)


@blueprint.post("/bookings/<reference>/accept")
def accept(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return act(own, lambda: changes.accept_offer(reference))


@blueprint.post("/bookings/<reference>/confirm")
def confirm(reference: str) -> Response:
    """Confirm a booking that was made without proof: for whoever came by its mail, as nobody else can."""
    own = access.own_booking_or_404(reference)
    if reference not in access.came_by_mail():
        return refused(own, NotConfirmed())
    return act(own, lambda: confirming.confirm(reference))


@blueprint.post("/bookings/<reference>/cancel")
def cancel(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return act(own, lambda: changes.cancel(reference))


def act(own: Booking, verb: Callable[[], None], said: str | None = None) -> Response:
    """Run a verb; then the booking's page with what is ``said``, or with why nothing was changed."""
    reference = own.reference
    try:
        verb()
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal)
    if said is not None:
        flash(said)
    return redirect(url_for("bookings.show", reference=reference), 303)


def refused(own: Booking, refusal: Refusal, **forms: FlaskForm) -> Response:
    """The booking's page as it stands now, with why nothing was changed."""
    reply = refusals.reply(refusal)
    return page(own, reply.status, reply.sentence, **forms)


def page(
    own: Booking, status: int = 200, notice: str | None = None, *, line_at: str | None = None, **forms: FlaskForm
) -> Response:
    """The booking's page; ``forms`` are those that were sent, by the names that the page has for them.

    ``line_at``: the slot in whose line the party has to stand before it can ask for that time.
    """
    g.event, g.shown_as = own.slot.activity.event, "bookings.show"
    now = clock.now()
    state = standing(own, now)
    shown = {
        "party_form": PartyForm.of(own),
        "contact_form": ContactForm.of(own),
        "address_form": AddressForm.empty(),
        "names_form": names_form(own),
        "least_form": LeastForm.of(own),
        "who_form": WhoComesForm.of(own),
        "needs_form": NeedsForm.of(own),
        **forms,
    }
    times = slots.departures(own.slot)
    free = [slot for slot in times if slot.takes_bookings(now) and slot.left and slot != own.slot]
    shown["address_change"] = address_changes.open_for(own)
    shown |= {"own_entry": entry, "draw_page": page_with(entry)} if (entry := own_entries.of_booking(own)) else {}
    body = render_template(
        "bookings/show.html", booking=own, slot=own.slot, activity=own.slot.activity, state=state, free=free, now=now,
        notice=notice, line_at=line_at, picture=code_picture(own), aids=aids.of_slot(own.slot_id),
        **line_shown(own, state, times, now), **own_clashes.shown(own, times, now),
        by_mail=own.reference in access.came_by_mail(), can_move=_can_move(own, now),
        wrong_form=next((form for form in forms.values() if form.errors), None), **shown,
    )  # fmt: skip
    return make_response(body, status)


def _can_move(own: Booking, now: datetime) -> bool:
    may = own.status in moving.MOVABLE and own.confirm_by is None and now < own.slot.ends_at
    return may and moving.has_other_times(own)


def standing(own: Booking, now: datetime) -> str:
    """How a booking stands for its reader: its status, unless the time or the slot itself has overtaken it."""
    if own.slot.cancelled_at is not None and own.is_active:
        return "slot_cancelled"
    if now >= own.slot.ends_at and own.is_active:
        return "over"
    if own.status is BookingStatus.OFFERED and own.offer_until is not None and own.offer_until <= now:
        return BookingStatus.LAPSED.value
    if own.confirm_by is not None and own.is_active:
        return BookingStatus.LAPSED.value if own.confirm_by <= now else TO_CONFIRM
    return own.status.value
