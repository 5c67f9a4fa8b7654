"""Reports of something on the site that does not work for somebody: promised as mail to those who answer."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import MailKind, OutboxMail
from iclei_events.services import log, refusals

MOST_AN_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """``page`` is where it happened and ``email`` where to answer; both may be left out."""

    problem: str
    page: str
    email: str


def report(problem_report: ProblemReport, *, recipient: str, language: str, key: str) -> None:
    """Store a report for ``recipient``. The same ``key`` and words are one report, however often the form is sent."""
    sent = "\0".join((key, *astuple(problem_report)))
    try:
        _store(problem_report, recipient, language, sha256(sent.encode()).hexdigest()[:32])
    except IntegrityError:  # the same form came twice in the same moment: the other one is stored
        return


def _store(problem_report: ProblemReport, recipient: str, language: str, message_id: str) -> None:
    now = clock.now()
    with transaction() as session:
        if session.scalar(select(OutboxMail.id).where(OutboxMail.message_id == message_id)) is not None:
            return
        recent = select(func.count()).where(
            OutboxMail.kind == MailKind.PROBLEM_REPORT, OutboxMail.created_at > now - timedelta(hours=1)
        )
        if (session.scalar(recent) or 0) >= MOST_AN_HOUR:
            raise refusals.TooManyReports
        session.add(
            OutboxMail(
                kind=MailKind.PROBLEM_REPORT, recipient=recipient, language=language, context=asdict(problem_report),
                message_id=message_id, created_at=now, due_at=now,
            )
        )  # fmt: skip
        log.record(session, "report_problem", by=log.ATTENDEE, at=now)
