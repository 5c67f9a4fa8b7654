"""What signing in promises, on both databases."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from iclei_events.db import db
from iclei_events.models import LogEntry, SignIn, StaffRole
from iclei_events.services import attempts, log, passwords, sign_in, staff
from tests.staffing import PASSWORD, Account, MachineClock, logged, person, set_up

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    return MachineClock(monkeypatch)


@pytest.fixture
def vera(machine: MachineClock) -> Account:
    return set_up()


def sign_in_as(account: Account, steps: int = 0) -> str:
    return sign_in.finish(sign_in.start(account.email, PASSWORD), account.code(steps))


def is_signed_in(token: str) -> bool:
    return sign_in.current(token) is not None


def test_a_password_alone_opens_nothing(vera: Account) -> None:
    token = sign_in.start(vera.email, PASSWORD)
    assert sign_in.is_pending(token)
    assert not is_signed_in(token)


def test_a_password_and_a_code_open_the_staffs_pages(vera: Account) -> None:
    found = sign_in.current(sign_in_as(vera))
    assert found is not None
    assert found.staff.id == vera.id


def test_each_step_gives_a_new_token_and_the_old_one_is_dead(vera: Account) -> None:
    first = sign_in.start(vera.email, PASSWORD)
    second = sign_in.finish(first, vera.code())
    assert first != second
    assert not is_signed_in(first)
    assert not sign_in.is_pending(first)


def test_tokens_are_kept_as_hashes_only(vera: Account) -> None:
    token = sign_in_as(vera)
    assert token not in {kept.token_hash for kept in db.session.scalars(select(SignIn))}
    assert len(token) * 6 >= 128


def test_capital_letters_in_the_address_do_not_matter(vera: Account) -> None:
    assert sign_in.start(vera.email.upper(), PASSWORD)


@pytest.mark.parametrize("email", ["vera@malmo.example", "nobody@malmo.example"])
def test_a_wrong_password_and_an_unknown_address_are_refused_alike(vera: Account, email: str) -> None:
    with pytest.raises(sign_in.SignInRefused) as refused:
        sign_in.start(email, "not the password")
    assert str(refused.value) == ""


@pytest.mark.usefixtures("password_costs")
def test_known_and_unknown_addresses_take_the_same_time(vera: Account, machine: MachineClock) -> None:
    def seconds(email: str) -> float:
        """Of the processor, which a busy machine does not stretch."""
        machine.advance(minutes=16)
        begun = time.thread_time()
        with pytest.raises(sign_in.SignInRefused):
            sign_in.start(email, "not the password")
        return time.thread_time() - begun

    pairs = [(seconds(vera.email), seconds("nobody@malmo.example")) for _ in range(6)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert abs(known - unknown) < 0.010


def test_after_several_failures_even_the_right_password_has_to_wait_and_then_gets_in(
    vera: Account, machine: MachineClock
) -> None:
    for _ in range(5):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.start(vera.email, "not the password")
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start(vera.email, PASSWORD)
    machine.advance(seconds=31)
    assert is_signed_in(sign_in_as(vera))
    assert person(vera.id).failed_attempts == 0


def test_tries_during_the_wait_neither_count_nor_make_it_longer(vera: Account, machine: MachineClock) -> None:
    for _ in range(9):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.start(vera.email, "not the password")
    assert person(vera.id).failed_attempts == 5
    machine.advance(seconds=31)
    assert is_signed_in(sign_in_as(vera))


@pytest.mark.database("sqlite")
def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [attempts.wait_after(failures) for failures in range(3, 14)]
    assert waits[:5] == [None, None, *(timedelta(seconds=seconds) for seconds in (30, 60, 120))]
    assert waits[-1] == timedelta(minutes=15)
    assert attempts.wait_after(10_000) == timedelta(minutes=15)


def test_a_code_works_once(vera: Account) -> None:
    assert is_signed_in(sign_in_as(vera))
    again = sign_in.start(vera.email, PASSWORD)
    with pytest.raises(sign_in.SignInRefused):
        sign_in.finish(again, vera.code())


def test_a_code_older_than_the_last_one_used_does_not_work(vera: Account) -> None:
    sign_in_as(vera, steps=1)
    with pytest.raises(sign_in.SignInRefused):
        sign_in_as(vera, steps=0)


@pytest.mark.parametrize("shape", ["", "000", "٠٠٠٠٠٠", "x" * 40, "later", "earlier", "longer"])
def test_codes_of_other_times_and_odd_shapes_are_wrong(vera: Account, shape: str) -> None:
    wrong = {"later": vera.code(5), "earlier": vera.code(-5), "longer": "1" + vera.code()}.get(shape, shape)
    with pytest.raises(sign_in.SignInRefused):
        sign_in.finish(sign_in.start(vera.email, PASSWORD), wrong)


def test_five_wrong_codes_end_a_sign_in_and_the_account_waits(vera: Account, machine: MachineClock) -> None:
    token = sign_in.start(vera.email, PASSWORD)
    for _ in range(4):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.finish(token, "000000")
    with pytest.raises(sign_in.SignInEnded):
        sign_in.finish(token, "000000")
    with pytest.raises(sign_in.SignInEnded):
        sign_in.finish(token, vera.code())
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start(vera.email, PASSWORD)
    machine.advance(seconds=31)
    assert is_signed_in(sign_in_as(vera))


def test_many_first_steps_do_not_give_more_guesses_of_the_code(vera: Account) -> None:
    """Somebody who knows the password opens many sign-ins first and then guesses in all of them."""
    tokens = [sign_in.start(vera.email, PASSWORD) for _ in range(4)]
    for token in tokens:
        for _ in range(3):
            with pytest.raises((sign_in.SignInRefused, sign_in.SignInEnded)):
                sign_in.finish(token, "000000")
    assert person(vera.id).failed_attempts == 5
    with pytest.raises(sign_in.SignInRefused):
        sign_in.finish(tokens[1], vera.code())


def test_a_recovery_code_works_once_however_it_is_typed(vera: Account) -> None:
    code = vera.recovery_codes[3]
    typed = code.replace("-", " ").lower()
    assert is_signed_in(sign_in.finish(sign_in.start(vera.email, PASSWORD), typed))
    with pytest.raises(sign_in.SignInRefused):
        sign_in.finish(sign_in.start(vera.email, PASSWORD), code)
    assert len(person(vera.id).recovery_hashes) == 7


def test_the_second_step_is_over_after_ten_minutes(vera: Account, machine: MachineClock) -> None:
    token = sign_in.start(vera.email, PASSWORD)
    machine.advance(minutes=10, seconds=1)
    with pytest.raises(sign_in.SignInEnded):
        sign_in.finish(token, vera.code())


def test_a_browser_left_alone_for_half_an_hour_is_signed_out(vera: Account, machine: MachineClock) -> None:
    token = sign_in_as(vera)
    machine.advance(minutes=29)
    assert is_signed_in(token)
    machine.advance(minutes=29)
    assert is_signed_in(token)
    machine.advance(minutes=31)
    assert not is_signed_in(token)


def test_nobody_stays_signed_in_for_more_than_twelve_hours(vera: Account, machine: MachineClock) -> None:
    token = sign_in_as(vera)
    for _ in range(24):
        machine.advance(minutes=29)
        assert is_signed_in(token)
    machine.advance(minutes=25)
    assert not is_signed_in(token)


def test_signing_out_ends_it_on_the_server(vera: Account) -> None:
    token = sign_in_as(vera)
    sign_in.end(token)
    sign_in.end(token)
    assert not is_signed_in(token)
    assert len(logged("sign_out")) == 1


def test_disabling_an_account_ends_every_sign_in_and_lets_none_begin(vera: Account, machine: MachineClock) -> None:
    set_up("another@malmo.example", StaffRole.ADMIN)
    tokens = [sign_in_as(vera), sign_in_as(vera, steps=1)]
    half_way = sign_in.start(vera.email, PASSWORD)
    staff.disable(vera.id, by=log.CLI)
    assert [is_signed_in(token) for token in tokens] == [False, False]
    machine.advance(minutes=2)
    with pytest.raises(sign_in.SignInEnded):
        sign_in.finish(half_way, vera.code())
    with pytest.raises(sign_in.SignInRefused):
        sign_in.start(vera.email, PASSWORD)


def test_sign_ins_and_refusals_are_in_the_log_without_any_secret(vera: Account) -> None:
    sign_in_as(vera)
    for email in (vera.email, "nobody@malmo.example"):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.start(email, "not the password")
    with pytest.raises(sign_in.SignInRefused):
        sign_in.finish(sign_in.start(vera.email, PASSWORD), "000000")
    assert [entry.staff_id for entry in logged("sign_in")] == [vera.id, vera.id]
    assert [(entry.staff_id, entry.details["reason"]) for entry in logged("sign_in_refused")] == [
        (vera.id, "password"),
        (None, "unknown"),
    ]
    assert [entry.details for entry in logged("second_factor_refused")] == [{"reason": "code"}]
    everything = json.dumps([entry.details for entry in db.session.scalars(select(LogEntry))])
    for secret in ("not the password", PASSWORD, "000000", vera.secret, vera.code(), "nobody@"):
        assert secret not in everything


@pytest.mark.usefixtures("password_costs")
def test_passwords_are_kept_as_argon2id_with_costs_worth_its_name(vera: Account) -> None:
    kept = person(vera.id).password_hash or ""
    assert kept.startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    begun = time.thread_time()  # of the processor, which a busy machine does not stretch
    assert passwords.matches(PASSWORD, kept)
    assert time.thread_time() - begun < 0.5


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("elevenchars", "short"),
        ("x" * 201, "long"),
        ("password1234", "common"),
        ("Lösenord 12345", "common"),
        ("aaaaaaaaaaaaaa", "common"),
        ("abababababababab", "common"),
    ],
)
def test_unfit_passwords_are_refused_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(passwords.UnfitPassword) as unfit:
        passwords.hashed(password)
    assert unfit.value.reason == reason


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "password", ["  blanks around  ", "åäö ≠ \x00 👩‍👩‍👧 zwj", "<script>alert(1)</script>", "0123456789" * 20]
)
def test_a_password_may_have_any_characters_and_is_taken_as_typed(password: str) -> None:
    kept = passwords.hashed(password)
    assert passwords.matches(password, kept)
    assert not passwords.matches(password.strip() + " ", kept)
    assert not passwords.matches(password, None)
