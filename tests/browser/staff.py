"""People of the staff who are signed in, for trips that need one beside the person they follow."""

from __future__ import annotations

from typing import Final

import pyotp
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.reader import Reader

PASSWORD: Final = "four words, none alike"
EVENT: Final = "/staff/malmo-summit"


class Colleague:
    """Works in English, in a browser that stays signed in."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context

    @property
    def cookies(self) -> list[object]:
        """What signs another browser in as the same person."""
        return list(self._context.cookies())

    def sit_down(self) -> Reader:
        return Reader(self._context, "en")

    def invite(self, email: str) -> str:
        """Make the one-time link for a new organiser of all events."""
        me = self.sit_down()
        me.open("/staff/people")
        me.write(email=email)
        me.page.locator("select[name=role]").select_option("organiser")
        me.press("Make a link")
        link = me.page.locator("main code").inner_text()
        me.page.close()
        return link

    def set_capacity(self, slot: str, places: int) -> None:
        me = self.sit_down()
        me.open(f"{EVENT}/slots/{slot}/capacity?capacity={places}")
        me.touch(me.page.locator("#save"))
        me.reads("%(slot)s now has %(n)s places.", slot=time_of(slot), n=places)
        me.page.close()


def set_up_account(context: BrowserContext, link: str, name: str) -> Colleague:
    """Open a one-time link and go through what it asks for."""
    page = context.new_page()
    page.goto(link)
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    page.locator("[name=code]").fill(pyotp.TOTP(secret_on(page)).now())
    page.locator("main button").click()
    expect(page.locator("main li code").first).to_be_visible()
    page.close()
    return Colleague(context)


def time_of(slot: str) -> str:
    """09:30 for ``siptex-0930``."""
    return f"{slot[-4:-2]}:{slot[-2:]}"


def secret_on(page: Page) -> str:
    """The secret for an authenticator app, as the page writes it."""
    expect(page.locator("[name=code]")).to_be_visible()
    return "".join(page.locator("main strong code").all_inner_texts())
