"""An account of the staff from its invitation: a name and a password, then a second factor, then it is ready.

An invitation is used up when the second factor has been shown, so whoever breaks off begins again with the same
link. A new invitation for an account that is ready lets its owner choose a new password, and asks for the second
factor it already has.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Staff
from iclei_events.services import attempts, log, passwords, refusals, second_factor, sign_in
from iclei_events.services.addresses import email_key
from iclei_events.services.staff import Invitation, invited, invited_in, note, open_invitation


def accept(token: str, *, name: str, password: str, language: str) -> None:
    """The first step of an account: a name and a password, and a secret for the second factor to come.

    Raises ``UnfitPassword``, ``InvitationOver``, or ``NotPermitted`` for an account that has a second factor already.
    """
    invited(token)
    password_hash = passwords.hashed(password)
    with transaction() as session:
        staff = attempts.locked(session, invited_in(session, token).id)
        if staff.is_set_up:
            raise refusals.NotPermitted
        staff.name, staff.password_hash, staff.language = name, password_hash, language
        staff.totp_secret, staff.totp_last_step, staff.recovery_hashes = second_factor.new_secret(), None, []


def confirm(token: str, code: str) -> tuple[str, list[str]]:
    """The second step: a code of the app. Returns the token of a signed-in browser and the recovery codes.

    Uses the invitation up. Raises ``SignInRefused`` for a wrong code, ``InvitationOver``.
    """
    moment = clock.machine_time()
    with transaction() as session:
        staff = attempts.locked(session, invited_in(session, token).id)
        if staff.is_set_up:
            raise refusals.NotPermitted
        if staff.password_hash is None or second_factor.use(staff, code, moment) is None:
            raise sign_in.SignInRefused
        codes = second_factor.new_recovery_codes()
        staff.recovery_hashes = [second_factor.recovery_hash(code) for code in codes]
        note(session, "set_up", log.staff(staff.id), staff.id)
        return _use_up(session, staff), codes


def renew_password(token: str, *, password: str, code: str) -> str:
    """A new password for an account that is set up; its second factor stays and must be shown.

    Ends all its sign-ins and returns the token of a new one. Raises ``UnfitPassword``, ``SignInRefused``,
    ``InvitationOver``.
    """
    moment = clock.machine_time()
    invited(token)
    password_hash = passwords.hashed(password)
    signed_in: str | None = None
    with transaction() as session:
        staff = attempts.locked(session, invited_in(session, token).id)
        if not staff.is_set_up:
            raise refusals.NotPermitted
        if attempts.is_waiting(staff, moment):
            raise sign_in.SignInRefused
        if second_factor.use(staff, code, moment) is None:
            attempts.count_failure(staff, moment)
            note(session, "second_factor_refused", log.staff(staff.id), staff.id)
        else:
            staff.password_hash = password_hash
            note(session, "renew_password", log.staff(staff.id), staff.id)
            signed_in = _use_up(session, staff)
    if signed_in is None:
        raise sign_in.SignInRefused
    return signed_in


def _use_up(session: Session, staff: Staff) -> str:
    """End the invitation and every older sign-in; returns the token of a new one."""
    staff.invitation_hash = staff.invitation_until = None
    sign_in.end_all(session, staff.id)
    return sign_in.begin(session, staff, clock.machine_time(), complete=True)


def forget_second_factor(email: str, *, by: log.Actor) -> Invitation:
    """For somebody who lost phone and recovery codes: the account is set up anew, by a new link.

    Only the command line calls this: whoever can run it could change the database as well. Raises ``NotActive``.
    """
    token = sign_in.new_token()
    with transaction() as session:
        staff = session.scalar(select(Staff).where(Staff.email_key == email_key(email)))
        if staff is None or staff.disabled_at is not None:
            raise refusals.NotActive
        staff.password_hash = staff.totp_secret = staff.totp_last_step = None
        staff.recovery_hashes = []
        open_invitation(staff, token)
        sign_in.end_all(session, staff.id)
        note(session, "forget_second_factor", by, staff.id)
        return Invitation(staff.id, token)
