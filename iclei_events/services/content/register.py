"""The commitment of a content pack and its first signatories.

A text that somebody has signed here does not change any more: a new text needs a new version. Signatories who came
through the form are theirs to speak for, so a pack leaves them alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import exists, select

from iclei_events import clock
from iclei_events.models import Commitment, Signatory, SignatoryStatus, Standing
from iclei_events.services.content.schema import CommitmentPart, SignatoryPart
from iclei_events.services.content.tally import Tally, columns


def load_commitment(tally: Tally, part: CommitmentPart, signatories: Iterable[SignatoryPart]) -> None:
    commitment = tally.session.scalar(select(Commitment).where(Commitment.version == part.version)) or Commitment()
    fingerprint = digest(part)
    if commitment.digest not in {None, fingerprint} and _is_signed_here(tally, commitment):
        tally.kept.append(f"the text {part.version} of the commitment, since it has been signed; give a new version")
    else:
        tally.put(commitment, {**columns(part), "digest": fingerprint})
    for signatory in signatories:
        _load_signatory(tally, commitment, signatory)


def digest(part: CommitmentPart) -> str:
    """Compute the SHA-256 (hex) of what is signed, in both languages: version, title, purpose and elements."""
    signed = part.model_dump(mode="json", include={"version", "title", "purpose", "elements"})
    canonical = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _is_signed_here(tally: Tally, commitment: Commitment) -> bool:
    signed = exists().where(Signatory.commitment_id == commitment.id, Signatory.standing == Standing.SIGNED_HERE)
    return bool(tally.session.scalar(select(signed)))


def _load_signatory(tally: Tally, commitment: Commitment, part: SignatoryPart) -> None:
    signatory = tally.session.scalar(select(Signatory).where(Signatory.slug == part.slug))
    values = columns(part) | {"standing": Standing(part.standing), "commitment": commitment}
    if signatory is None:
        tally.put(Signatory(), values | {"status": SignatoryStatus.PUBLISHED, "published_at": clock.now()})
    elif signatory.standing is Standing.SIGNED_HERE:
        tally.kept.append(f"the signatory {part.slug}, who has used the form")
    else:
        tally.put(signatory, values)
