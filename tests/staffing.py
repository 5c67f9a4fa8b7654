"""People of the staff for tests: on duty with a role at once, or with all that signing in takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Grant, LogEntry, Staff, StaffRole
from iclei_events.services import accounts, log, sign_in, staff
from iclei_events.web.staff import access
from tests.clients import Page, Visitor

PASSWORD: Final = "four words, none alike"


class MachineClock:
    """The machine's own time in the hands of a test: sign-ins and codes go by it, not by the app's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = clock.machine_time()
        monkeypatch.setattr(clock, "machine_time", lambda: self.moment)

    def advance(self, **time: float) -> datetime:
        self.moment += timedelta(**time)
        return self.moment


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whose account is set up, with what they know and what they have."""

    id: int
    email: str
    secret: str
    recovery_codes: tuple[str, ...]

    def code(self, steps: int = 0) -> str:
        """What the phone shows now, or so many times thirty seconds later."""
        return code_of(self.secret, steps)


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.machine_time() + timedelta(seconds=30 * steps))


def set_up(email: str = "vera@malmo.example", role: StaffRole = StaffRole.ORGANISER) -> Account:
    """Go the whole way from an invitation, as services do it; the first code is used up by it."""
    invitation = staff.invite(email, role, None, by=log.CLI)
    accounts.accept(invitation.token, name="Vera Viksten", password=PASSWORD, language="sv")
    secret = person(invitation.staff_id).totp_secret or ""
    _token, codes = accounts.confirm(invitation.token, code_of(secret, -1))
    return Account(invitation.staff_id, email, secret, tuple(codes))


def person(staff_id: int) -> Staff:
    """The account as the database has it now."""
    db.session.rollback()
    return db.session.scalars(select(Staff).where(Staff.id == staff_id).execution_options(populate_existing=True)).one()


def hire(role: StaffRole, event_id: int | None = None, email: str | None = None) -> int:
    """Somebody with a role, set up as far as the database knows; returns the id."""
    address = email or f"{role.value}-{event_id or 'all'}@malmo.example"
    with transaction() as session:
        member = Staff(
            email=address, email_key=address, name=address.split("@")[0], password_hash="-", totp_secret="-",
            totp_last_step=1, created_at=clock.now(), grants=[Grant(role=role, event_id=event_id)],
        )  # fmt: skip
        session.add(member)
        session.flush()
        return member.id


def on_duty(app: Flask, role: StaffRole, event_id: int | None = None) -> Visitor:
    """A browser in which somebody with that role is signed in."""
    with app.app_context():
        return signed_in(app, hire(role, event_id))


def signed_in(app: Flask, staff_id: int) -> Visitor:
    visitor = Visitor(app)
    with app.app_context(), transaction() as session:
        token = sign_in.begin(session, session.get_one(Staff, staff_id), clock.machine_time(), complete=True)
    with visitor.client.session_transaction() as browser:
        browser[access.TOKEN] = token
    return visitor


def token_of(visitor: Visitor) -> str:
    """The token in a browser's cookie."""
    with visitor.client.session_transaction() as browser:
        return str(browser.get(access.TOKEN))


def pass_first_step(visitor: Visitor, account: Account, *, password: str = PASSWORD, next: str = "") -> Page:  # noqa: A002
    page = visitor.open("/en/staff/sign-in" + (f"?next={next}" if next else ""))
    return visitor.submit(page, "Continue", email=account.email, password=password)


def logged(verb: str) -> list[LogEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(LogEntry).where(LogEntry.verb == verb).order_by(LogEntry.id)))
