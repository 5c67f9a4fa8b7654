"""The staff's pages: behind a sign-in with two factors, and by role."""

from __future__ import annotations

from flask import Blueprint

from iclei_events.web.languages import PREFIX
from iclei_events.web.staff import (
    access,
    bookings,
    clashes,
    draws,
    failed_mails,
    kept_back,
    needs,
    overview,
    people,
    rescheduling,
    set_up,
    sign_in,
    signatories,
    slots,
    tickets,
    waiting_rooms,
)

blueprint = Blueprint("staff", __name__, url_prefix=PREFIX + "/staff")
blueprint.context_processor(access.template_names)
for child in (
    sign_in,
    set_up,
    overview,
    slots,
    waiting_rooms,
    clashes,
    kept_back,
    needs,
    bookings,
    draws,
    people,
    signatories,
    rescheduling,
    failed_mails,
    tickets,
):
    blueprint.register_blueprint(child.blueprint)
