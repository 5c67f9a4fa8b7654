"""What search engines read about an activity: schema.org in JSON-LD, one event for each slot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import current_app

from iclei_events.models import Activity, ActivityKind, Slot
from iclei_events.web.languages import current_language

ATTENDANCE: Final = {
    "in_person": "https://schema.org/OfflineEventAttendanceMode",
    "virtual": "https://schema.org/OnlineEventAttendanceMode",
    "hybrid": "https://schema.org/MixedEventAttendanceMode",
}
CANCELLED: Final = "https://schema.org/EventCancelled"
RESCHEDULED: Final = "https://schema.org/EventRescheduled"
SCHEDULED: Final = "https://schema.org/EventScheduled"

Entry = dict[str, Any]


def describe(activity: Activity, address: str) -> Entry:
    """The activity at ``address`` (a path) as schema.org has it; how many places are left is not part of it."""
    return {"@context": "https://schema.org", "@graph": [_event(activity, slot, address) for slot in activity.slots]}


def _event(activity: Activity, slot: Slot, address: str) -> Entry:
    language = current_language()
    zone = activity.event.zone
    entry = {
        "@type": "Event" if activity.kind is ActivityKind.PARTY else "EducationEvent",
        "name": activity.title.in_language(language),
        "description": activity.summary.in_language(language),
        "url": current_app.config["BASE_URL"] + address,
        "startDate": _local(slot.starts_at, zone),
        "endDate": _local(slot.ends_at, zone),
        "eventStatus": _status(slot),
        "previousStartDate": _local(slot.moved_from, zone) if slot.moved_from and not slot.cancelled_at else None,
        "eventAttendanceMode": ATTENDANCE[activity.mode],
        "location": _location(activity, slot, address),
        "inLanguage": slot.languages,
        "superEvent": {"@type": "Event", "name": activity.event.title.in_language(language)},
        "performer": [{"@type": "Person", "name": part.speaker.name} for part in activity.contributions],
    }
    if activity.kind is ActivityKind.STUDY_TOUR and activity.audience == "everyone":
        entry["isAccessibleForFree"] = True
    return {name: value for name, value in entry.items() if value}


def _status(slot: Slot) -> str:
    if slot.cancelled_at is not None:
        return CANCELLED
    return RESCHEDULED if slot.moved_from is not None else SCHEDULED


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="minutes")


def _location(activity: Activity, slot: Slot, address: str) -> Entry:
    if activity.mode == "virtual":
        return {"@type": "VirtualLocation", "url": current_app.config["BASE_URL"] + address}
    language = current_language()
    if slot.venue is None:
        return {"@type": "Place", "name": activity.event.place.in_language(language)}
    place: Entry = {"@type": "Place", "name": slot.venue.name.in_language(language)}
    if slot.venue.address:
        place["address"] = slot.venue.address
    return place
