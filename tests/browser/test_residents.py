"""A resident's trip, without scripts: from the start page to a place on a tour, and back again."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser import accessibility
from tests.browser.conftest import NewReader, in_english_on_a_phone, in_swedish_on_a_phone
from tests.browser.reader import Reader, link_in
from tests.browser.staff import Colleague
from tests.live_site import LiveSite

DEPARTURES: Final = {
    ("sv", "phone"): ("Västra Hamnen", "09:30", "siptex-1030"),
    ("sv", "laptop"): ("Västra Hamnen", "11:00", "siptex-1230"),
    ("en", "phone"): ("Siptex", "14:30", "hyllie-1100"),
    ("en", "laptop"): ("Botildenborg", "15:00", "hyllie-1300"),
}
"""A tour with room and its time, and a departure that gets full; nobody else's in the tests of a site."""


@pytest.fixture
def resident(new_reader: NewReader) -> Reader:
    return new_reader(javascript=False)


def address(reader: Reader, name: str, device: str) -> str:
    return f"{name}.{reader.language}.{device}@example.org"


def test_a_family_books_gets_a_mail_gives_one_place_back_and_cancels(
    site: LiveSite, resident: Reader, new_reader: NewReader, language: str, device: str
) -> None:
    tour, time, _ = DEPARTURES[language, device]
    email = address(resident, "familj", device)
    resident.open("/malmo-summit/")
    resident.follow("See all times and book")
    resident.follow(tour, "main h2")
    resident.follow("Book %(time)s", time=resident.time(time))
    resident.write(name="Amira Lindqvist", email=email, adults="2", children="3")
    resident.press("Book %(time)s", time=resident.time(time))
    resident.reads("Done. You have one place.", "Done. You have %(num)s places.", 5)
    resident.reads("%(first)s and %(second)s", first=resident.words("one adult", "%(num)s adults", 2), second="3")

    link = link_in(site.mails_to(email)[0])
    at_home = new_reader(javascript=False)
    at_home.open(link)
    expect(at_home.page).to_have_url(re.compile(rf"/{language}/bookings/[A-Z0-9-]+$"))
    name_and_give_back(at_home)
    site.mails_to(email, at_least=2)  # before the next change, which would make it needless

    calendar = at_home.download("Add to the calendar")
    assert f"DTSTART;TZID=Europe/Stockholm:20220514T{time.replace(':', '')}00" in calendar

    at_home.unfold("Cancel the place", "Cancel the %(num)s places", 4)
    at_home.press("Yes, cancel the place", "Yes, cancel the %(num)s places", 4)
    at_home.heading("The booking is cancelled")
    resident.page.reload()
    resident.heading("The booking is cancelled")
    assert len(site.mails_to(email, at_least=3)) == 3


def name_and_give_back(reader: Reader) -> None:
    """The last child of five gets a name, falls ill and gives the place back, by two presses."""
    reader.unfold("Write the names of those who come along")
    reader.write(name_5="Noor")
    reader.press("Save the names")
    expect(reader.page.get_by_role("status").first).to_contain_text(reader.words("The names are saved."))
    last = reader.page.locator("[aria-labelledby=who-heading] .people li").last
    expect(last).to_contain_text("Noor")
    reader.touch(last.locator("summary"))
    reader.touch(last.get_by_role("button", name=reader.words("Yes, give back the place")))
    reader.reads("Done. You have one place.", "Done. You have %(num)s places.", 4)
    expect(reader.page.locator("main")).not_to_contain_text("Noor")


@in_english_on_a_phone
def test_a_family_changes_to_another_time_and_keeps_its_booking(site: LiveSite, resident: Reader, device: str) -> None:
    email = address(resident, "byter", device)
    resident.open("/slots/botildenborg-1500/book")
    resident.write(name="Parisa Öhman", adults="2")
    resident.touch(resident.page.locator(".times button", has_text=resident.time("13:00")))
    resident.write(email=email, children="1")
    resident.press("Book %(time)s", time=resident.time("13:00"))
    resident.reads("Done. You have one place.", "Done. You have %(num)s places.", 3)
    site.mails_to(email)
    number = resident.page.locator(".ticket .code").inner_text()

    resident.follow("Change to another time")
    resident.page.get_by_label(re.compile(f"^{resident.time('15:00')}")).first.check()
    resident.press("Change time")
    expect(resident.page.locator(".ticket__time")).to_have_text(resident.time("15:00"))
    expect(resident.page.locator(".ticket .code")).to_have_text(number)
    said = resident.page.locator(".notice").inner_text()
    assert [time in said for time in (resident.time("13:00"), resident.time("15:00"))] == [True, True]
    assert len(site.mails_to(email, at_least=2)) == 2


