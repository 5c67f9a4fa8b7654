"""Moving a slot or calling it off, with its effect shown first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import Slot
from iclei_events.services import calling_off, refusals, rescheduling, venues
from iclei_events.services.rescheduling import WhenAndWhere
from iclei_events.web.filters import clock_time, tr
from iclei_events.web.staff.access import by_staff, staff_may
from iclei_events.web.staff.rescheduling_forms import CallOffForm, MoveForm
from iclei_events.web.staff.slots import slot_of_event_or_404

blueprint = Blueprint("rescheduling", __name__, url_prefix="/<event_slug>/slots/<slot_slug>")
Answer = Response | str | tuple[str, int]


@blueprint.get("/reschedule")
@staff_may("organiser")
def plan(slot_slug: str) -> Answer:
    slot = slot_of_event_or_404(slot_slug)
    return _show_move(slot, MoveForm.of(slot, venues.all_with_rooms()))


@blueprint.post("/reschedule")
@staff_may("organiser")
def move(slot_slug: str) -> Answer:
    """Move the slot; sent with the button ``look`` the move is only looked at."""
    slot = slot_of_event_or_404(slot_slug)
    form = MoveForm.sent(venues.all_with_rooms())
    if not form.validate():
        return _show_move(slot, form), 422
    if "look" in request.form:
        return _show_move(slot, form, to=form.to)
    mails = rescheduling.touched(slot).mails
    try:
        rescheduling.move_slot(slot.id, form.to, seen=form.seen.data, by=by_staff())
    except refusals.ChangedMeanwhile:
        slot = slot_of_event_or_404(slot_slug)
        form.seen.process_data(slot.sequence)
        return _show_move(slot, form, to=form.to, changed=True), 409
    except (refusals.SlotCancelled, refusals.Closed):
        return _show_move(slot_of_event_or_404(slot_slug), form), 409
    flash(_moved(slot_of_event_or_404(slot_slug), mails))
    return redirect(url_for("staff.bookings.index", slot_slug=slot_slug), code=303)


def _moved(slot: Slot, mails: int) -> str:
    if not mails:
        return gettext("%(slot)s has moved.", slot=_name(slot))
    return ngettext(
        "%(slot)s has moved. One mail is sent in two minutes.",
        "%(slot)s has moved. %(num)s mails are sent in two minutes.",
        mails, slot=_name(slot),
    )  # fmt: skip


def _show_move(slot: Slot, form: MoveForm, *, to: WhenAndWhere | None = None, changed: bool = False) -> str:
    return render_template(
        "staff/slots/reschedule.html",
        slot=slot,
        form=form,
        state=_state(slot),
        before=form.words(WhenAndWhere.of(slot)),
        after=form.words(to) if to is not None and to != WhenAndWhere.of(slot) else None,
        looked=to is not None,
        touched=rescheduling.touched(slot),
        seats=form.seats(to) if to is not None else None,
        changed=changed,
    )


@blueprint.get("/call-off")
@staff_may("organiser")
def plan_call_off(slot_slug: str) -> Answer:
    slot = slot_of_event_or_404(slot_slug)
    return _show_call_off(slot, CallOffForm(formdata=None, seen=slot.sequence))


@blueprint.post("/call-off")
@staff_may("organiser")
def call_off(slot_slug: str) -> Answer:
    slot = slot_of_event_or_404(slot_slug)
    form = CallOffForm()
    if not form.validate():
        return _show_call_off(slot, form), 422
    mails = rescheduling.touched(slot).mails
    try:
        calling_off.call_off(slot.id, seen=form.seen.data, by=by_staff(), reason=form.reason)
    except refusals.ChangedMeanwhile:
        slot = slot_of_event_or_404(slot_slug)
        form.seen.process_data(slot.sequence)
        return _show_call_off(slot, form, changed=True), 409
    except refusals.Closed:
        return _show_call_off(slot_of_event_or_404(slot_slug), form), 409
    flash(_called_off(slot_of_event_or_404(slot_slug), mails))
    return redirect(url_for("staff.bookings.index", slot_slug=slot_slug), code=303)


def _called_off(slot: Slot, mails: int) -> str:
    if not mails:
        return gettext("%(slot)s is called off.", slot=_name(slot))
    return ngettext(
        "%(slot)s is called off. One mail is sent.",
        "%(slot)s is called off. %(num)s mails are sent.",
        mails, slot=_name(slot),
    )  # fmt: skip


def _show_call_off(slot: Slot, form: CallOffForm, **more: Any) -> str:
    touched = rescheduling.touched(slot)
    return render_template(
        "staff/slots/call_off.html", slot=slot, form=form, state=_state(slot), touched=touched, **more
    )


def _state(slot: Slot) -> str:
    """Whether there is anything left to change: cancelled, over or open."""
    if slot.cancelled_at is not None:
        return "cancelled"
    return "over" if slot.ends_at <= clock.now() else "open"


def _name(slot: Slot) -> str:
    return f"{tr(slot.activity.title)} {clock_time(slot.starts_at)}"
