"""Reports of problems at the same moment, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from iclei_events.db import db
from iclei_events.models import OutboxMail
from iclei_events.services import log, problem_reports
from iclei_events.services.problem_reports import ProblemReport
from tests.services.test_races import at_once
from tests.services.test_signing_races import slowed

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]


def test_one_form_sent_many_times_at_once_is_one_report(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "record", slowed(log.record))
    report = ProblemReport("The map cannot be enlarged.", "", "")

    def send() -> None:
        problem_reports.report(report, recipient="summit@example.org", language="sv", key="one-key-for-all")

    assert at_once(app, *[send for _ in range(4)]) == [None] * 4
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 1


def test_other_words_from_the_same_form_are_another_report() -> None:
    """Whoever goes back and writes about something else is told that it is on its way."""
    for problem in ("The map cannot be enlarged.", "The button cannot be read."):
        report = ProblemReport(problem, "", "")
        problem_reports.report(report, recipient="summit@example.org", language="sv", key="one-key-for-all")
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 2
