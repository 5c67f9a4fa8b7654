"""What invitations, roles and accounts promise, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.models import Event, StaffRole
from iclei_events.services import accounts, log, passwords, refusals, second_factor, sign_in, staff
from tests.scenes import make_slot, slot_now
from tests.services.test_races import at_once
from tests.services.test_signing_races import slowed
from tests.staffing import PASSWORD, MachineClock, code_of, hire, logged, person, set_up

pytestmark = pytest.mark.usefixtures("app_context")

NEW_PASSWORD = "five words, none of them alike"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    return MachineClock(monkeypatch)


def make_event() -> Event:
    return slot_now(make_slot()).activity.event


def test_an_invitation_is_for_an_address_and_a_role() -> None:
    invitation = staff.invite("Vera@Malmo.example", StaffRole.DOOR, None, by=log.CLI)
    invited = staff.invited(invitation.token)
    assert (invited.email, invited.email_key) == ("Vera@Malmo.example", "vera@malmo.example")
    assert [(grant.role, grant.event_id) for grant in invited.grants] == [(StaffRole.DOOR, None)]


def test_its_link_has_the_configured_address() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    assert invitation.link("https://summit.example", "en") == (
        f"https://summit.example/en/staff/set-up?key={invitation.token}"
    )
    assert len(invitation.token) * 6 >= 128


def test_only_the_hash_of_an_invitation_is_kept() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    assert person(invitation.staff_id).invitation_hash == sign_in.token_hash(invitation.token)


def test_an_invitation_is_over_after_seven_days(machine: MachineClock) -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    machine.advance(days=6, hours=23)
    assert staff.invited(invitation.token).id == invitation.staff_id
    machine.advance(hours=2)
    with pytest.raises(staff.InvitationOver):
        staff.invited(invitation.token)


def test_one_address_invited_at_once_by_many_is_one_account(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "_add_grant", slowed(staff._add_grant))  # the account is made, not yet there for others

    def invite() -> int:
        return staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI).staff_id

    answers = at_once(app, *[invite] * 3)
    assert len(set(answers)) == 1, answers


def test_a_newer_invitation_makes_the_older_one_dead() -> None:
    first = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    second = staff.invite("VERA@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    assert second.staff_id == first.staff_id
    with pytest.raises(staff.InvitationOver):
        staff.invited(first.token)
    assert len(person(first.staff_id).grants) == 1


@pytest.mark.parametrize("token", ["", "x", "None", "\x00", "å" * 500])
def test_made_up_tokens_invite_nobody(token: str) -> None:
    staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    with pytest.raises(staff.InvitationOver):
        staff.invited(token)


def test_an_account_is_ready_when_both_steps_are_done(machine: MachineClock) -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    accounts.accept(invitation.token, name="Vera", password=PASSWORD, language="en")
    assert not person(invitation.staff_id).is_set_up
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start("vera@malmo.example", PASSWORD)
    token, codes = accounts.confirm(invitation.token, code_of(person(invitation.staff_id).totp_secret or ""))
    assert person(invitation.staff_id).is_set_up
    assert sign_in.current(token) is not None
    assert len(set(codes)) == 8


def test_whoever_breaks_off_begins_again_with_the_same_link() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    accounts.accept(invitation.token, name="Vera", password=PASSWORD, language="en")
    first = person(invitation.staff_id).totp_secret
    accounts.accept(invitation.token, name="Vera", password=NEW_PASSWORD, language="en")
    assert person(invitation.staff_id).totp_secret != first


def test_an_invitation_works_once() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    accounts.accept(invitation.token, name="Vera", password=PASSWORD, language="en")
    code = code_of(person(invitation.staff_id).totp_secret or "")
    accounts.confirm(invitation.token, code)
    with pytest.raises(staff.InvitationOver):
        accounts.accept(invitation.token, name="Mallory", password=NEW_PASSWORD, language="en")
    with pytest.raises(staff.InvitationOver):
        accounts.confirm(invitation.token, code)
    assert person(invitation.staff_id).name == "Vera"


def test_a_wrong_code_confirms_nothing() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    with pytest.raises(sign_in.SignInRefused):
        accounts.confirm(invitation.token, "000000")
    accounts.accept(invitation.token, name="Vera", password=PASSWORD, language="en")
    with pytest.raises(sign_in.SignInRefused):
        accounts.confirm(invitation.token, code_of(person(invitation.staff_id).totp_secret or "", 9))
    assert not person(invitation.staff_id).is_set_up


def test_a_second_invitation_renews_the_password_and_keeps_the_second_factor(machine: MachineClock) -> None:
    vera = set_up()
    token = sign_in.finish(sign_in.start(vera.email, PASSWORD), vera.code())
    invitation = staff.invite(vera.email, StaffRole.ORGANISER, None, by=log.CLI)
    with pytest.raises(refusals.NotPermitted):
        accounts.accept(invitation.token, name="Mallory", password=NEW_PASSWORD, language="sv")
    with pytest.raises(sign_in.SignInRefused):
        accounts.renew_password(invitation.token, password=NEW_PASSWORD, code="000000")
    assert sign_in.start(vera.email, PASSWORD)
    accounts.renew_password(invitation.token, password=NEW_PASSWORD, code=vera.code(1))
    after = person(vera.id)
    assert (after.totp_secret, len(after.recovery_hashes)) == (vera.secret, 8)
    assert sign_in.current(token) is None
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start(vera.email, PASSWORD)
    machine.advance(minutes=2)
    assert sign_in.finish(sign_in.start(vera.email, NEW_PASSWORD), vera.code())


def test_guessing_the_code_of_a_renewal_makes_the_account_wait(machine: MachineClock) -> None:
    vera = set_up()
    invitation = staff.invite(vera.email, StaffRole.ORGANISER, None, by=log.CLI)
    for _ in range(6):
        with pytest.raises(sign_in.SignInRefused):
            accounts.renew_password(invitation.token, password=NEW_PASSWORD, code="000000")
    with pytest.raises(sign_in.SignInRefused):
        accounts.renew_password(invitation.token, password=NEW_PASSWORD, code=vera.code())
    assert person(vera.id).failed_attempts == 5
    machine.advance(minutes=1)
    assert accounts.renew_password(invitation.token, password=NEW_PASSWORD, code=vera.code())


def test_an_unfit_password_changes_nothing() -> None:
    invitation = staff.invite("vera@malmo.example", StaffRole.DOOR, None, by=log.CLI)
    with pytest.raises(passwords.UnfitPassword):
        accounts.accept(invitation.token, name="Vera", password="short", language="en")
    assert person(invitation.staff_id).password_hash is None


def test_forgetting_the_second_factor_takes_a_new_set_up_and_ends_every_sign_in() -> None:
    vera = set_up()
    token = sign_in.finish(sign_in.start(vera.email, PASSWORD), vera.code())
    invitation = accounts.forget_second_factor(vera.email, by=log.CLI)
    assert sign_in.current(token) is None
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start(vera.email, PASSWORD)
    accounts.accept(invitation.token, name="Vera", password=NEW_PASSWORD, language="sv")
    assert person(vera.id).totp_secret != vera.secret


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (StaffRole.ADMIN, {"admin", "editor", "organiser", "door", "viewer"}),
        (StaffRole.EDITOR, {"editor", "organiser", "viewer"}),
        (StaffRole.ORGANISER, {"organiser", "door", "viewer"}),
        (StaffRole.DOOR, {"door", "viewer"}),
        (StaffRole.VIEWER, {"viewer"}),
    ],
)
def test_what_each_role_may_do_at_its_event_and_no_other(role: StaffRole, may: set[str]) -> None:
    event, other = make_event(), make_event()
    here, everywhere = person(hire(role, event.id)), person(hire(role))
    assert {work for work in StaffRole if staff.may(here, work, event)} == may
    assert {work for work in StaffRole if staff.may(here, work, other)} == set()
    assert {work for work in StaffRole if staff.may(here, work, None)} == set()
    assert {work for work in StaffRole if staff.may(everywhere, work, other)} == may
    assert {work for work in StaffRole if staff.may(everywhere, work, None)} == may


def test_the_events_of_somebody_are_those_of_their_roles() -> None:
    event, other = make_event(), make_event()
    assert [found.id for found in staff.events_of(person(hire(StaffRole.DOOR, event.id)))] == [event.id]
    assert {found.id for found in staff.events_of(person(hire(StaffRole.DOOR)))} == {event.id, other.id}


def test_the_last_administrator_can_neither_be_disabled_nor_lose_the_role() -> None:
    last = hire(StaffRole.ADMIN)
    hire(StaffRole.ORGANISER)
    hire(StaffRole.ADMIN, make_event().id)
    with pytest.raises(refusals.NotPermitted):
        staff.disable(last, by=log.CLI)
    with pytest.raises(refusals.NotPermitted):
        staff.revoke(person(last).grants[0].id, by=log.CLI)
    hire(StaffRole.ADMIN, email="second@malmo.example")
    staff.disable(last, by=log.CLI)
    assert person(last).disabled_at is not None


def test_a_disabled_account_is_invited_only_after_it_is_enabled() -> None:
    hire(StaffRole.ADMIN)
    vera = set_up()
    staff.disable(vera.id, by=log.CLI)
    with pytest.raises(refusals.NotActive):
        staff.invite(vera.email, StaffRole.ADMIN, None, by=log.CLI)
    staff.enable(vera.id, by=log.CLI)
    assert staff.invite(vera.email, StaffRole.ADMIN, None, by=log.CLI).staff_id == vera.id


def test_who_gave_which_role_is_in_the_log() -> None:
    event, vera = make_event(), hire(StaffRole.VIEWER)
    staff.grant(vera, StaffRole.DOOR, event, by=log.CLI)
    staff.grant(vera, StaffRole.DOOR, event, by=log.CLI)
    assert len(person(vera).grants) == 2
    assert logged("grant")[0].details == {"staff": vera, "role": "door", "event": event.id}


def test_the_demos_link_sets_its_admin_up_and_later_leads_to_the_sign_in() -> None:
    link = staff.demo_invitation("http://localhost")
    assert "/sv/staff/set-up?key=" in link
    token = link.partition("key=")[2]
    accounts.accept(token, name="Demo", password=PASSWORD, language="sv")
    invited = staff.invited(token)
    accounts.confirm(token, code_of(invited.totp_secret or ""))
    assert staff.demo_invitation("http://localhost") == "http://localhost/sv/staff/sign-in"


def test_recovery_codes_are_long_enough_and_kept_as_hashes() -> None:
    vera = set_up()
    kept = person(vera.id).recovery_hashes
    assert {second_factor.recovery_hash(code) for code in vera.recovery_codes} == set(kept)
    assert not set(vera.recovery_codes) & set(kept)
    assert all(len(code.replace("-", "")) == 16 for code in vera.recovery_codes)


def test_the_command_prints_a_link_that_works(app: Flask) -> None:
    event = make_event()
    answer = app.test_cli_runner().invoke(
        args=["staff", "invite", "vera@malmo.example", "--role", "organiser", "--event", event.slug]
    )
    assert answer.exit_code == 0, answer.output
    base, _, token = answer.output.strip().partition("/sv/staff/set-up?key=")
    assert base == app.config["BASE_URL"]
    assert [grant.event_id for grant in staff.invited(token).grants] == [event.id]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vera@malmo.example", "--role", "king"], "'king' is not one of"),
        (["vera@malmo.example", "--role", "door", "--event", "none"], "there is no event 'none'"),
        (["vera", "--role", "door"], "'vera' is not an e-mail address"),
    ],
)
def test_the_command_says_what_it_does_not_take(app: Flask, arguments: list[str], said: str) -> None:
    answer = app.test_cli_runner().invoke(args=["staff", "invite", *arguments])
    assert answer.exit_code != 0
    assert said in answer.output


@pytest.mark.race
def test_two_administrators_who_take_each_others_role_at_once_leave_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "_check_an_admin_is_left", slowed(staff._check_an_admin_is_left))
    hired = [staff.invite(f"{name}@malmo.example", StaffRole.ADMIN, None, by=log.CLI) for name in ("vera", "ali")]
    grants = [person(one.staff_id).grants[0].id for one in hired]

    answers = at_once(app, *[lambda one=one: staff.revoke(one, by=log.CLI) for one in grants])

    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "NotPermitted"]
    assert sum(len(person(one.staff_id).grants) for one in hired) == 1
