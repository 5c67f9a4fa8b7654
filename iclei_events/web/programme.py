"""The programme as a list by day and time or as a timetable by rooms, and the page of a session."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, url_for

from iclei_events import clock
from iclei_events.models import Activity, Audience, Event
from iclei_events.services import listing, programme
from iclei_events.services.listed import ListedSlot
from iclei_events.services.listing import ATTENDED, SESSIONS, TOURS, Choices, Filters
from iclei_events.web import timetable
from iclei_events.web.day_tabs import tabs_of
from iclei_events.web.events import event_or_404
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.page_cache import cached_page, do_not_keep
from iclei_events.web.slot_states import Told, addresses, by_day, tell
from iclei_events.web.structured_data import describe
from iclei_events.web.typed_text import one_line

blueprint = Blueprint("programme", __name__, url_prefix=PREFIX + "/<event_slug>/programme")

LONGEST_SEARCH: Final = 80
MOST_RELATED: Final = 3


@blueprint.get("")
@cached_page("day", "theme", "format", "language", "mode", "q", "view")
def index(event_slug: str) -> str:
    event = event_or_404(event_slug)
    words = one_line(request.args.get("q", ""))[:LONGEST_SEARCH]
    everything = listing.read(event, current_language(), words)
    choices = everything.choices(SESSIONS)
    filters = _read_filters(choices, words)
    as_grid = request.args.get("view") == "grid" and bool(choices.days)
    if as_grid and filters.day is None:
        filters = replace(filters, day=_nearest(event, choices.days))
    query = _query(filters, as_grid=as_grid)
    slots = everything.find(filters, SESSIONS)
    timeless = everything.find_timeless(filters, SESSIONS)
    states = tell(slots)
    return render_template(
        "programme/grid.html" if as_grid else "programme/index.html",
        choices=choices,
        tabs=tabs_of(event, choices.days, everything.choices(TOURS).days, current_language()),
        filters=filters,
        count=len({slot.activity_id for slot in slots if not slot.is_break}) + len(timeless),
        days=[] if as_grid else _by_day_and_time(slots, states),
        table=timetable.arrange(slots) if as_grid else None,
        for_delegates=any(slot.activity.audience is Audience.DELEGATES for slot in slots),
        timeless=timeless,
        states=states,
        query=query,
        page_url=_changed(query),
        session_url=addresses("programme.show", "activity_slug"),
        book_url=addresses("bookings.book", "slot_slug"),
    )


@blueprint.get("/<activity_slug>")
@cached_page()
def show(event_slug: str, activity_slug: str) -> str:
    event = event_or_404(event_slug)
    activity = programme.find_activity(event, activity_slug, kinds=SESSIONS)
    if activity is None:
        abort(404)
    return render_template(
        "programme/show.html",
        activity=activity,
        related=_related(event, activity),
        days=by_day(activity),
        states=tell(activity.slots),
        data=describe(activity, url_for("programme.show", activity_slug=activity.slug)),
        session_url=addresses("programme.show", "activity_slug"),
        book_url=addresses("bookings.book", "slot_slug"),
    )


def _read_filters(choices: Choices, words: str) -> Filters:
    """What the address asks for; a value that is not among the choices is as good as none."""
    filters = Filters(
        day=next((day for day in choices.days if day.isoformat() == request.args.get("day")), None),
        theme=_one_of("theme", [theme.slug for theme in choices.themes]),
        format=_one_of("format", choices.formats),
        language=_one_of("language", choices.languages),
        mode=_one_of("mode", ATTENDED),
        words=words,
    )
    asked = [name for name in ("day", "theme", "format", "language", "mode") if request.args.get(name)]
    if words or any(getattr(filters, name) is None for name in asked):
        do_not_keep()
    return filters


def _one_of(name: str, known: Container[str]) -> str | None:
    value = request.args.get(name)
    return value if value in known else None


def _query(filters: Filters, *, as_grid: bool) -> dict[str, str | None]:
    """The query of this page."""
    return {
        "day": filters.day.isoformat() if filters.day else None,
        "theme": filters.theme,
        "format": filters.format,
        "language": filters.language,
        "mode": filters.mode,
        "q": filters.words or None,
        "view": "grid" if as_grid else None,
    }


def _changed(query: dict[str, str | None]) -> Callable[..., str]:
    """Return what makes the addresses of this page with a part of its query changed."""
    page = url_for("programme.index")

    def page_url(**changes: str | None) -> str:
        asked = {name: value for name, value in (query | changes).items() if value}
        return f"{page}?{urlencode(asked)}" if asked else page

    return page_url


def _nearest(event: Event, days: Sequence[date]) -> date:
    """The first day of the event itself that has not passed, else the first of all."""
    today = clock.now().astimezone(event.zone).date()
    own = [day for day in days if event.starts_on <= day <= event.ends_on] or list(days)
    return next((day for day in own if day >= today), own[0])


class Together(NamedTuple):
    """Slots that begin at the same time, and what the visitor is told of each."""

    slots: tuple[ListedSlot, ...]
    told: tuple[Told, ...]

    @property
    def is_personal(self) -> bool:
        """Whether something among them is the visitor's own, or too near to it."""
        return any(told.own_href or told.gap for told in self.told)


def _by_day_and_time(slots: Sequence[ListedSlot], states: Mapping[int, Told]) -> list[tuple[date, list[Together]]]:
    """The slots of each day, those that begin together together."""
    return [
        (day, [_together(tuple(group), states) for _, group in groupby(of_day, key=lambda slot: slot.starts_at)])
        for day, of_day in groupby(slots, key=lambda slot: slot.day)
    ]


def _together(slots: tuple[ListedSlot, ...], states: Mapping[int, Told]) -> Together:
    return Together(slots, tuple([states[slot.id] for slot in slots]))


def _related(event: Event, activity: Activity) -> list[ListedSlot]:
    """A few other sessions on the same theme: those nearest in time."""
    if activity.theme is None:
        return []
    slots = listing.read(event, current_language()).find(Filters(theme=activity.theme.slug), SESSIONS)
    others = [slot for slot in slots if slot.activity_id != activity.id]
    if activity.slots:
        start = activity.slots[0].starts_at
        others.sort(key=lambda slot: abs(slot.starts_at - start))
    return sorted(others[:MOST_RELATED], key=lambda slot: slot.starts_at)
