"""A booking's own page, and what its party can change there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response
from wtforms.widgets import HiddenInput

from iclei_events import clock
from iclei_events.models import Booking, BookingStatus
from iclei_events.services import changes, my_bookings, slots
from iclei_events.services.booking_rows import Party
from iclei_events.services.refusals import AdultMissing, Refusal, TooLarge
from iclei_events.web import access, refusals
from iclei_events.web.forms import CountField, Form
from iclei_events.web.languages import PREFIX

blueprint = Blueprint("bookings", __name__, url_prefix=PREFIX)


class PartyForm(Form):
    adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."))
    children = CountField(label=lazy_gettext("Children"), default=0)
    seen = CountField(missing=lazy_gettext("The form was too old. Send it again."), widget=HiddenInput())

    @property
    def party(self) -> Party:
        return Party(self.adults.data or 0, self.children.data or 0)


@blueprint.get("/bookings/<reference>")
def show(reference: str) -> Response:
    if "key" in request.args:
        access.unlock_or_404(reference, request.args["key"])
        return redirect(url_for("bookings.show", reference=reference), 303)
    return _show(access.own_booking_or_404(reference))


@blueprint.post("/bookings/<reference>/party")
def change_party(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = PartyForm()
    if form.validate() and not form.party.size:
        form.adults.errors = [str(form.adults.missing)]
    if form.errors:
        return _show(own, 422, form)
    return _act(own, lambda: changes.change_size(reference, form.party, seen=form.seen.data), form)


@blueprint.post("/bookings/<reference>/accept")
def accept(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return _act(own, lambda: changes.accept_offer(reference))


@blueprint.post("/bookings/<reference>/cancel")
def cancel(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return _act(own, lambda: changes.cancel(reference))


def _act(own: Booking, verb: Callable[[], None], form: PartyForm | None = None) -> Response:
    """Run a verb; then the booking's page, or the page as it stands now with why nothing was changed."""
    reference = own.reference
    try:
        verb()
    except Refusal as refusal:
        reply, notice = refusals.reply(refusal), None
        own = access.own_booking_or_404(reference)
        if form is not None:
            form.seen.process_data(own.sequence)
        if form is not None and isinstance(refusal, TooLarge | AdultMissing):
            form.adults.errors = [reply.sentence]
        else:
            notice = reply.sentence
        return _show(own, reply.status, form, notice)
    return redirect(url_for("bookings.show", reference=reference), 303)


def _show(own: Booking, status: int = 200, form: PartyForm | None = None, notice: str | None = None) -> Response:
    g.event, g.shown_as = own.slot.activity.event, "bookings.show"
    now = clock.now()
    state = standing(own, now)
    form = form or PartyForm(formdata=None, adults=own.adults, children=own.children, seen=own.sequence)
    free = [slot for slot in slots.departures(own.slot) if slot.takes_bookings(now) and slot.left and slot != own.slot]
    page = render_template(
        "bookings/show.html", booking=own, slot=own.slot, activity=own.slot.activity, state=state, form=form, free=free,
        now=now, notice=notice, number=my_bookings.place_in_line(own) if state == "waiting" else None,
    )  # fmt: skip
    return make_response(page, status)


def standing(own: Booking, now: datetime) -> str:
    """How a booking stands for its reader: its status, unless the time or the slot itself has overtaken it."""
    if own.slot.cancelled_at is not None and own.is_active:
        return "slot_cancelled"
    if now >= own.slot.ends_at and own.is_active:
        return "over"
    if own.status is BookingStatus.OFFERED and own.offer_until is not None and own.offer_until <= now:
        return BookingStatus.LAPSED.value
    return own.status.value
