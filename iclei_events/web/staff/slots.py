"""The capacity board: every slot of an event, and how one is made larger or smaller."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import ActivityKind, Slot
from iclei_events.services import capacity, capacity_board, need_traces, need_words, refusals, slot_log, slots, waiting
from iclei_events.services.board_rows import Standing
from iclei_events.web.filters import clock_time, tr
from iclei_events.web.forms import Form
from iclei_events.web.staff.access import by_staff, may, staff_may
from iclei_events.web.staff.fields import PlacesField

blueprint = Blueprint("slots", __name__, url_prefix="/<event_slug>/slots")
Answer = Response | str | tuple[str, int]


class CapacityForm(Form):
    capacity = PlacesField(label=lazy_gettext("Places"), missing=lazy_gettext("Write how many places there are."))
    seen = PlacesField(missing=lazy_gettext("Write how many places there are."))


@blueprint.get("")
@staff_may("viewer")
def board() -> Answer:
    return _show_board()


@blueprint.get("/<slot_slug>/capacity")
@staff_may("organiser")
def plan(slot_slug: str) -> Answer:
    """The board with one slot open: what a new capacity would do, without doing it."""
    slot = slot_of_event_or_404(slot_slug)
    wished = request.args.get("capacity")
    form = CapacityForm(formdata=None, capacity=slot.capacity, seen=slot.capacity)
    if wished is not None:
        form.capacity.process_formdata([wished])
        form.capacity.validate(form)
        form.capacity.errors = [*form.capacity.errors, *_too_large(form)]
    return _show_board(slot, form)


@blueprint.post("/<slot_slug>/capacity")
@staff_may("organiser")
def change(slot_slug: str) -> Answer:
    """Save the new capacity; sent with the button ``look`` it is only looked at."""
    slot = slot_of_event_or_404(slot_slug)
    form = CapacityForm()
    valid = form.validate()
    form.capacity.errors = [*form.capacity.errors, *_too_large(form)]
    if not valid or form.capacity.errors:
        return _show_board(slot, form), 422
    if "look" in request.form:
        return _show_board(slot, form)
    try:
        capacity.set_capacity(slot.id, form.capacity.data, seen=form.seen.data, by=by_staff())
    except refusals.ChangedMeanwhile as changed:
        slot = slot_of_event_or_404(slot_slug)
        form.seen.process_data(changed.current)
        return _show_board(slot, form, changed=changed.current), 409
    flash(gettext("%(slot)s now has %(n)s places.", slot=_name(slot), n=form.capacity.data))
    return redirect(url_for(".board", **_narrowed(), _anchor=slot.slug), code=303)


@blueprint.get("/<slot_slug>/log")
@staff_may("organiser")
def log(slot_slug: str) -> Answer:
    """What was decided. Whoever does not meet the party is not told which of it was about needs."""
    slot = slot_of_event_or_404(slot_slug)
    return render_template(
        "staff/slots/log.html",
        slot=slot,
        lines=slot_log.latest(slot),
        aid_names=need_words.NAMES,
        untold=() if may("door") else need_traces.VERBS,
    )


def slot_of_event_or_404(slug: str) -> Slot:
    """The slot, if it is one of the event of the address."""
    slot = slots.find(slug)
    if slot is None or slot.activity.event_id != g.event.id:
        abort(404)
    return slot


def _show_board(slot: Slot | None = None, form: CapacityForm | None = None, **more: Any) -> str:
    day, kind, standing = _day(), _kind(), _standing()
    effect = None
    if slot is not None and form is not None and not form.capacity.errors:
        effect = capacity.plan_capacity(slot, form.capacity.data)
    now = clock.now()
    return render_template(
        "staff/slots/board.html",
        board=capacity_board.board(
            g.event, day=day, kind=kind, standing=standing, with_slot=slot.id if slot is not None else None
        ),
        day=day,
        kind=kind,
        standing=standing,
        narrowed=_narrowed(),
        now=now,
        open_slot=slot,
        form=form,
        effect=effect,
        offer_until=waiting.offer_until(now, slot.starts_at) if slot is not None else None,
        **more,
    )


def _too_large(form: CapacityForm) -> list[str]:
    limit = capacity.LARGEST_CAPACITY
    if form.capacity.data is None or form.capacity.data <= limit:
        return []
    return [gettext("A slot has at most %(limit)s places.", limit=limit)]


def _name(slot: Slot) -> str:
    return f"{tr(slot.activity.title)} {clock_time(slot.starts_at)}"


def _day() -> date | None:
    """The day asked for, if it is written as one."""
    try:
        return datetime.strptime(request.args.get("day", ""), "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def _kind() -> ActivityKind | None:
    wished = request.args.get("kind", "")
    return ActivityKind(wished) if wished in set(ActivityKind) else None


def _standing() -> Standing | None:
    wished = request.args.get("show", "")
    return Standing(wished) if wished in set(Standing) else None


def _narrowed() -> dict[str, Any]:
    """The filters in force, for the board's own links."""
    day, kind, standing = _day(), _kind(), _standing()
    wished = {"day": day and day.isoformat(), "kind": kind and kind.value, "show": standing and standing.value}
    return {name: value for name, value in wished.items() if value}
