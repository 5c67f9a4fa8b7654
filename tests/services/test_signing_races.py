"""Signings at the same moment, on both databases, with a pause between looking and storing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Index, func, select, text

from iclei_events.db import db, transaction
from iclei_events.models import MailKind, Signatory, SignatoryStatus
from iclei_events.services import declaring, log, refusals, signing, verifying
from tests import signers
from tests.services.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]

PAUSE = 0.02
ONE_OF_A_NAME = next(one for one in Signatory.metadata.tables["signatory"].indexes if one.unique)


def slowed(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The same verb, with time for others after it."""

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = verb(*args, **kwargs)
        time.sleep(PAUSE)
        return answer

    return slow


def confirmed() -> int:
    db.session.rollback()
    query = select(func.count()).where(Signatory.status == SignatoryStatus.CONFIRMED)
    return db.session.scalar(query) or 0


def two_forms_of_one_city() -> list[str]:
    return [signers.sign(contact=f"{name}@lund.example") for name in ("one", "two")]


def test_one_form_sent_many_times_at_once_is_one_signing_and_one_mail(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    signers.make_commitment()
    monkeypatch.setattr(declaring, "_answered_before", slowed(declaring._answered_before))

    answers = at_once(app, *[lambda: signers.sign(key="one-key-for-all") for _ in range(8)])

    assert len(set(answers)) == 1
    assert len(signers.mails(MailKind.SIGNATORY_CONFIRM)) == 1


def test_of_two_contacts_who_confirm_one_city_at_once_one_has_signed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = two_forms_of_one_city()
    monkeypatch.setattr(signing, "check_not_in_register", slowed(signing.check_not_in_register))

    answers = at_once(app, *[lambda one=one: signing.confirm(one) for one in references])

    assert confirmed() == 1
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyInRegister", "NoneType"]


def test_without_check_and_index_both_would_have_signed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    references = two_forms_of_one_city()
    monkeypatch.setattr(signing, "check_not_in_register", lambda *_: time.sleep(PAUSE))
    _drop(ONE_OF_A_NAME)
    try:
        at_once(app, *[lambda one=one: signing.confirm(one) for one in references])
        assert confirmed() == 2
    finally:
        _empty_and_create(ONE_OF_A_NAME)


def _drop(index: Index) -> None:
    db.session.rollback()
    with transaction() as session:
        session.execute(text(f"DROP INDEX {index.name}"))


def _empty_and_create(index: Index) -> None:
    db.session.rollback()
    with transaction() as session:
        session.execute(text("DELETE FROM signatory"))
        index.create(session.connection())


def test_published_at_once_by_two_is_published_once(app: Flask) -> None:
    reference = signers.sign_and_confirm()
    staff = [signers.make_staff(name) for name in ("Ada", "Bo")]
    at_once(app, *[lambda one=one: verifying.verify(reference, by=log.staff(one)) for one in (*staff, *staff)])

    answers = at_once(app, *[lambda: verifying.publish(reference, by=log.CLI) for _ in range(4)])

    assert answers == [None] * 4
    assert len(signers.now(reference).verifications) == 2
    assert len(signers.mails(MailKind.SIGNATORY_PUBLISHED)) == 1


def test_namesakes_published_at_once_get_addresses_of_their_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    references = [signers.sign_and_confirm("Santiago", country=country) for country in ("CL", "CU")]
    for reference in references:
        for name in ("Ada", "Bo"):
            verifying.verify(reference, by=log.staff(signers.make_staff(name)))
    monkeypatch.setattr(verifying, "_is_free", slowed(verifying._is_free))

    at_once(app, *[lambda one=one: verifying.publish(one, by=log.CLI) for one in references])

    slugs = {signers.now(reference).slug for reference in references}
    assert len(slugs) == 2
    assert "santiago" in slugs


def test_verified_and_declined_at_once_is_one_of_the_two(app: Flask) -> None:
    reference = signers.sign_and_confirm()
    ada = signers.make_staff("Ada")

    at_once(
        app,
        lambda: verifying.decline(reference, reason="Nej.", by=log.CLI),
        lambda: verifying.verify(reference, by=log.staff(ada)),
    )

    assert signers.now(reference).status is SignatoryStatus.DECLINED
    with pytest.raises(refusals.NotActive):
        verifying.publish(reference, by=log.CLI)
