"""What an event does about clashes: the effect of each rule on what people have now, and setting it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation
from wtforms.widgets import HiddenInput

from iclei_events.models import ClashRule
from iclei_events.services import clash_rules, refusals
from iclei_events.web.forms import Form, LineField
from iclei_events.web.staff.access import by_staff, staff_may

blueprint = Blueprint("clashes", __name__, url_prefix="/<event_slug>/clashes")
Answer = Response | str | tuple[str, int]

LONGEST_RULE = 24


class RuleField(RadioField):
    def pre_validate(self, _form: Form) -> None:
        if self.data not in set(ClashRule):
            raise StopValidation(gettext("Choose what happens."))


class RuleForm(Form):
    rule = RuleField(
        label=lazy_gettext("When somebody books a time that clashes with what they have"),
        choices=[SelectChoice(rule.value, rule.value) for rule in ClashRule],
    )
    seen = LineField(longest=LONGEST_RULE, widget=HiddenInput())


@blueprint.get("")
@staff_may("organiser")
def index() -> Answer:
    return _show(_form_as_it_stands())


@blueprint.post("")
@staff_may("organiser")
def save() -> Answer:
    form = RuleForm()
    if not form.validate():
        return _show(form), 422
    seen = ClashRule(form.seen.data) if form.seen.data in set(ClashRule) else g.event.clashes
    try:
        clash_rules.set_rule(g.event.id, ClashRule(form.rule.data), seen=seen, by=by_staff())
    except refusals.ChangedMeanwhile as changed:
        form.seen.process_data(changed.current)
        return _show(form, now=changed.current), 409
    flash(gettext("Saved. It holds for what is booked from now on."))
    return redirect(url_for(".index"), code=303)


def _form_as_it_stands() -> RuleForm:
    return RuleForm(formdata=None, rule=g.event.clashes.value, seen=g.event.clashes.value)


def _show(form: RuleForm, **more: Any) -> str:
    return render_template(
        "staff/clashes.html", form=form, effect=clash_rules.effect_on(g.event), history=clash_rules.history(g.event),
        **more,
    )  # fmt: skip
