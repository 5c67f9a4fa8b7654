"""Draws as their staff see them: set up, filled with slots, drawn once the public value is there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from iclei_events.i18n import Bilingual
from iclei_events.models import Draw, ProofRule, Slot
from iclei_events.services import draw_results, draw_setup, drawing, draws, refusals, waiting_rooms
from iclei_events.web import refusals as sentences
from iclei_events.web import turnstile
from iclei_events.web.draws import state_of
from iclei_events.web.filters import clock_time, day_short, tr
from iclei_events.web.forms import Form, LineField
from iclei_events.web.staff.access import by_staff, staff_may
from iclei_events.web.staff.fields import ChoiceField, MomentField
from iclei_events.web.staff.waiting_rooms import ProofForm

blueprint = Blueprint("draws", __name__, url_prefix="/<event_slug>/draws")
Answer = Response | str | tuple[str, int]

LONGEST_TITLE = 120
LONGEST_SOURCE = 500
LONGEST_VALUE = 200


class DrawForm(Form):
    title_sv = LineField(
        label=lazy_gettext("Name in Swedish"), longest=LONGEST_TITLE, missing=lazy_gettext("Write a name.")
    )
    title_en = LineField(
        label=lazy_gettext("Name in English"), longest=LONGEST_TITLE, missing=lazy_gettext("Write a name.")
    )
    source_sv = LineField(
        label=lazy_gettext("The public value, in Swedish"), longest=LONGEST_SOURCE,
        missing=lazy_gettext("Write which value it is, and where it is published."),
    )  # fmt: skip
    source_en = LineField(
        label=lazy_gettext("The public value, in English"), longest=LONGEST_SOURCE,
        missing=lazy_gettext("Write which value it is, and where it is published."),
    )  # fmt: skip
    opens_at = MomentField(label=lazy_gettext("Entries open"), missing=lazy_gettext("Write when entries open."))
    closes_at = MomentField(label=lazy_gettext("Entries close"), missing=lazy_gettext("Write when entries close."))


class SlotForm(Form):
    slot = ChoiceField(label=lazy_gettext("Add a time"), unknown=lazy_gettext("Choose one of the times."))


class ValueForm(Form):
    public_value = LineField(
        label=lazy_gettext("The public value"), longest=LONGEST_VALUE, missing=lazy_gettext("Write the public value.")
    )


@blueprint.get("")
@staff_may("organiser")
def index() -> Answer:
    found = draws.of_event(g.event)
    rows = [(draw, state_of(draw), draws.count_entries(draw)) for draw in found]
    return render_template("staff/draws/index.html", rows=rows, form=DrawForm(formdata=None))


@blueprint.post("")
@staff_may("organiser")
def create() -> Answer:
    form = DrawForm()
    if form.validate():
        try:
            slug = draw_setup.create(
                g.event.id,
                title=Bilingual(sv=form.title_sv.data, en=form.title_en.data),
                public_source=Bilingual(sv=form.source_sv.data, en=form.source_en.data),
                opens_at=form.opens_at.data, closes_at=form.closes_at.data, by=by_staff(),
            )  # fmt: skip
        except refusals.Closed:
            form.opens_at.errors = [
                gettext("Choose a time from now, before entries close: the secret’s hash must be public first.")
            ]
        else:
            flash(gettext("The draw is made. The hash of its secret is public from now on."))
            return redirect(url_for(".show", draw_slug=slug), code=303)
    rows = [(draw, state_of(draw), draws.count_entries(draw)) for draw in draws.of_event(g.event)]
    return render_template("staff/draws/index.html", rows=rows, form=form), 422


@blueprint.get("/<draw_slug>")
@staff_may("organiser")
def show(draw_slug: str) -> Answer:
    return _show(_draw_or_404(draw_slug))


@blueprint.post("/<draw_slug>/slots")
@staff_may("organiser")
def choose(draw_slug: str) -> Answer:
    """Put a slot in the draw, or with ``out`` back to first come."""
    draw = _draw_or_404(draw_slug)
    form = _slot_form(draw)
    out = next((slot for slot in draw.slots if slot.slug == request.form.get("out")), None)
    if out is None and not form.validate():
        return _show(draw, slot_form=form), 422
    slot = out or next(one for one in _addable(draw) if one.slug == form.slot.data)
    try:
        draw_setup.choose(slot.id, None if out else draw.id, by=by_staff())
    except refusals.Refusal as refusal:
        reply = sentences.reply(refusal)
        return _show(_draw_or_404(draw_slug), notice=reply.sentence), reply.status
    flash(
        gettext("%(slot)s is first come now.", slot=_name(slot))
        if out
        else gettext("%(slot)s is in the draw.", slot=_name(slot))
    )
    return redirect(url_for(".show", draw_slug=draw_slug), code=303)


@blueprint.post("/<draw_slug>/run")
@staff_may("organiser")
def run(draw_slug: str) -> Answer:
    """Draw with the value; sent with the button ``look`` the value is only shown as it will be used."""
    draw = _draw_or_404(draw_slug)
    form = ValueForm()
    if not form.validate():
        return _show(draw, value_form=form), 422
    if "look" in request.form:
        return _show(draw, value_form=form, looked=drawing.tidy(form.public_value.data))
    try:
        summary = draw_results.run(draw.id, form.public_value.data, by=by_staff())
    except refusals.Refusal as refusal:
        reply = sentences.reply(refusal)
        return _show(_draw_or_404(draw_slug), value_form=form, notice=reply.sentence), reply.status
    won = ngettext("%(num)s party has drawn places.", "%(num)s parties have drawn places.", summary.won)
    flash(gettext("The lots are drawn. %(won)s", won=won))
    return redirect(url_for(".show", draw_slug=draw_slug), code=303)


@blueprint.post("/<draw_slug>/proof")
@staff_may("organiser")
def set_proof(draw_slug: str) -> Answer:
    """When whoever enters is checked: for all that opens at that moment, since a proof is good for all of it."""
    draw = _draw_or_404(draw_slug)
    form = ProofForm()
    if not form.validate():
        form.proof.errors = [gettext("Choose when to check.")]
        return _show(draw, proof_form=form), 422
    waiting_rooms.set_proof(draw.event_id, draw.opens_at, ProofRule(form.proof.data), by=by_staff())
    turnstile.forget()
    flash(gettext("Saved."))
    return redirect(url_for(".show", draw_slug=draw_slug), code=303)


def _draw_or_404(slug: str) -> Draw:
    draw = draws.find(slug)
    if draw is None or draw.event_id != g.event.id:
        abort(404)
    return draw


def _addable(draw: Draw) -> list[Slot]:
    return draws.slots_to_add(draw) if state_of(draw) in {"not_yet", "open"} else []


def _slot_form(draw: Draw) -> SlotForm:
    form = SlotForm(formdata=request.form if request.method == "POST" else None)
    form.slot.choices = [SelectChoice(slot.slug, _name(slot)) for slot in _addable(draw)]
    return form


def _name(slot: Slot) -> str:
    return f"{day_short(slot.starts_at)} {clock_time(slot.starts_at)}, {tr(slot.activity.title)}"


def _show(
    draw: Draw,
    *,
    slot_form: SlotForm | None = None,
    value_form: ValueForm | None = None,
    proof_form: ProofForm | None = None,
    **more: Any,
) -> str:
    rule = waiting_rooms.proof_rule(draw.event_id, draw.opens_at)
    return render_template(
        "staff/draws/show.html", draw=draw, state=state_of(draw), entries=draws.count_entries(draw),
        demand=draws.demand(draw), slot_form=slot_form or _slot_form(draw),
        value_form=value_form or ValueForm(formdata=None), unconfirmed=draws.count_unconfirmed(draw),
        proof_form=proof_form or ProofForm(formdata=None, proof=rule.value), **more,
    )  # fmt: skip
