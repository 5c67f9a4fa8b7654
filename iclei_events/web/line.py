"""What a party decides on its booking's page while it waits, has an offer, or would rather have another time."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms.widgets import HiddenInput

from iclei_events.models import Booking, BookingStatus
from iclei_events.services import changes, offers, queueing, swaps
from iclei_events.services.refusals import AdultMissing, ChangedMeanwhile, NoRoom, NotActive, NotYourTurn, Refusal
from iclei_events.web import access, gate, refusals
from iclei_events.web.bookings import act, blueprint, page, refused
from iclei_events.web.forms import Form, LineField
from iclei_events.web.line_forms import LeastForm, WhoComesForm, check_least
from iclei_events.web.moving import name_of

LONGEST_SLUG = 80


class TimeForm(Form):
    """Which other time is asked for."""

    slot = LineField(
        longest=LONGEST_SLUG, missing=lazy_gettext("The form was too old. Send it again."), widget=HiddenInput()
    )


@blueprint.post("/bookings/<reference>/leave")
def leave(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return act(own, lambda: queueing.leave(reference))


@blueprint.post("/bookings/<reference>/least")
def set_least_size(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = LeastForm()
    form.validate()
    check_least(form.least, own.size)
    if form.errors:
        return _mistaken(own, BookingStatus.WAITING, least_form=form)
    return act(own, lambda: queueing.set_least_size(reference, form.least.data), gettext("Saved."))


@blueprint.post("/bookings/<reference>/more-time")
def prolong(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return act(own, lambda: offers.prolong(reference))


@blueprint.post("/bookings/<reference>/accept-some")
def accept_some(reference: str) -> Response:
    """Accept an offer of places for a part of the party, with who of it comes."""
    own = access.own_booking_or_404(reference)
    form = WhoComesForm()
    if form.validate() and not form.party.size:
        form.coming_adults.errors = [str(form.coming_adults.missing)]
    if form.errors:
        return _mistaken(own, BookingStatus.OFFERED, who_form=form)
    try:
        changes.accept_offer(reference, party=form.party, seen=form.seen.data)
    except (AdultMissing, NoRoom) as refusal:
        form.coming_adults.errors = [refusals.reply(refusal).sentence]
        return page(own, 422, who_form=form)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal)
    return redirect(url_for("bookings.show", reference=reference), 303)


def _mistaken(own: Booking, asked_while: BookingStatus, **forms: Form) -> Response:
    """The page with what is wrong in a form; where the booking has moved on and the form is gone, with that instead."""
    if own.status is asked_while:
        return page(own, 422, **forms)
    return refused(own, ChangedMeanwhile(own.status) if own.is_active else NotActive())


@blueprint.post("/bookings/<reference>/wishes")
def ask(reference: str) -> Response:
    """Ask for another time and keep the places until it can be had."""
    own = access.own_booking_or_404(reference)
    form = TimeForm()
    if not form.validate():
        return page(own, 422, notice=next(iter(form.errors.values()))[0])
    old, held = name_of(own.slot), own.slot_id
    try:
        gate.check(own, form.slot.data)
        swaps.ask(reference, form.slot.data)
    except NotYourTurn as refusal:
        reply = refusals.reply(refusal)
        return page(own, reply.status, reply.sentence, line_at=form.slot.data)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal)
    own = access.own_booking_or_404(reference)
    if own.slot_id != held:
        flash(gettext("Done. You have changed from %(old)s to %(new)s.", old=old, new=name_of(own.slot)))
    return redirect(url_for("bookings.show", reference=reference, _anchor="other-time"), 303)


@blueprint.post("/bookings/<reference>/wishes/withdraw")
def withdraw(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = TimeForm()
    if not form.validate():
        return page(own, 422, notice=next(iter(form.errors.values()))[0])
    said = gettext("You no longer ask for that time. You keep your place.")
    return act(own, lambda: swaps.withdraw(reference, form.slot.data), said)
