"""The two languages: which there are, and text that exists in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, Literal, cast

from babel.dates import format_date

Language = Literal["sv", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("sv", "en")
DEFAULT_LANGUAGE: Final[Language] = "sv"
NAMES: Final[dict[Language, str]] = {"sv": "Svenska", "en": "English"}
"""Each language's own name for itself, the same on every page."""


def is_language(code: object) -> bool:
    return code in LANGUAGES


def as_language(code: str | None) -> Language:
    """The language of that code, Swedish when in doubt."""
    return cast("Language", code) if is_language(code) else DEFAULT_LANGUAGE


def write_time(local: datetime, language: str) -> str:
    """09.30 in Swedish, 09:30 in English; the moment stands in its own zone already."""
    return local.strftime("%H.%M" if language == "sv" else "%H:%M")


@lru_cache(maxsize=1024)
def write_day(day: date, language: str, pattern: str = "d MMMM") -> str:
    """14 maj, 14 May; other CLDR patterns likewise, such as ``EEEE d MMMM y``."""
    return format_date(day, pattern, locale="sv" if language == "sv" else "en_GB")


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in both languages. Frozen, so that a changed text is always a new value the database sees."""

    sv: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in that language; Swedish where a translation is missing (tests count those: 0)."""
        return (self.en if language == "en" else self.sv) or self.sv

    @classmethod
    def from_mapping(cls, texts: Mapping[str, str]) -> Bilingual:
        return cls(sv=texts["sv"], en=texts["en"])

    def as_dict(self) -> dict[str, str]:
        return {"sv": self.sv, "en": self.en}
