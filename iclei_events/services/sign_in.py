"""Signing in: a password, then a second factor; a browser stays signed in as long as its row here says so.

Every time is the machine's, not the demo's: how long a sign-in lasts must not depend on a clock that can be set.
A browser holds a token, the database its hash, and each step gives a new token. Refusals are all alike, so that
nobody learns which addresses exist; the log knows the reason.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Grant, SignIn, Staff
from iclei_events.services import attempts, log, passwords, second_factor
from iclei_events.services.addresses import email_key
from iclei_events.services.refusals import Refusal

IDLE_LIMIT: Final = timedelta(minutes=30)
ABSOLUTE_LIMIT: Final = timedelta(hours=12)
SECOND_STEP_LIMIT: Final = timedelta(minutes=10)
SEEN_EVERY: Final = timedelta(minutes=1)
"""How often a signed-in browser's last sight is written down."""
MOST_CODES: Final = 5
"""Wrong codes after which a sign-in begins again with the password."""


class SignInRefused(Refusal):
    """Wrong, locked, disabled or unknown: whoever asks is not told which."""


class SignInEnded(Refusal):
    """The first step is too old or had too many wrong codes: it begins again with the password."""


def token_hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def new_token() -> str:
    """192 random bits."""
    return secrets.token_urlsafe(24)


def start(email: str, password: str) -> str:
    """The first step; returns the token for the second. Takes as long for an unknown address as for a known one.

    The attempt is counted before the password is looked at, so that many at once get no more tries than one
    after another. Raises ``SignInRefused``.
    """
    moment = clock.machine_time()
    staff_id, reason, password_hash = _count_attempt(email, moment)
    right = passwords.matches(password, password_hash)
    with transaction() as session:
        if not right or staff_id is None:
            by = log.Actor("staff", staff_id)
            log.record(session, "sign_in_refused", by=by, at=clock.now(), details={"reason": reason or "password"})
            token = None
        else:
            staff = attempts.locked(session, staff_id)
            staff.failed_attempts, staff.locked_until = max(0, staff.failed_attempts - 1), None
            token = begin(session, staff, moment, complete=False)
    if token is None:
        raise SignInRefused
    return token


def _count_attempt(email: str, moment: datetime) -> tuple[int | None, str | None, str | None]:
    """The account's id, why it may not try now, and the hash to check (none where it may not).

    Each attempt writes a line, known address or not: a commit with nothing to write would be quicker.
    """
    with transaction() as session:
        staff_id = session.scalar(select(Staff.id).where(Staff.email_key == email_key(email)))
        log.record(session, "sign_in_attempt", by=log.Actor("staff", staff_id), at=clock.now())
        if staff_id is None:
            return None, "unknown", None
        staff = attempts.locked(session, staff_id)
        if staff.disabled_at is not None or not staff.is_set_up:
            return staff_id, "not_active", None
        if attempts.is_waiting(staff, moment):
            return staff_id, "waiting", None
        attempts.count_failure(staff, moment)
        return staff_id, None, staff.password_hash


def begin(session: Session, staff: Staff, moment: datetime, *, complete: bool) -> str:
    """Open a sign-in in the caller's transaction; ``complete`` when the second factor has been shown already."""
    token = new_token()
    session.add(
        SignIn(
            staff_id=staff.id,
            token_hash=token_hash(token),
            created_at=moment,
            seen_at=moment,
            second_factor_at=moment if complete else None,
        )
    )
    if complete:
        staff.failed_attempts, staff.locked_until = 0, None
        log.record(session, "sign_in", by=log.staff(staff.id), at=clock.now())
    return token


def finish(token: str, code: str) -> str:
    """The second step; returns the token of the signed-in browser.

    Raises ``SignInRefused`` where the code is wrong or the account has to wait, ``SignInEnded`` where the first
    step is over.
    """
    moment = clock.machine_time()
    refusal: Refusal | None = None
    with transaction() as session:
        pending = _pending(session, token, moment)
        if pending is None:
            raise SignInEnded
        staff = attempts.locked(session, pending.staff_id)
        session.refresh(pending)
        if pending.ended_at is not None or pending.second_factor_at is not None or staff.disabled_at is not None:
            raise SignInEnded
        kind = None if attempts.is_waiting(staff, moment) else second_factor.use(staff, code, moment)
        if kind is None:
            refusal = _refuse_code(session, pending, staff, moment)
        else:
            pending.ended_at = moment
            log.record(session, "second_factor", by=log.staff(staff.id), at=clock.now(), details={"kind": kind})
            token = begin(session, staff, moment, complete=True)
    if refusal is not None:
        raise refusal
    return token


def _pending(session: Session, token: str, moment: datetime) -> SignIn | None:
    return session.scalar(
        select(SignIn).where(
            SignIn.token_hash == token_hash(token),
            SignIn.ended_at.is_(None),
            SignIn.second_factor_at.is_(None),
            SignIn.created_at > moment - SECOND_STEP_LIMIT,
        )
    )


def _refuse_code(session: Session, pending: SignIn, staff: Staff, moment: datetime) -> Refusal:
    """Count a wrong code against the sign-in and the account; while the account waits nothing is counted."""
    waiting = attempts.is_waiting(staff, moment)
    if not waiting:
        attempts.count_failure(staff, moment)
    pending.second_factor_failures += 1
    log.record(
        session, "second_factor_refused", by=log.staff(staff.id), at=clock.now(),
        details={"reason": "waiting" if waiting else "code"},
    )  # fmt: skip
    if pending.second_factor_failures < MOST_CODES:
        return SignInRefused()
    pending.ended_at = moment
    return SignInEnded()


def is_pending(token: str) -> bool:
    """Whether the first step is done and the second still to come."""
    return _pending(db.session(), token, clock.machine_time()) is not None


def current(token: str) -> SignIn | None:
    """The signed-in browser with its staff and their roles, or None where it is not (or no longer) signed in."""
    moment = clock.machine_time()
    found = _signed_in(token, moment)
    if found is not None and moment - found.seen_at >= SEEN_EVERY:
        with transaction() as session:
            session.execute(update(SignIn).where(SignIn.id == found.id).values(seen_at=moment))
        found = _signed_in(token, moment)
    return found


def _signed_in(token: str, moment: datetime) -> SignIn | None:
    return db.session.scalar(
        select(SignIn)
        .join(SignIn.staff)
        .where(
            SignIn.token_hash == token_hash(token),
            SignIn.ended_at.is_(None),
            SignIn.second_factor_at.is_not(None),
            SignIn.seen_at > moment - IDLE_LIMIT,
            SignIn.created_at > moment - ABSOLUTE_LIMIT,
            Staff.disabled_at.is_(None),
        )
        .options(joinedload(SignIn.staff).options(selectinload(Staff.grants).joinedload(Grant.event)))
    )


def end(token: str) -> None:
    """Sign out, on the server; doing it twice is doing it once."""
    with transaction() as session:
        found = session.scalar(
            update(SignIn)
            .where(SignIn.token_hash == token_hash(token), SignIn.ended_at.is_(None))
            .values(ended_at=clock.machine_time())
            .returning(SignIn.staff_id)
        )
        if found is not None:
            log.record(session, "sign_out", by=log.staff(found), at=clock.now())


def end_all(session: Session, staff_id: int) -> None:
    """End every sign-in of an account, in the caller's transaction."""
    session.execute(
        update(SignIn)
        .where(SignIn.staff_id == staff_id, SignIn.ended_at.is_(None))
        .values(ended_at=clock.machine_time())
    )
