from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from iclei_events.db import db
from iclei_events.models import LogEntry, MailKind, Signatory, SignatoryKind, SignatoryStatus, Standing, Verification
from iclei_events.services import commitment, log, refusals, signing, verifying
from iclei_events.services.collation import sort_key
from iclei_events.services.csv_text import csv_text
from tests import signers
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Signatory)) or 0


def verified(reference: str, *names: str) -> None:
    for name in names:
        verifying.verify(reference, by=log.staff(signers.make_staff(name)))


def test_a_form_is_submitted_and_its_contact_gets_one_mail_with_a_link() -> None:
    reference = signers.sign()

    assert signers.now(reference).status is SignatoryStatus.SUBMITTED
    assert [mail.recipient for mail in signers.mails(MailKind.SIGNATORY_CONFIRM)] == ["nils.ek@lund.example"]


def test_the_same_form_sent_twice_is_one_signing_and_one_mail() -> None:
    first = signers.sign(key="one-key-for-both")
    again = signers.sign(key="one-key-for-both")

    assert first == again
    assert (count(), len(signers.mails(MailKind.SIGNATORY_CONFIRM))) == (1, 1)


def test_a_key_that_somebody_else_has_used_is_taken() -> None:
    signers.sign(key="one-key-for-both")

    with pytest.raises(refusals.KeyTaken):
        signers.sign(key="one-key-for-both", contact="other@lund.example")


def test_a_second_form_of_the_same_city_and_address_takes_the_place_of_the_unconfirmed_first() -> None:
    first = signers.sign(key="first-form", mandate="Fel beslut")
    second = signers.sign(key="second-form", mandate="Rätt beslut")

    assert first == second
    assert signers.now(first).mandate == "Rätt beslut"
    assert len(signers.mails(MailKind.SIGNATORY_CONFIRM)) == 1


def test_the_link_is_mailed_again_once_five_minutes_have_passed(app_clock: AppClock) -> None:
    signers.sign(key="first-form")
    app_clock.advance(minutes=5)
    signers.sign(key="second-form")

    assert len(signers.mails(MailKind.SIGNATORY_CONFIRM)) == 2


def test_one_address_has_at_most_five_forms_that_wait_to_be_confirmed() -> None:
    for number in range(5):
        signers.sign(f"Stad {number}")

    with pytest.raises(refusals.TooManyUnconfirmed):
        signers.sign("Stad 5")


def test_an_unconfirmed_form_keeps_nobody_else_from_signing_for_the_city() -> None:
    signers.sign(contact="stranger@example.org")
    reference = signers.sign_and_confirm(contact="clerk@lund.example")

    assert signers.now(reference).status is SignatoryStatus.CONFIRMED


@pytest.mark.parametrize("name", ["Åmål", "ÅMÅL", "A\u030ama\u030al"])
def test_a_city_whose_signing_is_being_checked_is_not_taken_twice(name: str) -> None:
    signers.sign_and_confirm("Åmål")

    with pytest.raises(refusals.AlreadyInRegister):
        signers.sign(name, key="another-form", contact="other@lund.example")


def test_a_city_in_the_register_is_told_where_it_stands() -> None:
    signers.published("Lund")

    with pytest.raises(refusals.AlreadyInRegister) as refused:
        signers.sign("Lund", key="another-form")
    assert refused.value.slug == "lund"


def test_a_region_may_have_the_name_of_a_city() -> None:
    signers.published("Uppsala")
    region = signers.published("Uppsala", kind=SignatoryKind.REGION)

    assert region.slug == "uppsala-se"


def test_two_contacts_cannot_both_confirm_the_same_city() -> None:
    first = signers.sign(contact="one@lund.example")
    second = signers.sign(contact="two@lund.example")
    signing.confirm(first)

    with pytest.raises(refusals.AlreadyInRegister):
        signing.confirm(second)


def test_confirming_twice_is_confirming_once() -> None:
    reference = signers.sign_and_confirm()
    signing.confirm(reference)

    verbs = db.session.scalars(select(LogEntry.verb)).all()
    assert verbs.count("confirm_signing") == 1


def test_a_form_older_than_thirty_days_can_no_longer_be_confirmed(app_clock: AppClock) -> None:
    reference = signers.sign()
    app_clock.advance(days=30)

    with pytest.raises(refusals.NotActive):
        signing.confirm(reference)


def test_what_is_withdrawn_is_erased() -> None:
    reference = signers.sign()
    signing.withdraw(reference)

    assert count() == 0
    assert signers.mails(MailKind.SIGNATORY_CONFIRM) == []


def test_what_is_confirmed_cannot_be_withdrawn_by_a_link() -> None:
    reference = signers.sign_and_confirm()

    with pytest.raises(refusals.NotActive):
        signing.withdraw(reference)


def test_one_person_cannot_verify_for_two() -> None:
    reference = signers.sign_and_confirm()
    verified(reference, "Ada", "Ada")

    assert db.session.scalar(select(func.count()).select_from(Verification)) == 1
    with pytest.raises(refusals.NotYetVerified):
        verifying.publish(reference, by=log.CLI)


