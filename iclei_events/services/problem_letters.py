"""The letter that brings a reported problem to those who answer for the site."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext

from iclei_events.services.letters import Fact, Letter, no_tracking


def problem_letter(report: Mapping[str, str], *, site: str, link: str) -> Letter:
    rows = (
        Fact(gettext("Where"), report.get("page", "")),
        Fact(gettext("Answer to"), report.get("email", "") or gettext("Wants no answer")),
    )
    return Letter(
        subject=gettext("Reported: something does not work – %(site)s", site=site),
        tone="water",
        sender=site,
        heading=gettext("Something does not work for somebody"),
        lead=tuple(line for line in report.get("problem", "").splitlines() if line.strip()),
        facts=tuple(row for row in rows if row.value),
        action=gettext("Read the accessibility statement"),
        link=link,
        footer=(no_tracking(),),
    )
