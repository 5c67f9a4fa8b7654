"""The waiting rooms of an event's openings: how their lines stand, pausing them, and how many come in a second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from iclei_events import clock
from iclei_events.models import ProofRule
from iclei_events.models.waiting_room import PER_SECOND
from iclei_events.services import draws, openings, waiting_room_log, waiting_rooms
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


class ProofForm(Form):
    proof = RadioField(
        label=lazy_gettext("Check that it is a person"),
        choices=[
            SelectChoice(ProofRule.NEVER.value, lazy_gettext("Never")),
            SelectChoice(ProofRule.UNDER_PRESSURE.value, lazy_gettext("Under high pressure")),
            SelectChoice(ProofRule.ALWAYS.value, lazy_gettext("Always")),
        ],
    )


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


@blueprint.post(OPENING + "/proof")
@staff_may("organiser")
def set_proof(opening: int) -> Answer:
    found = _opening_or_404(opening)
    form = _proof_form(ProofForm(), found)
    if not form.validate():
        form.proof.errors = [gettext("Choose when to check.")]
        return _show(proofs={found.opens_at: form}), 422
    waiting_rooms.set_proof(g.event.id, found.opens_at, ProofRule(form.proof.data), by=by_staff())
    return _done(SAID[ProofRule(form.proof.data)])


SAID: Final = {
    ProofRule.NEVER: lazy_gettext("From now on no browser is checked."),
    ProofRule.UNDER_PRESSURE: lazy_gettext("From now on browsers are checked under high pressure."),
    ProofRule.ALWAYS: lazy_gettext("From now on every browser that books is checked."),
}


def _opening_or_404(opening: int) -> Opening:
    """The opening of the address, if it is one of the event's that staff may still have to do with."""
    opens_at = datetime.fromtimestamp(opening, UTC)
    found = (one for one in openings.of_event(g.event, clock.now()) if one.opens_at == opens_at)
    return next(found, None) or abort(404)


def _done(message: str | LazyString) -> Response:
    turnstile.forget()
    flash(str(message))
    return redirect(url_for(".index"), code=303)


def _show(rates: dict[datetime, RateForm] | None = None, proofs: dict[datetime, ProofForm] | None = None) -> str:
    found = openings.of_event(g.event, clock.now())
    rate_forms = {one.opens_at: _rate_form(one) for one in found} | (rates or {})
    proof_forms = {one.opens_at: _proof_form(ProofForm(formdata=None, proof=one.proof.value), one) for one in found} | (
        proofs or {}
    )
    wrong = next((form for form in (*rate_forms.values(), *proof_forms.values()) if form.errors), None)
    return render_template(
        "staff/waiting_rooms/index.html",
        openings=found,
        draws=draws.of_event(g.event),
        forms=rate_forms,
        proof_forms=proof_forms,
        wrong=wrong,
        lines=waiting_room_log.latest(g.event),
        now=clock.now(),
    )


def _proof_form(form: ProofForm, opening: Opening) -> ProofForm:
    """As ``_apart``."""
    form.proof.id = f"proof-{int(opening.opens_at.timestamp())}"
    return form


def _rate_form(opening: Opening) -> RateForm:
    per_second = opening.line.per_second if opening.line else PER_SECOND
    return _apart(RateForm(formdata=None, per_second=per_second), opening)


def _apart(form: RateForm, opening: Opening) -> RateForm:
    """The form with an id of its own, since the page holds one for each opening."""
    form.per_second.id = f"per-second-{int(opening.opens_at.timestamp())}"
    return form
