"""The programme of a content pack: activities, who speaks at them, and their slots.

What people hold stays theirs: a slot with bookings that is gone from the pack is kept, and so are the mode and the
number of places of a slot that somebody has booked. A new time or place is told to whoever booked. Activities that the
pack does not name are left alone; they may have come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.i18n import Bilingual
from iclei_events.models import (
    Activity,
    Booking,
    Contribution,
    Draw,
    DrawWish,
    Event,
    Room,
    Slot,
    Speaker,
    Theme,
    Venue,
)
from iclei_events.services import draw_setup, places, rescheduling, rescheduling_letters
from iclei_events.services.content.aids import load_aids
from iclei_events.services.content.draws import load_draws, window_of
from iclei_events.services.content.schema import ActivityPart, Pack, SlotPart
from iclei_events.services.content.tally import Tally, columns
from iclei_events.services.content.values import Text

LONGEST_SEARCH_TEXT = 4000
_WHEN_AND_WHERE = ("starts_at", "ends_at", "venue", "room", "meeting_point")


@dataclass(frozen=True, slots=True)
class _Named:
    """What activities and slots refer to by slug."""

    event: Event
    themes: Mapping[str | None, Theme]
    venues: Mapping[str | None, Venue]
    speakers: Mapping[str, Speaker]
    slots: Mapping[str, Slot]
    draws: Mapping[str | None, Draw]

    def room(self, slot: SlotPart) -> Room | None:
        rooms = self.venues[slot.venue].rooms if slot.room else []
        return next((room for room in rooms if room.slug == slot.room), None)


def load_activities(tally: Tally, event: Event, pack: Pack) -> None:
    """Store the activities of a pack whose event, themes, venues and speakers stand in the session."""
    tally.session.flush()
    session = tally.session
    known = {activity.slug: activity for activity in event.activities}
    draws = load_draws(tally, event, pack)
    named = _Named(
        event,
        {theme.slug: theme for theme in event.themes},
        {venue.slug: venue for venue in session.scalars(select(Venue))},
        {speaker.slug: speaker for speaker in session.scalars(select(Speaker))},
        locked_slots(session, event),
        draws,
    )
    for position, part in enumerate(pack.activities):
        activity = known.pop(part.slug) if part.slug in known else Activity()
        _load_activity(tally, named, activity, part, position)
    tally.kept += [f"the activity {slug} is not in the pack" for slug in sorted(known)]


def locked_slots(session: Session, event: Event) -> dict[str, Slot]:
    """The event's slots by slug, read under their locks.

    The pack names them in any order; they are locked in the order of their ids, as everybody does who waits for more
    than one. Nothing is written to those that stay as they are.
    """
    of_event = select(Slot).join(Activity).where(Activity.event == event).order_by(Slot.id)
    one_by_one = of_event.with_for_update(of=Slot, key_share=True).execution_options(populate_existing=True)
    return {slot.slug: slot for slot in session.scalars(one_by_one)}


def _load_activity(tally: Tally, named: _Named, activity: Activity, part: ActivityPart, position: int) -> None:
    values = columns(part, without={"theme", "max_party", "speakers", "slots", "keywords", "aids", "route"})
    values |= {"event": named.event, "theme": named.themes.get(part.theme), "position": position}
    values |= {
        "max_party_size": part.max_party,
        "route": part.route.model_dump(mode="json", exclude_none=True) if part.route else {},
        "step_free": bool(part.route and part.route.step_free),
        "search_text": search_text(part, named.themes.get(part.theme), named.speakers),
    }
    tally.put(activity, values)
    contributions = {each.speaker.slug: each for each in activity.contributions}
    for turn, contribution in enumerate(part.speakers):
        row = contributions.pop(contribution.speaker) if contribution.speaker in contributions else Contribution()
        speaker = named.speakers[contribution.speaker]
        role = contribution.role.both if contribution.role else None
        tally.put(row, {"activity": activity, "speaker": speaker, "position": turn, "role": role})
    for gone in contributions.values():
        tally.remove(gone)
    before = list(activity.slots)
    for slot in part.slots:
        load_aids(tally, _load_slot(tally, named, activity, slot), slot.aids or part.aids)
    _drop_slots(tally, [slot for slot in before if slot.slug not in {each.slug for each in part.slots}])


def search_text(part: ActivityPart, theme: Theme | None, speakers: Mapping[str, Speaker]) -> str:
    """Join texts, theme and speakers in both languages, casefolded, as ``Activity.search_text`` keeps them."""
    texts: list[Text | Bilingual | None] = [
        part.title,
        part.keywords,
        theme.title if theme else None,
        part.summary,
        part.description,
    ]
    words = [f"{text.sv} {text.en}" for text in texts if text]
    people = [speakers[each.speaker] for each in part.speakers]
    words += [" ".join(filter(None, (person.name, person.organisation))) for person in people]
    return " ".join(words).casefold()[:LONGEST_SEARCH_TEXT]


def _load_slot(tally: Tally, named: _Named, activity: Activity, part: SlotPart) -> Slot:
    values = columns(part, without={"venue", "room", "mode", "capacity", "draw", "aids"})
    values |= {"activity": activity, "venue": named.venues.get(part.venue), "room": named.room(part)}
    for name in ("starts_at", "ends_at", "opens_at", "closes_at"):
        values[name] = _in_zone(values[name], named.event)
    slot = named.slots.get(part.slug)
    places_given = {"capacity": part.capacity or 0, **window_of(part, slot, named.draws)}
    values |= {name: places_given.pop(name) for name in ("opens_at", "closes_at") if name in places_given}
    if slot is None:
        slot = tally.put(Slot(), values | places_given)
        tally.session.flush()
        return slot
    if _differs(slot, places_given):
        values |= _places_if_free(tally, slot, places_given)
    if _differs(slot, {name: values[name] for name in _WHEN_AND_WHERE}):
        _move(tally, slot, values)
    else:
        tally.put(slot, values)
    return slot


def _move(tally: Tally, slot: Slot, values: dict[str, Any]) -> None:
    """Give a slot its new time and place as staff would, and tell its parties; what staff have moved stays there."""
    if rescheduling.was_moved_by_staff(tally.session, slot):
        tally.put(slot, {name: value for name, value in values.items() if name not in _WHEN_AND_WHERE})
        tally.kept.append(f"the slot {slot.slug} stays where staff have moved it")
        return
    slot = places.lock(tally.session, slot.id)
    before, starts_at = rescheduling_letters.before(slot), slot.starts_at
    tally.put(slot, {**values, "sequence": slot.sequence + 1})
    mails = rescheduling.note_move(tally.session, slot, before, starts_at, by=tally.by, now=clock.now())
    if mails:
        tally.kept.append(
            f"the bookings of the slot {slot.slug}: its time or place is new, and each party is told by mail"
        )


def _differs(slot: Slot, values: Mapping[str, Any]) -> bool:
    return any(getattr(slot, name) != value for name, value in values.items())


def _places_if_free(tally: Tally, slot: Slot, wanted: dict[str, Any]) -> dict[str, Any]:
    """Allow a new mode and capacity only under the slot's lock and while nobody has anything to lose."""
    if not _is_taken(tally, slot):
        slot = places.lock(tally.session, slot.id)
        if not _is_taken(tally, slot):
            return wanted
    text = f"{slot.mode} with {slot.capacity} places" if slot.capacity else f"{slot.mode}"
    tally.kept.append(f"the slot {slot.slug} stays {text}, since it is booked; staff can change its capacity")
    return {}


def _is_taken(tally: Tally, slot: Slot) -> bool:
    return bool(slot.kept_back) or draw_setup.is_taken(tally.session, slot)


def _drop_slots(tally: Tally, gone: list[Slot]) -> None:
    """Remove slots that are gone from the pack, but none that anybody has ever booked or that staff keep back."""
    for slot in gone:
        wanted = exists().where(Booking.slot_id == slot.id) | exists().where(DrawWish.slot_id == slot.id)
        if tally.session.scalar(select(wanted)) or slot.kept_back_places:
            tally.kept.append(f"the slot {slot.slug} is not in the pack any more, but it has bookings")
        else:
            tally.remove(slot)


def _in_zone(moment: datetime | None, event: Event) -> datetime | None:
    return moment.replace(tzinfo=event.zone) if moment else None
