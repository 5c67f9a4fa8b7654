"""Proofs of work: a task that a browser solves by itself while its person fills in the form.

It costs a person nothing and a script that sends thousands of forms as much computing for each. No third party has a
part in it, and nothing about the visitor is kept. The tasks are ALTCHA's, second version: find the counter under which
PBKDF2 gives the announced key. Where the counter lies is drawn within narrow bounds, so that nobody waits for long by
bad luck, and only we can tell without computing anew whether an answer is right.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Final

from altcha import Payload, create_challenge, verify_solution
from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import UsedProof
from iclei_events.services import links, refusals

ALGORITHM: Final = "PBKDF2/SHA-256"
ROUNDS: Final = 2000
"""Of PBKDF2 for each counter that is tried: enough that a browser spends its time computing, not calling."""

FEWEST_TRIES: Final = 75
MOST_TRIES: Final = 125
"""100 tries of 2,000 rounds on average: README says how long a phone takes for that."""

LASTS: Final = timedelta(minutes=20)
"""How long a form may stay open before its proof is worth nothing."""

LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was found right: ``challenge`` names it, so that it is used once."""

    challenge: str
    expires_at: datetime


def challenge_for(purpose: str, now: datetime, key: str) -> str:
    """A new task as text that an attribute may carry. ``purpose`` says what its proof will be good for."""
    until = int((now + LASTS).timestamp())
    challenge = create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=FEWEST_TRIES + secrets.randbelow(MOST_TRIES - FEWEST_TRIES + 1),
        data={"for": purpose, "until": until},
        hmac_secret=_challenge_key(key),
        hmac_key_secret=_answer_key(key),
    )
    return b64encode(dumps(challenge.to_dict()).encode()).decode()


def read(given: str, purpose: str, now: datetime, keys: Sequence[str]) -> Proof:
    """The proof that a form brought. Raises ``ProofWorthless`` where it is wrong, too old or for something else."""
    try:
        payload = Payload.from_base64(given[:LONGEST])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise refusals.ProofWorthless from None
    if not any(_is_right(payload, key) for key in keys):
        raise refusals.ProofWorthless
    data = payload.challenge.parameters.data or {}
    expires_at = datetime.fromtimestamp(data["until"], UTC)
    if data["for"] != purpose or expires_at <= now:
        raise refusals.ProofWorthless
    return Proof(str(payload.challenge.signature), expires_at)


def _is_right(payload: Payload, key: str) -> bool:
    return verify_solution(payload, _challenge_key(key), hmac_key_secret=_answer_key(key)).verified


def _challenge_key(key: str) -> str:
    return links.secret_for("proof", "challenge", key)


def _answer_key(key: str) -> str:
    return links.secret_for("proof", "answer", key)


def is_used(session: Session, proof: Proof) -> bool:
    return bool(session.scalar(select(exists().where(UsedProof.challenge == proof.challenge))))


def use_up(session: Session, proof: Proof | None) -> None:
    """Keep that a proof was used. Raises ``ProofWorthless`` where it was before, be it in the same moment."""
    if proof is None:
        return
    try:
        with session.begin_nested():
            session.add(UsedProof(challenge=proof.challenge, expires_at=proof.expires_at))
    except IntegrityError:
        raise refusals.ProofWorthless from None


def forget_expired() -> int:
    """The worker's round: what has expired is refused without being looked up; returns how many."""
    with transaction() as session:
        expired = delete(UsedProof).where(UsedProof.expires_at <= clock.now()).returning(UsedProof.challenge)
        return len(session.execute(expired.execution_options(synchronize_session=False)).all())
