"""The waiting rooms of an event's openings: how their lines stand, pausing them, and how many come in a second."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models.waiting_room import PER_SECOND
from iclei_events.services import openings, waiting_rooms
from iclei_events.services.openings import Opening
from iclei_events.web import turnstile
from iclei_events.web.forms import Form
from iclei_events.web.staff.access import by_staff, staff_may
from iclei_events.web.staff.fields import PlacesField

blueprint = Blueprint("waiting_rooms", __name__, url_prefix="/<event_slug>/waiting-rooms")
OPENING = "/<int(max=253402300799):opening>"
"""An opening by its moment, in seconds of the epoch."""

Answer = Response | str | tuple[str, int]


class RateForm(Form):
    per_second = PlacesField(label=lazy_gettext("Let in a second"), missing=lazy_gettext("Write how many."))


@blueprint.get("")
@staff_may("organiser")
def index() -> Answer:
    return _show()


@blueprint.post(OPENING + "/pause")
@staff_may("organiser")
def pause(opening: int) -> Answer:
    found = _opening_or_404(opening)
    waiting_rooms.pause(g.event.id, found.opens_at, by=by_staff())
    return _done(gettext("The line is paused. Whoever is in it keeps the place."))


@blueprint.post(OPENING + "/resume")
@staff_may("organiser")
def resume(opening: int) -> Answer:
    found = _opening_or_404(opening)
    waiting_rooms.resume(g.event.id, found.opens_at, by=by_staff())
    return _done(gettext("The line goes on."))


@blueprint.post(OPENING + "/rate")
@staff_may("organiser")
def set_rate(opening: int) -> Answer:
    found = _opening_or_404(opening)
    form = _apart(RateForm(), found)
    if form.validate() and not waiting_rooms.is_rate(form.per_second.data):
        limit = waiting_rooms.MOST_PER_SECOND
        form.per_second.errors = [gettext("Write a number from 1 to %(limit)s.", limit=limit)]
    if form.errors:
        return _show({found.opens_at: form}), 422
    waiting_rooms.set_rate(g.event.id, found.opens_at, form.per_second.data, by=by_staff())
    return _done(gettext("From now on %(n)s are let in each second.", n=form.per_second.data))


def _opening_or_404(opening: int) -> Opening:
    """The opening of the address, if it is one of the event's that staff may still have to do with."""
    opens_at = datetime.fromtimestamp(opening, UTC)
    found = (one for one in openings.of_event(g.event, clock.now()) if one.opens_at == opens_at)
    return next(found, None) or abort(404)


def _done(message: str) -> Response:
    turnstile.forget()
    flash(message)
    return redirect(url_for(".index"), code=303)


def _show(sent: dict[datetime, RateForm] | None = None) -> str:
    found = openings.of_event(g.event, clock.now())
    forms = {one.opens_at: _rate_form(one) for one in found} | (sent or {})
    wrong = next((form for form in forms.values() if form.errors), None)
    page = "staff/waiting_rooms/index.html"
    return render_template(page, openings=found, forms=forms, wrong=wrong, now=clock.now())


def _rate_form(opening: Opening) -> RateForm:
    per_second = opening.line.per_second if opening.line else PER_SECOND
    return _apart(RateForm(formdata=None, per_second=per_second), opening)


def _apart(form: RateForm, opening: Opening) -> RateForm:
    """The form with an id of its own, since the page holds one for each opening."""
    form.per_second.id = f"per-second-{int(opening.opens_at.timestamp())}"
    return form
