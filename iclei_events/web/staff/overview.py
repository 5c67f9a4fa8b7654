"""Where the staff begin: the events they have a role at."""

from __future__ import annotations

from flask import Blueprint, render_template

from iclei_events.services import staff
from iclei_events.web.staff.access import signed_in, signed_in_staff

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@signed_in
def events() -> str:
    return render_template("staff/events.html", events=staff.events_of(signed_in_staff()))
