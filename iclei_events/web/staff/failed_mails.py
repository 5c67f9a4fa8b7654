"""Mails that could not be delivered, for each event and for the site, and the button that tries one again."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events.models import Event
from iclei_events.services import failed_mails, need_traces
from iclei_events.web.staff.access import by_staff, may, staff_may

blueprint = Blueprint("failed_mails", __name__)


@blueprint.get("/<event_slug>/failed-mails")
@staff_may("viewer")
def of_event() -> str:
    """The event's failed mails. Whoever only views sees no addresses, and of needs only who may see them is told."""
    return render_template(
        "staff/failed_mails.html",
        mails=failed_mails.of_event(g.event),
        sees_addresses=may("organiser") or may("door"),
        untold=() if may("door") else need_traces.MAILS,
        retry="staff.failed_mails.retry",
    )


@blueprint.post("/<event_slug>/failed-mails/<int(max=2147483647):mail_id>/retry")
@staff_may("organiser")
def retry(mail_id: int) -> Response:
    _try_again(mail_id, g.event)
    return redirect(url_for(".of_event"), 303)


@blueprint.get("/failed-mails")
@staff_may("organiser")
def of_site() -> str:
    return render_template(
        "staff/failed_mails.html",
        mails=failed_mails.of_site(),
        sees_addresses=may("admin", everywhere=True),
        untold=need_traces.MAILS,
        retry="staff.failed_mails.retry_of_site",
    )


@blueprint.post("/failed-mails/<int(max=2147483647):mail_id>/retry")
@staff_may("organiser")
def retry_of_site(mail_id: int) -> Response:
    _try_again(mail_id, None)
    return redirect(url_for(".of_site"), 303)


def _try_again(mail_id: int, event: Event | None) -> None:
    if failed_mails.find(mail_id, event) is None:
        abort(404)
    if failed_mails.try_again(mail_id, by=by_staff()):
        flash(gettext("The mail is tried again now."))
    else:
        flash(gettext("The mail is under way already."))