@in_english_on_a_phone
def test_a_couple_joins_the_queue_and_takes_the_offer_when_the_organiser_finds_room(
    site: LiveSite,
    resident: Reader,
    new_reader: NewReader,
    administrator: Colleague,
    language: str,
    device: str,
) -> None:
    _, _, slot = DEPARTURES[language, device]
    email = address(resident, "par", device)
    administrator.set_capacity(slot, 4)
    resident.open(f"/malmo-summit/tours/{slot.rsplit('-', 1)[0]}")
    resident.touch(resident.page.locator(f"main a[href='/{language}/slots/{slot}/book']").first)
    resident.write(name="Elis Åberg", email=email, adults="2", children="0")
    resident.press("Join the queue")
    resident.heading("You are in the queue")
    expect(resident.page.locator(".queue__n")).to_have_text("1")
    site.mails_to(email)  # before the offer, which would make it needless

    administrator.set_capacity(slot, 40)
    assert len(site.mails_to(email, at_least=2)) == 2
    at_home = new_reader(javascript=False)
    at_home.open(link_in(site.mails_to(email)[-1]))
    at_home.heading("A place is free for you", "%(num)s places are free for you", 2)
    at_home.press("Yes, take the place", "Yes, take the %(num)s places", 2)
    at_home.reads("Done. You have one place.", "Done. You have %(num)s places.", 2)


def test_a_wrong_form_says_what_to_mend_leads_there_and_keeps_what_was_typed(
    resident: Reader, language: str, device: str
) -> None:
    resident.open("/slots/party-1500/book")
    resident.write(name="Nermin Öhman", email="nermin", adults="0", children="2")
    resident.press("Book %(time)s", time=resident.time("15:00"))

    summary = resident.page.locator(".ds-error-summary")
    expect(summary).to_be_focused()
    expect(resident.page).to_have_title(re.compile(f"^{resident.words('Error in the form')}: "))
    links = summary.get_by_role("link")
    assert links.count() == 2
    for nth, name in enumerate(("email", "adults")):
        link = summary.locator(f"a[href='#{name}']")
        wrong = resident.page.locator(f"#{name}")
        assert wrong.get_attribute("aria-invalid") == "true", nth
        said_by = (wrong.get_attribute("aria-describedby") or "").split()[-1]
        expect(resident.page.locator(f"#{said_by}")).to_have_text(link.inner_text())
        resident.touch(link)
        expect(wrong).to_be_focused()
    typed = {name: resident.page.locator(f"[name={name}]").input_value() for name in ("name", "email", "children")}
    assert typed == {"name": "Nermin Öhman", "email": "nermin", "children": "2"}


@in_swedish_on_a_phone
def test_a_clash_is_told_before_and_after_and_changed_in_one_press(new_reader: NewReader, device: str) -> None:
    reader = new_reader()
    contact = {"name": "Karin Rask", "email": address(reader, "krock", device)}
    for slot in ("botildenborg-1300", "vastra-hamnen-1330"):
        reader.open(f"/slots/{slot}/book")
        is_told = reader.page.get_by_text(reader.words("You already have a booking at this time"))
        expect(is_told).to_have_count(int(slot == "vastra-hamnen-1330"))
        assert accessibility.faults(reader.page, reader.language) == []
        reader.write(**contact)
        reader.page.locator("main [name=email]").press("Enter")
        reader.heading("Your place", "Your places", 1)

    clash = reader.page.get_by_text(reader.words("You have another booking at the same time"))
    expect(clash).to_be_visible()
    assert accessibility.faults(reader.page, reader.language) == []
    reader.press("Change this one to %(time)s", time=reader.time("11:00"))
    reader.heading("Your place", "Your places", 1)
    expect(clash).to_have_count(0)

    reader.open("/my")
    reader.press("By bicycle")
    expect(reader.button("By bicycle")).to_have_attribute("aria-pressed", "true")
    assert accessibility.faults(reader.page, reader.language) == []
