"""A delegate's trip: finds a session by theme and search, books it; a full one gives a place in the queue."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

from tests.browser.conftest import NewReader, in_english_on_a_phone, in_swedish_on_a_phone
from tests.browser.reader import Reader, link_in
from tests.browser.staff import Colleague
from tests.conftest import PACKS
from tests.live_site import LiveSite

SESSIONS: Final = {
    ("sv", "phone"): ("plain-words", "mend-borrow-share"),
    ("sv", "laptop"): ("growing-in-the-city", "draw-your-risk-map"),
    ("en", "phone"): ("streets-for-people", "from-idea-to-application"),
    ("en", "laptop"): ("trees-in-narrow-streets", "building-equity"),
}
"""A session with room, and one that gets full."""


@pytest.fixture(scope="module")
def activities() -> dict[str, dict[str, Any]]:
    pack = yaml.safe_load((PACKS / "malmo-summit.yaml").read_text(encoding="utf-8"))
    return {activity["slug"]: activity for activity in pack["activities"]}


def find(delegate: Reader, activity: dict[str, Any]) -> None:
    """Narrow the programme down to the session, by its theme and a word of its title, and open its page."""
    title: str = activity["title"][delegate.language]
    delegate.open("/malmo-summit/programme")
    delegate.unfold("Search and filter")
    delegate.page.locator("select[name=theme]").select_option(activity["theme"])
    delegate.write(q=title.rsplit(maxsplit=1)[-1].strip("?:"))
    delegate.press("Show")
    delegate.follow(title.replace("%", "%%"), "main h4")
    delegate.heading(title.replace("%", "%%"))


def book(delegate: Reader, name: str, email: str, button: str, **values: str) -> None:
    delegate.write(name=name, email=email)
    delegate.press(button, **values)


def starts(delegate: Reader, activity: dict[str, Any]) -> str:
    return delegate.time(f"{activity['slots'][0]['starts_at']}"[11:16])


@in_swedish_on_a_phone
def test_a_delegate_finds_a_session_by_theme_and_word_and_books_it(
    site: LiveSite, new_reader: NewReader, activities: dict[str, dict[str, Any]], language: str, device: str
) -> None:
    session = activities[SESSIONS[language, device][0]]
    delegate = new_reader()
    email = f"delegate.{language}.{device}@example.org"
    find(delegate, session)
    delegate.follow("Book %(time)s", time=starts(delegate, session))
    book(delegate, "Yusuf Nowak", email, "Book %(time)s", time=starts(delegate, session))
    delegate.reads("Done. You have one place.")

    delegate.open("/malmo-summit/programme")
    row = delegate.page.locator("article", has_text=session["title"][language])
    assert delegate.words("You have a place") in row.inner_text()
    mail = site.mails_to(email)[0]
    assert f"/{language}/bookings/" in link_in(mail)


@in_english_on_a_phone
def test_a_delegate_waits_for_a_full_session_and_gets_the_place_that_somebody_gives_back(
    site: LiveSite,
    new_reader: NewReader,
    colleague: Colleague,
    activities: dict[str, dict[str, Any]],
    language: str,
    device: str,
) -> None:
    session = activities[SESSIONS[language, device][1]]
    slot, time = session["slots"][0]["slug"], session["slots"][0]["starts_at"]
    first, second = new_reader(), new_reader()
    email = f"second.{language}.{device}@example.org"
    colleague.set_capacity(slot, 1)
    first.open(f"/slots/{slot}/book")
    book(
        first,
        "Fatima Cohen",
        f"first.{language}.{device}@example.org",
        "Book %(time)s",
        time=first.time(f"{time}"[11:16]),
    )
    first.reads("Done. You have one place.")

    find(second, session)
    second.follow("Join the queue")
    second.reload_until_button("Join the queue")
    book(second, "Rasmus Dahl", email, "Join the queue")
    second.heading("You are in the queue")
    site.mails_to(email)  # before the offer, which would make it needless

    first.unfold("Cancel the place", "Cancel the %(num)s places", 1)
    first.press("Yes, cancel the place", "Yes, cancel the %(num)s places", 1)
    first.heading("The booking is cancelled")
    second.open(link_in(site.mails_to(email, at_least=2)[-1]))
    second.press("Yes, take the place", "Yes, take the %(num)s places", 1)
    second.reads("Done. You have one place.")
