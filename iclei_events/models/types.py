"""Column types that both databases keep alike: UTC moments, texts in two languages, named choices, secrets."""

from __future__ import annotations

import enum
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from iclei_events.i18n import Bilingual

SECRET_BYTES = 16  # 128 bits: what no guess reaches (ASVS 11.5.1)
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0/O, 1/I/L and U: read aloud at a meeting point
REFERENCE_LENGTH = 8

JsonDocument = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always with zone; stored and returned in UTC. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a moment needs a zone; got {value.isoformat()}"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class BilingualText(TypeDecorator[Bilingual]):
    """A ``Bilingual`` kept as ``{"sv": …, "en": …}``."""

    impl = JsonDocument
    cache_ok = True

    def process_bind_param(self, value: Bilingual | None, dialect: Dialect) -> dict[str, str] | None:
        return None if value is None else value.as_dict()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Bilingual | None:
        return None if value is None else Bilingual.from_mapping(value)


def choice(of: type[enum.StrEnum]) -> Enum:
    """A column that holds one of the values of a ``StrEnum``, kept as its text and checked by the database."""
    return Enum(
        of,
        native_enum=False,
        create_constraint=True,
        length=24,
        name=of.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def new_secret() -> str:
    """128 random bits from the system's source, safe in an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_reference() -> str:
    """A short reference a person can read aloud. It names a booking and opens nothing: that takes the secret."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))
