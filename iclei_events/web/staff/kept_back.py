"""Places that staff keep back for someone, with a reason, until they are released."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import Slot
from iclei_events.services import capacity, refusals, slot_parties
from iclei_events.web.forms import Form, LineField
from iclei_events.web.staff.access import by_staff, staff_may
from iclei_events.web.staff.fields import MomentField, PlacesField
from iclei_events.web.staff.slots import slot_of_event_or_404

blueprint = Blueprint("kept_back", __name__, url_prefix="/<event_slug>/slots/<slot_slug>/kept-back")
Answer = Response | str | tuple[str, int]


class KeepBackForm(Form):
    places = PlacesField(label=lazy_gettext("Places"), missing=lazy_gettext("Write how many places to keep back."))
    reason = LineField(
        label=lazy_gettext("For whom or what"), longest=200, missing=lazy_gettext("Write why the places are kept back.")
    )
    release_at = MomentField(label=lazy_gettext("Release them at"))


@blueprint.get("")
@staff_may("organiser")
def index(slot_slug: str) -> Answer:
    return _show(slot_of_event_or_404(slot_slug), KeepBackForm(formdata=None))


@blueprint.post("")
@staff_may("organiser")
def keep(slot_slug: str) -> Answer:
    slot = slot_of_event_or_404(slot_slug)
    form = KeepBackForm()
    if not form.validate() or not _makes_sense(form, slot):
        return _show(slot, form), 422
    try:
        capacity.keep_back(
            slot.id, form.places.data, reason=form.reason.data, release_at=form.release_at.data, by=by_staff()
        )
    except refusals.NoRoom as refused:
        form.places.errors = [
            ngettext("Only %(num)s place is free.", "Only %(num)s places are free.", refused.left)
            if refused.left
            else gettext("No places are free.")
        ]
        return _show(slot_of_event_or_404(slot_slug), form), 409
    flash(ngettext("%(num)s place is kept back.", "%(num)s places are kept back.", form.places.data))
    return redirect(url_for(".index", slot_slug=slot_slug), code=303)


@blueprint.post("/<int(max=2147483647):kept_back_id>/release")
@staff_may("organiser")
def release(slot_slug: str, kept_back_id: int) -> Answer:
    kept = slot_parties.find_kept_back(kept_back_id, slot_of_event_or_404(slot_slug))
    if kept is None:
        abort(404)
    size = kept.places
    capacity.release_kept_back(kept_back_id, by=by_staff())
    flash(ngettext("%(num)s place is released.", "%(num)s places are released.", size))
    return redirect(url_for(".index", slot_slug=slot_slug), code=303)


def _makes_sense(form: KeepBackForm, slot: Slot) -> bool:
    if form.places.data < 1:
        form.places.errors = [gettext("Write at least 1.")]
    if form.release_at.data is not None and not clock.now() < form.release_at.data <= slot.starts_at:
        form.release_at.errors = [gettext("Choose a time from now until the start.")]
    return not form.errors


def _show(slot: Slot, form: KeepBackForm) -> str:
    return render_template("staff/slots/kept_back.html", slot=slot, form=form, kept=slot_parties.kept_back(slot))
