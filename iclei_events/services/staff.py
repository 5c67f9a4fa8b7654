"""The staff: who is invited, and who may do what.

An invitation is a link with a token; the database keeps the token's hash. What becomes of it stands in
``services.accounts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Event, Grant, Staff, StaffRole
from iclei_events.services import log, refusals, sign_in
from iclei_events.services.addresses import email_key

INVITATION_TIME: Final = timedelta(days=7)
DEMO_EMAIL: Final = "organiser@malmo.example"

MAY: Final[dict[StaffRole, frozenset[StaffRole]]] = {
    StaffRole.ADMIN: frozenset({StaffRole.ADMIN}),
    StaffRole.EDITOR: frozenset({StaffRole.ADMIN, StaffRole.EDITOR}),
    StaffRole.ORGANISER: frozenset({StaffRole.ADMIN, StaffRole.EDITOR, StaffRole.ORGANISER}),
    StaffRole.DOOR: frozenset({StaffRole.ADMIN, StaffRole.ORGANISER, StaffRole.DOOR}),
    StaffRole.VIEWER: frozenset(StaffRole),
}
"""Who may do the work of each role: those above it too, but an editor has no business at the door."""


class InvitationOver(refusals.Refusal):
    """The link was used, replaced by a newer one, or is older than a week."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the link of an invitation carries; the token is shown once and kept nowhere."""

    staff_id: int
    token: str

    def link(self, base_url: str, language: str = "sv") -> str:
        """The link under the site's configured address, never under the one a request came by."""
        return f"{base_url}/{language}/staff/set-up?key={self.token}"


def may(staff: Staff, role: StaffRole, event: Event | None) -> bool:
    """Whether a person may do a role's work at an event; without an event, at all of them."""
    events = {None} if event is None else {None, event.id}
    return any(grant.role in MAY[role] and grant.event_id in events for grant in staff.grants)


def find(staff_id: int) -> Staff | None:
    return db.session.get(Staff, staff_id)


def everybody() -> list[Staff]:
    """All of the staff with their roles, by name."""
    people = db.session.scalars(select(Staff).options(selectinload(Staff.grants).joinedload(Grant.event)))
    return sorted(people, key=lambda person: person.label.casefold())


def events_of(staff: Staff) -> list[Event]:
    """The events at which a person has a role, the latest first."""
    query = select(Event).order_by(Event.starts_on.desc(), Event.id)
    if all(grant.event_id is not None for grant in staff.grants):
        query = query.where(Event.id.in_([grant.event_id for grant in staff.grants]))
    return list(db.session.scalars(query))


def invite(email: str, role: StaffRole, event: Event | None, *, by: log.Actor, language: str = "sv") -> Invitation:
    """Invite an address to a role at an event (without one: at all). Raises ``NotActive`` for a disabled account."""
    event_id = event.id if event is not None else None
    try:
        return _invite(email, role, event_id, by=by, language=language)
    except IntegrityError:  # somebody else invited the same address in the same moment: now the account is there
        return _invite(email, role, event_id, by=by, language=language)


def _invite(email: str, role: StaffRole, event_id: int | None, *, by: log.Actor, language: str) -> Invitation:
    token = sign_in.new_token()
    with transaction() as session:
        staff = session.scalar(select(Staff).where(Staff.email_key == email_key(email)))
        if staff is None:
            staff = Staff(email=email, email_key=email_key(email), language=language, created_at=clock.now())
            session.add(staff)
            session.flush()
        if staff.disabled_at is not None:
            raise refusals.NotActive
        _add_grant(session, staff, role, event_id)
        open_invitation(staff, token)
        note(session, "invite", by, staff.id, role=role.value, event=event_id)
        return Invitation(staff.id, token)


def open_invitation(staff: Staff, token: str) -> None:
    """Let a token invite the person from now on, in the caller's transaction; an older one is dead."""
    staff.invitation_hash = sign_in.token_hash(token)
    staff.invitation_until = clock.machine_time() + INVITATION_TIME


