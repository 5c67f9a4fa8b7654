"""An organiser's trip: from the invitation to the capacity board; without scripts on the phone."""

from __future__ import annotations

from typing import Final

import pyotp
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewReader, in_swedish_on_a_phone
from tests.browser.reader import Reader
from tests.browser.staff import EVENT, PASSWORD, Colleague, secret_on

SLOTS: Final = {
    ("sv", "phone"): "mw-siptex-1330",
    ("sv", "laptop"): "mw-hyllie-1330",
    ("en", "phone"): "mw-sege-park-1330",
    ("en", "laptop"): "mw-botildenborg-1330",
}


def row_of(organiser: Reader, slot: str) -> Locator:
    return organiser.page.locator(f"tr#{slot}")


def sign_up(organiser: Reader, link: str) -> None:
    """Password, second factor, recovery codes."""
    organiser.open(link.replace("/sv/", f"/{organiser.language}/").replace("/en/", f"/{organiser.language}/"))
    organiser.heading("Set up your account")
    organiser.write(name="Vera Viksten", password=PASSWORD)
    organiser.press("Continue")
    organiser.heading("Connect your phone")
    organiser.write(code=pyotp.TOTP(secret_on(organiser.page)).now())
    organiser.press("Connect")
    organiser.heading("Your recovery codes")
    assert len(set(organiser.page.locator("main li code").all_inner_texts())) == 8
    organiser.follow("I have kept the codes, go on")


def change_capacity(organiser: Reader, slot: str, device: str) -> None:
    """See the effect first: as one types where there are scripts, by a button where there are none."""
    organiser.touch(row_of(organiser, slot).locator("a").first)
    field = organiser.page.locator("[name=capacity]")
    field.fill("")
    field.press_sequentially("41")
    if device == "phone":
        organiser.press("Show the effect")
    expect(organiser.page.locator("#effect")).to_contain_text("41")
    organiser.touch(organiser.page.locator("#save"))
    expect(row_of(organiser, slot).locator("td").nth(1)).to_have_text("41")


def keep_back_and_release(organiser: Reader) -> None:
    organiser.follow("Kept back", "main")
    organiser.write(places="3", reason="Skolklass 5B")
    organiser.press("Keep back")
    organiser.reads("%(num)s place is kept back.", "%(num)s places are kept back.", 3)
    organiser.press("Release")
    organiser.reads("No places are kept back.")
    organiser.page.go_back()


def book_and_cancel_for_somebody(organiser: Reader, slot: str) -> None:
    organiser.open(f"{EVENT}/slots/{slot}/bookings")
    organiser.follow("Book for somebody")
    organiser.write(name="Ulla Green", phone="070-174 06 05")
    organiser.press("Book")
    expect(organiser.page.locator("tbody tr")).to_contain_text("Ulla Green")
    organiser.follow("Cancel", "tbody")
    organiser.press("Cancel the booking")
    organiser.reads("Nobody has booked yet.")


@in_swedish_on_a_phone
def test_an_organiser_signs_up_by_the_invitation_and_runs_a_slot(
    administrator: Colleague, new_reader: NewReader, language: str, device: str
) -> None:
    slot = SLOTS[language, device]
    organiser = new_reader(javascript=device == "laptop")
    sign_up(organiser, administrator.invite(f"vera.{language}.{device}@malmo.example"))
    organiser.heading("Your events")
    organiser.follow("Malmö Summit", "main")
    organiser.heading("Places")

    change_capacity(organiser, slot, device)
    organiser.touch(row_of(organiser, slot).locator("a").last)
    keep_back_and_release(organiser)
    book_and_cancel_for_somebody(organiser, slot)

    organiser.press("Sign out")
    organiser.reads("You are signed out.")
    organiser.open(f"{EVENT}/slots")
    organiser.heading("Sign in")
