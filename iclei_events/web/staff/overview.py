"""Where the staff begin: the events they have a role at."""

from __future__ import annotations

from flask import Blueprint, render_template

from iclei_events.services import failed_mails, staff
from iclei_events.web.staff.access import may, signed_in, signed_in_staff

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@signed_in
def events() -> str:
    events = staff.events_of(signed_in_staff())
    return render_template(
        "staff/events.html",
        events=events,
        failed=failed_mails.count_by_event(events),
        failed_of_site=failed_mails.count_of_site() if may("organiser", everywhere=True) else 0,
    )
