"""The Malmö Commitment: its text by version, who has signed, and who of the staff has checked it."""

from __future__ import annotations

import enum
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.types import BilingualText, JsonDocument, UtcDateTime, choice, new_reference

if TYPE_CHECKING:
    from iclei_events.models.staff import Staff


class SignatoryStatus(enum.StrEnum):
    SUBMITTED = "submitted"  # the form was sent; the contact has not yet confirmed the address
    CONFIRMED = "confirmed"  # the contact has confirmed; staff check mandate and signer
    PUBLISHED = "published"
    DECLINED = "declined"


class SignatoryKind(enum.StrEnum):
    CITY = "city"
    REGION = "region"
    STATE = "state"
    METROPOLITAN_AREA = "metropolitan_area"


class Standing(enum.StrEnum):
    """How a published signatory came into the register."""

    EARLY_ADOPTER = "early_adopter"  # in the list of those who signed at the launch
    REPORTED = "reported"  # one other public source says so
    ANNOUNCED_BEFORE = "announced_before"  # named before the signing only: not shown as signed
    SIGNED_HERE = "signed_here"  # through this app's form


VERIFICATIONS_NEEDED: Final = 2
"""How many different people of the staff must have checked mandate and signer before a signing is published."""


NAME_KEY_LENGTH: Final = 160


def name_key(name: str) -> str:
    """Return a name as it is compared: composed, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())[:NAME_KEY_LENGTH]


class Commitment(Base):
    """One version of the commitment's text. Lists hold ``{"slug", "title": {sv, en}, "text": {sv, en}}`` entries.

    ``digest`` is the SHA-256 (hex) of the canonical JSON of both languages: what was signed can be shown to be this.
    """

    __tablename__ = "commitment"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[Bilingual] = mapped_column(BilingualText)
    purpose: Mapped[Bilingual] = mapped_column(BilingualText)
    elements: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    phases: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    challenges: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    questions: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    launched_on: Mapped[date]
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    digest: Mapped[str] = mapped_column(String(64))


IN_REGISTER: Final = "status in ('confirmed', 'published') and standing <> 'announced_before'"


class Signatory(Base):
    """A city or region under the commitment. ``country`` is ISO 3166-1 alpha-2; contact details are never public.

    ``reference`` names a signing from the form to its end; ``slug`` becomes its public address when it is published.
    """

    __tablename__ = "signatory"
    __table_args__ = (
        CheckConstraint("(status = 'published') = (published_at is not null)", name="published_has_its_day"),
        # One signatory of a name: an unconfirmed form blocks nobody, and to be named beforehand is not to have signed.
        Index(
            "uq_signatory_in_register",
            "name_key",
            "country",
            "kind",
            unique=True,
            postgresql_where=text(IN_REGISTER),
            sqlite_where=text(IN_REGISTER),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commitment_id: Mapped[int] = mapped_column(ForeignKey("commitment.id", ondelete="RESTRICT"), index=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True, default=new_reference)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(NAME_KEY_LENGTH))
    country: Mapped[str] = mapped_column(String(2))
    kind: Mapped[SignatoryKind] = mapped_column(choice(SignatoryKind))
    standing: Mapped[Standing] = mapped_column(choice(Standing))
    status: Mapped[SignatoryStatus] = mapped_column(choice(SignatoryStatus))
    signed_on: Mapped[date | None]
    note: Mapped[Bilingual | None] = mapped_column(BilingualText)
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    challenges: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)

    signer_name: Mapped[str | None] = mapped_column(String(120))
    signer_role: Mapped[str | None] = mapped_column(String(120))
    mandate: Mapped[str | None] = mapped_column(String(200))
    """Which body decided, with its reference."""
    mandate_on: Mapped[date | None]
    contact_name: Mapped[str | None] = mapped_column(String(120))
    contact_email: Mapped[str | None] = mapped_column(String(254))
    contact_email_key: Mapped[str | None] = mapped_column(String(254), index=True)
    language: Mapped[str] = mapped_column(String(2), default="en")
    salt: Mapped[str | None] = mapped_column(String(32))
    idempotency_key: Mapped[str | None] = mapped_column(String(64), unique=True)

    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_because: Mapped[str | None] = mapped_column(String(500))

    commitment: Mapped[Commitment] = relationship()
    verifications: Mapped[list[Verification]] = relationship(
        back_populates="signatory", order_by="Verification.id", cascade="all, delete-orphan"
    )

    @validates("name")
    def _keep_name_key(self, _field: str, name: str) -> str:
        self.name_key = name_key(name)
        return name

    @property
    def may_be_published(self) -> bool:
        """Whether the contact has confirmed and enough of the staff have checked it."""
        return self.status is SignatoryStatus.CONFIRMED and len(self.verifications) >= VERIFICATIONS_NEEDED

    @property
    def has_signed(self) -> bool:
        """Whether the register shows it as a signatory; being named before the signing is not signing."""
        return self.status is SignatoryStatus.PUBLISHED and self.standing is not Standing.ANNOUNCED_BEFORE


class Verification(Base):
    """One staff member's word that mandate and signer were checked; two different people are needed to publish."""

    __tablename__ = "verification"
    __table_args__ = (UniqueConstraint("signatory_id", "staff_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    signatory_id: Mapped[int] = mapped_column(ForeignKey("signatory.id", ondelete="CASCADE"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime)

    signatory: Mapped[Signatory] = relationship(back_populates="verifications")
    staff: Mapped[Staff] = relationship()
