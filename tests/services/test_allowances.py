"""The rule of how often something may be done, from plain values alone."""

from __future__ import annotations

import pytest

from iclei_events.services.allowances import Allowance, Counts, network_of
from iclei_events.web.limits import FROM_NETWORK

TEN = Allowance(at_once=10, a_minute=5)
NOW = 1_651_475_100.0


def taken(counts: Counts, moments: list[float], allowance: Allowance = TEN, key: bytes = b"a") -> int:
    return sum(counts.take(key, allowance, moment) == 0 for moment in moments)


def test_so_many_at_once_and_so_many_more_with_each_minute() -> None:
    counts = Counts()

    assert taken(counts, [NOW] * 30) == 10
    assert taken(counts, [NOW + 60] * 30) == 5
    assert taken(counts, [NOW + 3600] * 30) == 10


def test_the_wait_is_told_and_trying_meanwhile_makes_it_no_longer() -> None:
    counts = Counts()
    taken(counts, [NOW] * 10)

    assert counts.take(b"a", TEN, NOW) == pytest.approx(12)
    taken(counts, [NOW + second for second in range(11)])
    assert counts.take(b"a", TEN, NOW + 12) == 0


def test_each_key_has_an_allowance_of_its_own() -> None:
    counts = Counts()
    taken(counts, [NOW] * 30)

    assert counts.take(b"b", TEN, NOW) == 0


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    counts = Counts()
    taken(counts, [NOW] * 4)

    assert taken(counts, [NOW - 1] * 30) == 5
    assert taken(counts, [NOW + 120] * 30) == 10


def test_a_flood_of_keys_does_not_fill_the_memory() -> None:
    counts = Counts(most_keys=100)
    for number in range(1000):
        counts.take(str(number).encode(), TEN, NOW)

    assert len(counts) <= 100
    assert counts.is_known(b"999", NOW)
    counts.take(b"late", TEN, NOW + 3600)
    assert not counts.is_known(b"999", NOW + 3600)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_bot_is_told_from_a_library_however_many_processes_there_are(workers: int) -> None:
    allowance = FROM_NETWORK["book"].shared_by(workers)

    def let_through(people: int) -> int:
        processes = [Counts() for _ in range(workers)]
        moments = [NOW + 60 * number / people for number in range(people)]
        return sum(
            processes[number % workers].take(b"a", allowance, moment) == 0 for number, moment in enumerate(moments)
        )

    assert let_through(200) == 200
    assert let_through(500) < 310


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("198.51.100.7", "::ffff:198.51.100.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
    ],
)
def test_addresses_of_one_customer_are_one_network(one: str, other: str) -> None:
    assert network_of(one) == network_of(other) is not None


@pytest.mark.parametrize(("one", "other"), [("198.51.100.7", "198.51.100.8"), ("2001:db8:1:2::1", "2001:db8:1:3::1")])
def test_addresses_of_two_customers_are_two(one: str, other: str) -> None:
    assert network_of(one) != network_of(other)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "", "unix:", "x", "1.2.3", "\0"]
)
def test_the_machine_itself_and_what_is_no_address_are_not_counted(address: str) -> None:
    assert network_of(address) is None
