"""The kinds of value a content pack may hold, each with the sentence that says what is accepted."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from iclei_events.i18n import Bilingual
from iclei_events.models import MOST_AIDS

ON_REQUEST: Final = "on_request"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _a_date(value: object) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("a date such as 2022-05-14")
    return value


def _a_moment(value: object) -> str:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("a local date and time such as 2022-05-14T10:30")
    return value


def _a_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("a zone of the IANA database such as Europe/Stockholm") from error
    return value


def _how_many(value: object) -> int | None:
    """A number of places; none where staff answer each time."""
    if value == ON_REQUEST:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_AIDS:
        raise ValueError(f"a number from 0 to {MOST_AIDS}, or {ON_REQUEST}")
    return value


Slug = Annotated[str, Field(pattern=_SLUG, max_length=60)]
LongSlug = Annotated[str, Field(pattern=_SLUG, max_length=80)]
Day = Annotated[date, BeforeValidator(_a_date)]
Moment = Annotated[datetime, BeforeValidator(_a_moment)]
"""A date and time without zone: the event's zone is meant."""
Count = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Aid = Annotated[int | None, BeforeValidator(_how_many)]
"""How many there are of an aid; in a pack ``on_request`` where staff answer each time."""
Age = Annotated[int, Field(strict=True, ge=0, le=120)]
Party = Annotated[int, Field(strict=True, ge=1, le=50)]
Flag = Annotated[bool, Field(strict=True)]
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
Name = Annotated[Words, Field(max_length=120)]
Sources = tuple[Annotated[Words, Field(max_length=500)], ...]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Zone = Annotated[str, Field(max_length=40), AfterValidator(_a_zone)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Where = Literal["in_person", "virtual", "hybrid"]
Format = Literal[
    "plenary", "high_level_dialogue", "session", "workshop", "mobile_workshop", "side_meeting", "research_symposium",
    "market_place", "governance_meeting", "press", "social", "networking", "webinar", "contribution", "tour", "party",
]  # fmt: skip
FactIcon = Literal["place", "time", "access", "hearing", "people", "language", "food", "bus", "weather"]


class Part(BaseModel):
    """What all entries share: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Part):
    sv: Words
    en: Words

    @property
    def both(self) -> Bilingual:
        return Bilingual(sv=self.sv, en=self.en)