def test_nothing_is_verified_before_the_contact_has_confirmed() -> None:
    reference = signers.sign()

    with pytest.raises(refusals.NotActive):
        verified(reference, "Ada")


def test_two_people_open_the_way_to_the_register() -> None:
    reference = signers.sign_and_confirm()
    verified(reference, "Ada", "Bo")
    verifying.publish(reference, by=log.CLI)

    one = signers.now(reference)
    assert (one.status, one.standing, one.slug) == (SignatoryStatus.PUBLISHED, Standing.SIGNED_HERE, "lund")
    assert str(one.signed_on) == "2022-05-02"
    assert len(signers.mails(MailKind.SIGNATORY_PUBLISHED)) == 1


def test_publishing_twice_is_publishing_once() -> None:
    one = signers.published()
    verifying.publish(one.reference, by=log.CLI)

    assert len(signers.mails(MailKind.SIGNATORY_PUBLISHED)) == 1


def test_a_declined_signing_makes_room_and_tells_its_contact_why() -> None:
    reference = signers.sign_and_confirm()
    verifying.decline(reference, reason="Beslutet finns inte.", by=log.CLI)

    assert signers.now(reference).declined_because == "Beslutet finns inte."
    assert len(signers.mails(MailKind.SIGNATORY_DECLINED)) == 1
    signers.sign_and_confirm(key="another-form")


def test_an_address_that_nobody_has_confirmed_gets_no_mail_about_a_decline() -> None:
    verifying.decline(signers.sign(), reason="Skräp.", by=log.CLI)

    assert signers.mails(MailKind.SIGNATORY_DECLINED) == []


def test_what_is_published_is_not_declined() -> None:
    one = signers.published()

    with pytest.raises(refusals.NotActive):
        verifying.decline(one.reference, reason="För sent.", by=log.CLI)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Åbo – Turku", "abo-turku"),
        ("Łódź", "lodz"),
        ("../../etc/passwd", "etc-passwd"),
        ("São Paulo", "sao-paulo"),
        ("Ærø", "aero"),
    ],
)
def test_an_address_is_made_of_plain_letters(name: str, slug: str) -> None:
    assert signers.published(name).slug == slug


def test_a_name_without_latin_letters_gets_an_address_of_its_own() -> None:
    one = signers.published("東京", country="JP")

    assert one.slug == f"jp-{one.reference.lower()}"


def test_addresses_of_the_same_name_differ_by_country() -> None:
    assert signers.published("Santiago", country="CL").slug == "santiago"
    assert signers.published("Santiago", country="CU").slug == "santiago-cu"


def test_who_was_only_announced_is_listed_apart_and_never_counted() -> None:
    signers.announced("Paris", "FR")
    signers.published("Lund")

    register = commitment.register("sv")

    assert register.count == 1
    assert [one.name for one in register.announced] == ["Paris"]


def test_who_was_announced_may_sign_and_is_then_listed_once() -> None:
    signers.announced("Paris", "FR")
    one = signers.published("Paris", country="FR")

    register = commitment.register("sv")
    assert (register.count, list(register.announced), one.slug) == (1, [], "paris-fr")


def test_the_register_is_in_the_order_of_the_language() -> None:
    for name in ("Östersund", "Ängelholm", "Arvika", "Åmål", "Zinkgruvan"):
        signers.published(name)

    swedish, english = commitment.register("sv"), commitment.register("en")

    names = ["Arvika", "Zinkgruvan", "Åmål", "Ängelholm", "Östersund"]
    assert [one.name for one in swedish.countries[0].signatories] == names
    assert [one.name for one in english.countries[0].signatories] == [
        "Åmål", "Ängelholm", "Arvika", "Östersund", "Zinkgruvan",
    ]  # fmt: skip


def test_countries_stand_in_the_order_of_the_language() -> None:
    swedish = list(commitment.country_names("sv").values())
    english = list(commitment.country_names("en").values())

    assert swedish[-4:] == ["Zimbabwe", "Åland", "Österrike", "Östtimor"]
    assert english[-1] == "Zimbabwe"


@pytest.mark.parametrize("code", ["001", "EU", "UN", "ZZ", "XA"])
def test_what_is_no_country_is_not_offered_as_one(code: str) -> None:
    assert code not in commitment.country_names("en")


def test_marks_of_other_languages_do_not_count_in_swedish_order() -> None:
    assert sorted(["é", "f", "d", "ü", "z"], key=lambda text: sort_key(text, "sv")) == ["d", "é", "f", "ü", "z"]


def test_the_open_register_names_nobody() -> None:
    record = commitment.open_record(signers.published())

    said = str(record)
    assert not any(secret in said for secret in ("Åsa", "Nils", "@", "key-of", "salt"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])
def test_no_cell_begins_a_formula(text: str) -> None:
    assert csv_text(["a"], [[text]]).splitlines()[1].lstrip('"').startswith("'")


def test_staff_see_others_of_the_same_name(app: Flask) -> None:
    signers.published("Uppsala")
    reference = signers.sign_and_confirm("Uppsala", kind=SignatoryKind.REGION)

    assert [one.name for one in verifying.namesakes(signers.now(reference))] == ["Uppsala"]
