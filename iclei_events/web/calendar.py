"""Calendar files: one slot, one booking, and an event's whole programme to subscribe to."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, current_app, g, request, url_for
from werkzeug.wrappers import Response

from iclei_events.models import ActivityKind, Event, Slot
from iclei_events.services import calendar, slots
from iclei_events.web.access import own_booking_or_404
from iclei_events.web.events import event_or_404
from iclei_events.web.languages import PREFIX, current_language

blueprint = Blueprint("calendar", __name__, url_prefix=PREFIX)

FEED_SECONDS: Final = 300
"""How long a calendar service may answer for the programme's feed."""


@blueprint.get("/slots/<slot_slug>.ics")
def slot(slot_slug: str) -> Response:
    found = slots.find(slot_slug) or abort(404)
    g.event = found.activity.event
    body = calendar.slot_calendar(found, url=page_of(found), language=current_language())
    return as_file(body, found.slug)


@blueprint.get("/bookings/<reference>.ics")
def booking(reference: str) -> Response:
    own = own_booking_or_404(reference)
    g.event = own.slot.activity.event
    body = calendar.booking_calendar(own, url=page_of(own.slot), language=current_language())
    return as_file(body, own.reference)


@blueprint.get("/<event_slug>/calendar.ics")
def event(event_slug: str) -> Response:
    found = event_or_404(event_slug)
    response = as_file(_feed(found), found.slug)
    response.headers["Cache-Control"] = f"public, max-age={FEED_SECONDS}"
    response.add_etag()
    return response.make_conditional(request.environ)


def _feed(event: Event) -> bytes:
    """The event's feed, made anew when something in it or the hour has changed: calendars ask for it all day."""
    feeds: dict[tuple[str, str], tuple[object, bytes]] = current_app.extensions.setdefault("calendar_feeds", {})
    name, stamp = (event.slug, current_language()), (slots.changes_of(event), calendar.feed_stamp())
    kept_stamp, body = feeds.get(name, (None, b""))
    if kept_stamp != stamp or not current_app.config["PAGE_CACHE_SECONDS"]:
        body = calendar.event_calendar(event, slots.of_event(event), url_of=page_of, language=name[1])
        feeds[name] = stamp, body
    return body


def page_of(slot: Slot, language: str | None = None) -> str:
    """The public page of the slot's activity, under our own address: a feed is kept for everybody who asks."""
    lang = language or current_language()
    activity, base = slot.activity, str(current_app.config["BASE_URL"])
    if activity.kind is ActivityKind.PARTY:
        return base + url_for("tours.party", lang=lang, event_slug=activity.event.slug)
    endpoint = "tours.show" if activity.kind is ActivityKind.STUDY_TOUR else "programme.show"
    return base + url_for(endpoint, lang=lang, event_slug=activity.event.slug, activity_slug=activity.slug)


def as_file(body: bytes, name: str) -> Response:
    """A calendar file to download under that name."""
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response
