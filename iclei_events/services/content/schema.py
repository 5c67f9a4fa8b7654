"""The schema of a content pack, version 1: what may stand in ``iclei_events/content/<event>.yaml``.

Each class is one kind of entry, each field one key; a field with a default may be left out and nothing else may be
added. Every text stands in Swedish (``sv``) and English (``en``). Times are local to the event's zone. README.md
tells the same as a table.

``illustrative: true`` marks an example of our own that stands in where public sources are silent: on an activity the
whole of it, on a slot whatever its sources do not give (time, room, number of places), on a room its name or seats.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from iclei_events.models import ActivityKind, Audience, ClashRule, SignatoryKind, SlotMode, Way
from iclei_events.services.content.access_parts import AidsPart, RoutePart
from iclei_events.services.content.values import (
    Age,
    Count,
    Country,
    Day,
    EmailAddress,
    FactIcon,
    Flag,
    Format,
    LanguageCode,
    LongSlug,
    Moment,
    Name,
    Part,
    Party,
    Slug,
    Sources,
    Text,
    Where,
    Words,
    Zone,
)

RESERVED: Final = frozenset({
    "accessibility", "bookings", "calendar", "clashes", "commitment", "contact", "draws", "failed-mails", "my",
    "people", "privacy", "problems", "set-up", "sign-in", "sign-out", "signatories", "slots", "staff", "tickets",
    "waiting-rooms",
})  # fmt: skip
"""First parts of addresses that are pages of their own: an event of such a name could not be reached."""


class EventPart(Part):
    slug: Slug
    title: Text
    short_title: Text | None = None
    motto: Text | None = None
    summary: Text
    description: Text | None = None
    place: Text
    starts_on: Day
    ends_on: Day
    timezone: Zone = "Europe/Stockholm"
    mode: Where
    max_party: Party = 6
    max_places_per_person: Count | None = None
    clashes: ClashRule | None = None
    contact_email: EmailAddress | None = None
    contact_phone: Annotated[Words, Field(max_length=40)] | None = None
    sources: Sources = ()

    @field_validator("slug")
    @classmethod
    def _an_address_of_its_own(cls, value: str) -> str:
        if value in RESERVED:
            raise ValueError("a slug that is not an address of another page")
        return value

    @field_validator("ends_on")
    @classmethod
    def _not_before_the_start(cls, value: date, info: ValidationInfo) -> date:
        starts_on = info.data.get("starts_on")
        if starts_on is not None and value < starts_on:
            raise ValueError(f"the day the event starts, {starts_on}, or a later one")
        return value


class ThemePart(Part):
    slug: Slug
    pictogram: Literal["climate", "nature", "people"]
    title: Text
    summary: Text | None = None


class RoomPart(Part):
    slug: Slug
    name: Annotated[Words, Field(max_length=80)]
    seats: Count | None = None
    illustrative: Flag = False


class VenuePart(Part):
    slug: Slug
    name: Text
    address: Annotated[Words, Field(max_length=200)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    directions: Text | None = None
    rooms: tuple[RoomPart, ...] = ()
    illustrative: Flag = False
    sources: Sources = ()


class TravelTimePart(Part):
    start: Annotated[Slug, Field(alias="from")]
    to: Slug
    way: Way
    minutes: Annotated[int, Field(strict=True, ge=0, le=1440)]

    @field_validator("to")
    @classmethod
    def _elsewhere(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("start"):
            raise ValueError("another venue than the one in from")
        return value


class SpeakerPart(Part):
    slug: LongSlug
    name: Name
    role: Text | None = None
    organisation: Annotated[Words, Field(max_length=200)] | None = None
    sources: Sources = ()


class ContributionPart(Part):
    speaker: LongSlug
    role: Text | None = None


class FactPart(Part):
    icon: FactIcon
    text: Text


class DrawPart(Part):
    slug: LongSlug
    title: Text
    public_source: Text
    """Where the public value comes from, so exactly that everybody comes to the same signs."""
    opens_at: Moment
    closes_at: Moment

    @field_validator("closes_at")
    @classmethod
    def _after_opening(cls, value: datetime, info: ValidationInfo) -> datetime:
        return _after(value, info.data.get("opens_at"), "opens_at")


class SlotPart(Part):
    slug: LongSlug
    starts_at: Moment
    ends_at: Moment
    venue: Slug | None = None
    room: Slug | None = None
    meeting_point: Text | None = None
    languages: tuple[LanguageCode, ...] = ()
    mode: SlotMode = SlotMode.FIRST_COME
    draw: Annotated[LongSlug | None, Field(validate_default=True)] = None
    capacity: Annotated[Count | None, Field(validate_default=True)] = None
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    aids: AidsPart | None = None
    """In place of the activity's."""
    illustrative: Flag = False

    @field_validator("ends_at")
    @classmethod
    def _after_the_start(cls, value: datetime, info: ValidationInfo) -> datetime:
        return _after(value, info.data.get("starts_at"), "the start")

    @field_validator("draw")
    @classmethod
    def _where_lots_are_drawn(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) == (info.data.get("mode") is SlotMode.DRAW):
            raise ValueError("a draw and mode: draw together, or neither")
        return value

    @field_validator("opens_at", "closes_at")
    @classmethod
    def _when_its_draw_does(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and info.data.get("draw") is not None:
            raise ValueError("no time, since the slot opens and closes with its draw")
        return value

    @field_validator("closes_at")
    @classmethod
    def _after_opening(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        return value if value is None else _after(value, info.data.get("opens_at"), "opens_at")

    @field_validator("capacity")
    @classmethod
    def _where_places_are_given_out(cls, value: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("mode") is SlotMode.OPEN and value is not None:
            raise ValueError("no capacity, since the slot's mode is open: it needs no booking")
        if info.data.get("mode") in {SlotMode.FIRST_COME, SlotMode.DRAW} and value is None:
            raise ValueError("a number of places, or mode: open for what needs no booking")
        return value


def _after(value: datetime, earlier: datetime | None, what: str) -> datetime:
    if earlier is not None and value <= earlier:
        raise ValueError(f"a time after {what}, {earlier:%Y-%m-%dT%H:%M}")
    return value


class ActivityPart(Part):
    slug: LongSlug
    kind: ActivityKind
    title: Text
    summary: Text
    description: Text | None = None
    keywords: Text | None = None
    """Words people may search for that stand in no text of the activity; never shown."""
    theme: Slug | None = None
    format: Format | None = None
    mode: Where = "in_person"
    audience: Audience = Audience.EVERYONE
    max_party: Party | None = None
    min_age: Age | None = None
    children_need_adult: Flag = True
    pictogram: Literal["hamnen", "botildenborg", "siptex", "hyllie", "party"] | None = None
    facts: tuple[FactPart, ...] = ()
    route: RoutePart | None = None
    aids: AidsPart | None = None
    speakers: tuple[ContributionPart, ...] = ()
    illustrative: Flag = False
    sources: Sources = ()
    slots: tuple[SlotPart, ...]


class ElementPart(Part):
    slug: Slug
    title: Text
    text: Text


class PhasePart(Part):
    slug: Slug
    title: Text
    text: Text | None = None


class ChallengePart(Part):
    slug: Slug
    title: Text


class QuestionPart(Part):
    question: Text
    answer: Text


class CommitmentPart(Part):
    version: Annotated[str, Field(min_length=1, max_length=20)]
    title: Text
    purpose: Text
    elements: tuple[ElementPart, ...]
    phases: tuple[PhasePart, ...] = ()
    challenges: tuple[ChallengePart, ...] = ()
    questions: tuple[QuestionPart, ...] = ()
    launched_on: Day
    sources: Sources = ()


class SignatoryPart(Part):
    slug: LongSlug
    name: Name
    country: Country
    kind: SignatoryKind
    standing: Literal["early_adopter", "reported", "announced_before"]
    signed_on: Day | None = None
    note: Text | None = None
    sources: Sources = ()

    @field_validator("signed_on")
    @classmethod
    def _only_of_who_signed(cls, value: date | None, info: ValidationInfo) -> date | None:
        if value is not None and info.data.get("standing") == "announced_before":
            raise ValueError("no day, since the standing announced_before says that nothing was signed")
        return value


class Pack(Part):
    event: EventPart
    themes: tuple[ThemePart, ...] = ()
    venues: tuple[VenuePart, ...] = ()
    travel_times: tuple[TravelTimePart, ...] = ()
    speakers: tuple[SpeakerPart, ...] = ()
    draws: tuple[DrawPart, ...] = ()
    activities: tuple[ActivityPart, ...] = ()
    commitment: CommitmentPart | None = None
    signatories: tuple[SignatoryPart, ...] = ()
