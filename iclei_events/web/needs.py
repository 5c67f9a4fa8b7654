"""What a party needs, on its booking's page: how each thing stands, and asking for more, less or something else."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events.services import asking
from iclei_events.services.refusals import Refusal
from iclei_events.web import access
from iclei_events.web.bookings import blueprint, page, refused
from iclei_events.web.need_fields import NeedsForm


@blueprint.post("/bookings/<reference>/needs")
def change_needs(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = NeedsForm()
    form.validate()
    form.check_aids(own.size)
    if form.errors:
        return page(own, 422, needs_form=form)
    try:
        asking.ask(reference, form.access_needs.data or None, form.aids)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal, needs_form=form)
    flash(gettext("We have noted what you need. You see here how each thing stands."))
    return redirect(url_for("bookings.show", reference=reference, _anchor="needs"), 303)
