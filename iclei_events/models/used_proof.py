"""Used proofs: each proof of work is good for one booking, and kept until it has expired. Tells of nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from iclei_events.db import Base
from iclei_events.models.types import UtcDateTime


class UsedProof(Base):
    """``challenge`` is the challenge's signature. The row is stored with the booking, in the same transaction."""

    __tablename__ = "used_proof"

    challenge: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