def demo_invitation(base_url: str) -> str:
    """The link the demo prints at its start: to set its admin up, or to sign in where that has been done."""
    known = db.session.scalar(select(Staff).where(Staff.email_key == email_key(DEMO_EMAIL)))
    if known is not None and (known.is_set_up or known.disabled_at is not None):
        return f"{base_url}/sv/staff/sign-in"
    return invite(DEMO_EMAIL, StaffRole.ADMIN, None, by=log.DEMO).link(base_url)


def invited(token: str) -> Staff:
    """Whom a token invites. Raises ``InvitationOver``."""
    return invited_in(db.session(), token)


def invited_in(session: Session, token: str) -> Staff:
    """As ``invited``, in the caller's transaction."""
    staff = session.scalar(
        select(Staff).where(
            Staff.invitation_hash == sign_in.token_hash(token),
            Staff.invitation_until > clock.machine_time(),
            Staff.disabled_at.is_(None),
        )
    )
    if staff is None:
        raise InvitationOver
    return staff


def grant(staff_id: int, role: StaffRole, event: Event | None, *, by: log.Actor) -> None:
    """Give a person a role; giving it twice is giving it once."""
    event_id = event.id if event is not None else None
    with transaction() as session:
        _add_grant(session, session.get_one(Staff, staff_id), role, event_id)
        note(session, "grant", by, staff_id, role=role.value, event=event_id)


def _add_grant(session: Session, staff: Staff, role: StaffRole, event_id: int | None) -> None:
    if not any((had.role, had.event_id) == (role, event_id) for had in staff.grants):
        staff.grants.append(Grant(role=role, event_id=event_id))
        session.flush()


def revoke(grant_id: int, *, by: log.Actor) -> None:
    """Take a role away. Raises ``NotPermitted`` where nobody would be left to manage the staff."""
    with transaction() as session:
        _lock_admins(session)
        taken = session.get(Grant, grant_id)
        if taken is None:
            return
        staff_id = taken.staff_id
        note(session, "revoke", by, staff_id, role=taken.role.value, event=taken.event_id)
        session.delete(taken)
        session.flush()
        _check_an_admin_is_left(session)


def disable(staff_id: int, *, by: log.Actor) -> None:
    """Shut an account and end all its sign-ins. Raises ``NotPermitted`` as ``revoke`` does."""
    with transaction() as session:
        _lock_admins(session)
        staff = session.get_one(Staff, staff_id)
        if staff.disabled_at is not None:
            return
        staff.disabled_at = clock.now()
        staff.invitation_hash = staff.invitation_until = None
        sign_in.end_all(session, staff_id)
        note(session, "disable", by, staff_id)
        session.flush()
        _check_an_admin_is_left(session)


def enable(staff_id: int, *, by: log.Actor) -> None:
    with transaction() as session:
        staff = session.get_one(Staff, staff_id)
        if staff.disabled_at is not None:
            staff.disabled_at = None
            note(session, "enable", by, staff_id)


def _lock_admins(session: Session) -> None:
    """Let two who take each other's role away do so one after the other: the second is then the last."""
    admins = select(Staff.id).join(Staff.grants).where(Grant.role == StaffRole.ADMIN, Grant.event_id.is_(None))
    session.execute(admins.order_by(Staff.id).with_for_update(of=Staff))


def _check_an_admin_is_left(session: Session) -> None:
    admins = (
        select(Staff.id)
        .join(Staff.grants)
        .where(Grant.role == StaffRole.ADMIN, Grant.event_id.is_(None), Staff.disabled_at.is_(None))
        .where(or_(Staff.totp_last_step.is_not(None), Staff.invitation_hash.is_not(None)))
    )
    if session.scalar(admins.limit(1)) is None:
        raise refusals.NotPermitted


def note(session: Session, verb: str, by: log.Actor, staff_id: int, **details: int | str | None) -> None:
    log.record(session, verb, by=by, at=clock.now(), details={"staff": staff_id, **details})
