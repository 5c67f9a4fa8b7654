"""A person's own calendar address: the feed itself, and the page on which its owner ends it or gets a new one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from iclei_events.models import CalendarFeed
from iclei_events.services import calendar, calendar_feeds
from iclei_events.web import access, limits
from iclei_events.web.calendar import as_file, page_of
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.my import mail_is_on_its_way

blueprint = Blueprint("calendar_feeds", __name__)

OPENED: Final = "calendar"
MOST_KEPT: Final = 200
"""Feeds whose file a process keeps, the latest asked for: calendars ask all day for what has not changed."""


class Kept:
    """The files of the latest feeds, each under what it was made from."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def find(self, tag: str) -> bytes | None:
        with self._guard:
            return self._files.get(tag)

    def keep(self, tag: str, body: bytes) -> None:
        with self._guard:
            self._files[tag] = body
            while len(self._files) > MOST_KEPT:
                self._files.popitem(last=False)


@blueprint.get("/my/calendar/<secret>.ics")
def feed(secret: str) -> Response:
    """Answer from memory, or with 304, as long as nothing has changed: two short queries, however often it is asked."""
    found = calendar_feeds.find(secret, access.secret_keys()) or limits.wrong_link()
    limits.check_opened(found.reference)
    if found.revoked_at is not None:
        abort(410)
    shown = calendar_feeds.state(found)
    tag = f"{shown.digest}-{calendar.feed_stamp():%y%m%d%H}"
    response = Response(status=304) if tag in request.if_none_match else as_file(_body(shown, tag), "malmo")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _body(shown: calendar_feeds.State, tag: str) -> bytes:
    kept: Kept = current_app.extensions.setdefault("personal_calendars", Kept())
    body = kept.find(tag)
    if body is None:
        with force_locale(shown.language):
            body = calendar.person_calendar(
                calendar_feeds.bookings_of(shown),
                url_of=lambda slot: page_of(slot, shown.language),
                language=shown.language,
            )
        kept.keep(tag, body)
    return body


@blueprint.get(PREFIX + "/my/calendar")
def manage() -> Response | str:
    """The owner's page. The mailed link carries the secret once; a cookie remembers it."""
    if "key" in request.args:
        found = calendar_feeds.find(request.args["key"], access.secret_keys()) or limits.wrong_link()
        session[OPENED] = found.reference
        session.permanent = True
        return redirect(url_for(".manage"), 303)
    found = _opened_or_404()
    is_over = found.revoked_at is not None
    address = None if is_over else current_app.config["BASE_URL"] + url_for(".feed", secret=_secret_of(found))
    return render_template("my/calendar.html", address=address)


@blueprint.post(PREFIX + "/my/calendar/end")
def end() -> Response:
    found = _opened_or_404()
    if found.email_key is not None:
        calendar_feeds.revoke(found.email_key)
    return redirect(url_for(".manage"), 303)


@blueprint.post(PREFIX + "/my/calendar/renew")
def renew() -> Response:
    """End the address and send a new one by mail: who holds the old one may be somebody else."""
    found = _opened_or_404()
    if found.email_key is not None:
        calendar_feeds.renew(found.email_key, language=current_language())
    return redirect(url_for(".sent"), 303)


@blueprint.get(PREFIX + "/my/calendar/sent")
def sent() -> str:
    return mail_is_on_its_way(
        gettext("If there are bookings with that address, a mail with your calendar address is on its way.")
    )


@blueprint.post(PREFIX + "/bookings/<reference>/calendar")
def send(reference: str) -> Response:
    """From a booking's page: to the address of that booking, and to no other."""
    own = access.own_booking_or_404(reference)
    if own.attendee is not None and own.attendee.email_key:
        verb = calendar_feeds.renew if "renew" in request.form else calendar_feeds.ask_for_address
        verb(own.attendee.email_key, language=current_language())
    flash(gettext("The address of your calendar is on its way by mail."))
    return redirect(url_for("bookings.show", reference=reference), 303)


def _opened_or_404() -> CalendarFeed:
    reference = session.get(OPENED)
    found = calendar_feeds.find_by_reference(reference) if isinstance(reference, str) else None
    return found or abort(404)


def _secret_of(found: CalendarFeed) -> str:
    return calendar_feeds.secret_of(found, current_app.config["SECRET_KEY"])
