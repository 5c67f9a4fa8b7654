"""The Malmö Commitment: its text, and the register of who has signed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import raiseload

from iclei_events.db import db
from iclei_events.models import Commitment, Signatory, SignatoryStatus, Standing
from iclei_events.services.collation import sort_key

LOCALES: Final = {"sv": "sv", "en": "en_GB"}
NOT_COUNTRIES: Final = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
"""Codes that Babel knows beside ISO 3166-1: outlying islands, unions and test codes. XK (Kosovo) is left in."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country of the register: its name in one language, and its signatories in that language's order."""

    code: str
    name: str
    signatories: tuple[Signatory, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Who has signed, by country; ``announced`` were named before the signing only and are never counted."""

    countries: tuple[Country, ...]
    announced: tuple[Signatory, ...]

    def of_standing(self, standing: Standing) -> list[Signatory]:
        return [one for country in self.countries for one in country.signatories if one.standing == standing]

    @property
    def count(self) -> int:
        return sum(len(country.signatories) for country in self.countries)


@cache
def country_names(language: str) -> dict[str, str]:
    """Return the countries by ISO 3166-1 alpha-2 code, in the order of their names in ``language``."""
    territories = Locale.parse(LOCALES[language]).territories.items()
    names = {code: name for code, name in territories if len(code) == 2 and code.isalpha()}  # noqa: PLR2004  alpha-2
    in_order = sorted(names.items(), key=lambda item: sort_key(item[1], language))
    return {code: name for code, name in in_order if code not in NOT_COUNTRIES}


def country_name(code: str, language: str) -> str:
    return country_names(language).get(code, code)


def current() -> Commitment | None:
    """Find the newest text of the commitment; None where no content pack has brought one."""
    return db.session.scalars(select(Commitment).order_by(Commitment.launched_on.desc()).limit(1)).first()


def register(language: str) -> Register:
    """Everybody in the register, in the order of ``language``."""
    published = select(Signatory).where(Signatory.status == SignatoryStatus.PUBLISHED).options(raiseload("*"))
    everybody = sorted(db.session.scalars(published), key=lambda one: sort_key(one.name, language))
    by_country: dict[str, list[Signatory]] = {}
    for signatory in everybody:
        if signatory.has_signed:
            by_country.setdefault(signatory.country, []).append(signatory)
    countries = [Country(code, country_name(code, language), tuple(group)) for code, group in by_country.items()]
    countries.sort(key=lambda country: sort_key(country.name, language))
    return Register(tuple(countries), tuple(_only_announced(everybody)))


def _only_announced(everybody: list[Signatory]) -> Iterable[Signatory]:
    """Who was named before the signing and has not signed since."""
    signed = {(one.name_key, one.country) for one in everybody if one.has_signed}
    return (one for one in everybody if not one.has_signed and (one.name_key, one.country) not in signed)


def find_published(slug: str) -> Signatory | None:
    return db.session.scalars(
        select(Signatory).where(Signatory.slug == slug, Signatory.status == SignatoryStatus.PUBLISHED)
    ).one_or_none()


def open_record(signatory: Signatory) -> dict[str, Any]:
    """Tell what the open register says about one of them: facts and sources, nobody's name or address."""
    return {
        "slug": signatory.slug,
        "name": signatory.name,
        "country": signatory.country,
        "country_name": {language: country_name(signatory.country, language) for language in LOCALES},
        "kind": signatory.kind.value,
        "standing": signatory.standing.value,
        "signed_on": signatory.signed_on.isoformat() if signatory.signed_on else None,
        "decided_by": signatory.mandate,
        "decided_on": signatory.mandate_on.isoformat() if signatory.mandate_on else None,
        "challenges": signatory.challenges,
        "note": signatory.note.as_dict() if signatory.note else None,
        "sources": signatory.sources,
    }
