"""Study tours with their departures, and the opening party."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from flask import Blueprint, abort, render_template, request, url_for

from iclei_events import clock
from iclei_events.models import COUNTED, Activity
from iclei_events.services import aids, draws, listing, need_words, programme, waiting
from iclei_events.services.listed import ListedActivity, ListedSlot
from iclei_events.services.listing import TOURS, Choices, Filters
from iclei_events.web.events import event_or_404, party_of
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.page_cache import cached_page, do_not_keep
from iclei_events.web.slot_states import addresses, by_day, tell
from iclei_events.web.structured_data import describe

blueprint = Blueprint("tours", __name__, url_prefix=PREFIX + "/<event_slug>")


@blueprint.get("/tours")
@cached_page("theme", "language", "free", "step_free")
def index(event_slug: str) -> str:
    event = event_or_404(event_slug)
    everything = listing.read(event, current_language())
    choices = everything.choices(TOURS)
    filters = _read_filters(choices)
    slots = everything.find(filters, TOURS)
    now = clock.now()
    return render_template(
        "tours/index.html",
        choices=choices,
        filters=filters,
        tours=_by_tour(slots, everything.find_timeless(filters, TOURS)),
        count=len(slots),
        with_room=sum(slot.takes_bookings(now) and slot.left > 0 for slot in slots),
        states=tell(slots),
        party=party_of(everything),
        tour_url=addresses("tours.show", "activity_slug"),
        book_url=addresses("bookings.book", "slot_slug"),
    )


@blueprint.get("/tours/<activity_slug>")
@cached_page()
def show(event_slug: str, activity_slug: str) -> str:
    event = event_or_404(event_slug)
    tour = programme.find_activity(event, activity_slug, kinds=TOURS)
    if tour is None:
        abort(404)
    return _render("tours/show.html", tour, url_for("tours.show", activity_slug=tour.slug))


@blueprint.get("/party")
@cached_page()
def party(event_slug: str) -> str:
    event = event_or_404(event_slug)
    activity = programme.find_party(event)
    if activity is None:
        abort(404)
    return _render("tours/party.html", activity, url_for("tours.party"))


def _render(template: str, activity: Activity, address: str) -> str:
    return render_template(
        template,
        activity=activity,
        days=by_day(activity),
        states=tell(activity.slots),
        draws=draws.of_slots(activity.slots),
        rule=waiting,
        aid_kinds=_aid_kinds(activity),
        data=describe(activity, address),
        book_url=addresses("bookings.book", "slot_slug"),
    )


def _aid_kinds(activity: Activity) -> list[str]:
    """What one can ask for at any of its times, by name."""
    there = aids.of_slots([slot.id for slot in activity.slots])
    return [str(need_words.NAMES[kind]) for kind in COUNTED if any(kind in of_slot for of_slot in there.values())]


def _read_filters(choices: Choices) -> Filters:
    """What the address asks for; a value that is not among the choices is as good as none."""
    names = ("theme", "language", "free", "step_free")
    theme, language, free, step_free = (request.args.get(name) for name in names)
    filters = Filters(
        theme=theme if theme in [known.slug for known in choices.themes] else None,
        language=language if language in choices.languages else None,
        free_at=clock.now() if free == "1" else None,
        step_free=step_free == "1",
    )
    if (theme and not filters.theme) or (language and not filters.language) or {free, step_free} - {None, "", "1"}:
        do_not_keep()
    return filters


def _by_tour(
    slots: Iterable[ListedSlot], timeless: Iterable[ListedActivity]
) -> list[tuple[ListedActivity, list[ListedSlot]]]:
    """Each tour with its departures, in the order of the programme."""

    def position(slot: ListedSlot) -> tuple[int, int]:
        return slot.activity.position, slot.activity_id

    groups = [list(group) for _, group in groupby(sorted(slots, key=position), key=position)]
    return [*((group[0].activity, group) for group in groups), *((activity, []) for activity in timeless)]
