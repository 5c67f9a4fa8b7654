"""While forms are checked for bots: the page proves by itself, or the party confirms with the link in a mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import faults
from tests.browser.conftest import NewReader, in_swedish_on_a_phone
from tests.browser.reader import Reader, link_in
from tests.browser.staff import EVENT, Colleague
from tests.live_site import LiveSite

SLOT: Final = "party-1500"
STATUS: Final = "[data-challenge] [role=status]"

SLOW_WORKER: Final = """
    const Quick = Worker;
    globalThis.Worker = class extends Quick {
        postMessage(task) { setTimeout(() => super.postMessage(task), 1500); }
    };
"""
"""A phone that takes its time."""

NO_WORKER: Final = "delete globalThis.Worker;"
"""A browser that cannot calculate beside the page."""

pytestmark = in_swedish_on_a_phone


@pytest.fixture(autouse=True)
def _checked(administrator: Colleague) -> Iterator[None]:
    """Every form of the tours and the party is checked; afterwards none is."""
    choose(administrator, "always")
    yield
    choose(administrator, "never")


def choose(administrator: Colleague, rule: str) -> None:
    me = administrator.sit_down()
    me.open(f"{EVENT}/waiting-rooms")
    form = me.page.locator(f"form:has([name=proof][value={rule}])").first
    form.locator(f"[value={rule}]").check()
    form.get_by_role("button").click()
    expect(me.page.locator(".notice")).to_contain_text("From now on")
    me.page.close()


def fill_in(reader: Reader, name: str, device: str) -> str:
    email = f"{name}.{reader.language}.{device}@example.org"
    reader.open(f"/slots/{SLOT}/book")
    reader.write(name="Amira Lindqvist", email=email, adults="2")
    return email


def test_the_page_proves_in_the_background_and_says_so(new_reader: NewReader, language: str, device: str) -> None:
    reader = new_reader()
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    fill_in(reader, "bevis", device)

    expect(reader.page.locator(STATUS)).to_have_text(reader.words("The check is done. You can send the form."))
    scripts = {url for url in asked if url.endswith(".js")}
    assert (len(scripts), faults(reader.page, language)) == (1, [])
    reader.page.locator("[name=email]").press("Enter")  # by the keyboard alone
    reader.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)


def test_sent_too_early_the_form_waits_for_the_check_and_goes_by_itself(new_reader: NewReader, device: str) -> None:
    reader = new_reader()
    reader.page.add_init_script(SLOW_WORKER)
    fill_in(reader, "snabb", device)

    reader.press("Book %(time)s", time=reader.time("15:00"))

    expect(reader.page.locator(STATUS)).to_have_text(
        reader.words("Wait a moment. When the check is done, the form is sent by itself.")
    )
    reader.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)


def test_another_time_is_shown_without_waiting_for_the_check(new_reader: NewReader) -> None:
    reader = new_reader()
    reader.page.add_init_script(SLOW_WORKER)
    reader.open("/slots/vastra-hamnen-0930/book")
    reader.touch(reader.page.locator(".times button").first)

    expect(reader.page.locator(STATUS)).to_be_visible()
    expect(reader.page.locator("[aria-current=true] b")).to_have_text(reader.time("11:00"))


@pytest.mark.parametrize("without", ["script", "worker"])
def test_who_cannot_prove_confirms_with_one_press_from_the_mail(
    site: LiveSite, new_reader: NewReader, language: str, device: str, without: str
) -> None:
    resident = new_reader(javascript=without != "script")
    if without == "worker":
        resident.page.add_init_script(NO_WORKER)
    email = fill_in(resident, f"utan-{without}", device)
    resident.reads(
        "Very many book right now, and bots may be among them. So we hold your places for 30 minutes, "
        "and you confirm with the link in our mail."
    )
    resident.press("Book %(time)s", time=resident.time("15:00"))
    resident.heading("Confirm your booking")
    assert without == "script" or faults(resident.page, language) == []

    at_home = new_reader()
    at_home.open(link_in(site.mails_to(email)[0]))
    at_home.heading("Confirm your booking")
    assert faults(at_home.page, language) == []
    at_home.press("Confirm the booking")
    at_home.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)
    resident.page.reload()
    resident.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)


def test_a_form_that_was_open_too_long_comes_back_with_both_ways(
    new_reader: NewReader, language: str, device: str
) -> None:
    reader = new_reader()
    fill_in(reader, "gammal", device)
    expect(reader.page.locator(STATUS)).to_have_text(reader.words("The check is done. You can send the form."))
    reader.page.locator("[name=proof]").evaluate("field => { field.value = 'AAAA'; }")
    reader.press("Book %(time)s", time=reader.time("15:00"))

    expect(reader.page.locator("[role=alert]")).to_be_focused()
    expect(reader.button("Book without the check, confirm by mail")).to_be_visible()
    expect(reader.page.locator(STATUS)).to_have_text(reader.words("The check is done. You can send the form."))
    assert faults(reader.page, language) == []
    reader.press("Book %(time)s", time=reader.time("15:00"))
    reader.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)
