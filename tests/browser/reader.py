"""Somebody with a browser who reads the site in one language and finds things by what they say, as people do."""

from __future__ import annotations

import re
import time
from email.message import EmailMessage
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

from babel.support import Translations
from playwright.sync_api import BrowserContext, Locator, Page, expect

from iclei_events.config import ROOT
from tests import letters

TRANSLATIONS: Final = ROOT / "iclei_events" / "translations"
LINK: Final = re.compile(r"https?://\S+[?&]key=\S+")


@cache
def _catalogue(language: str) -> NullTranslations:
    return NullTranslations() if language == "en" else Translations.load(TRANSLATIONS, [language])


class Reader:
    """Sees one page at a time, and taps where the screen can be touched. Messages are given in the code's English."""

    def __init__(self, context: BrowserContext, language: str, *, touch: bool = False) -> None:
        self.language = language
        self.page: Page = context.new_page()
        self._touch = touch

    def words(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> str:
        """What the site says in the reader's language."""
        catalogue = _catalogue(self.language)
        text = catalogue.ngettext(message, plural, count) if plural else catalogue.gettext(message)
        return text % {"num": count, **values} if values or plural else text

    def time(self, moment: str) -> str:
        """09:30 as the reader's language writes it."""
        return moment.replace(":", ".") if self.language == "sv" else moment

    def open(self, path: str, status: int = 200) -> None:
        """Go to an address of the site, below that of the language, or to a whole one."""
        answer = self.page.goto(path if path.startswith("http") else f"/{self.language}{path}")
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"

    def press(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> None:
        self.touch(self.button(message, plural, count, **values))

    def button(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> Locator:
        return self.page.get_by_role("button", name=self.words(message, plural, count, **values)).first

    def reload_until_button(self, message: str) -> None:
        """Open the page again until it has the button: a form may be a second old, and a test is quick."""
        give_up = time.monotonic() + 10
        while not self.button(message).count():
            assert time.monotonic() < give_up, f"no button {message} on {self.page.url}"
            self.page.wait_for_timeout(200)
            self.page.reload()

    def follow(self, message: str, within: str = "body", /, **values: Any) -> None:
        """Follow the first link that says so."""
        self.touch(self.page.locator(within).get_by_role("link", name=self.words(message, **values)).first)

    def unfold(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> None:
        """Open what is folded away; where the screen is wide enough it may stand open already."""
        summary = self.page.locator("summary", has_text=self.words(message, plural, count, **values)).first
        if summary.is_visible():
            self.touch(summary)

    def touch(self, what: Locator) -> None:
        if self._touch:
            what.tap()
        else:
            what.click()

    def field(self, message: str) -> Locator:
        return self.page.get_by_label(self.words(message)).first

    def write(self, **fields: str) -> None:
        """Fill in fields by their names."""
        for name, text in fields.items():
            self.page.locator(f"main [name={name}]:not([type=hidden])").first.fill(text)

    def reads(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> None:
        """The page says so, once it has come."""
        expect(self.page.locator("main")).to_contain_text(self.words(message, plural, count, **values))

    def heading(self, message: str, plural: str = "", count: int = 1, /, **values: Any) -> None:
        expect(self.page.locator("h1")).to_have_text(self.words(message, plural, count, **values))

    def download(self, message: str) -> str:
        """The text of the file behind a link."""
        with self.page.expect_download() as downloading:
            self.follow(message)
        return Path(downloading.value.path()).read_text(encoding="utf-8")


def link_in(mail: EmailMessage) -> str:
    """The secret link of a mail, as it stands in its text."""
    found = LINK.search(letters.text_of(mail))
    assert found is not None, f"no link in the mail {mail['Subject']}"
    return found.group()
