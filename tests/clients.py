"""The visitor: a browser without scripts, for tests. It opens pages, fills in forms and checks the house rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from lxml import html
from lxml.html import FormElement, HtmlElement
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests import house_rules
from tests.house_rules import text_of


class Page:
    """An answer, read as a page."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.path = response.request.full_path.rstrip("?")
        self.source = response.get_data(as_text=True)
        self.tree: HtmlElement = html.document_fromstring(self.source)

    def __repr__(self) -> str:
        return f"<Page {self.status} {self.path}: {self.title}>"

    @property
    def title(self) -> str:
        return text_of(self.one("head > title"))

    @property
    def heading(self) -> str:
        return text_of(self.one("h1"))

    @property
    def language(self) -> str:
        return str(self.tree.get("lang"))

    @property
    def text(self) -> str:
        """What the main part says."""
        return text_of(self.one("main"))

    def all(self, css: str) -> list[HtmlElement]:
        return list(self.tree.cssselect(css))

    def one(self, css: str) -> HtmlElement:
        """The only element that matches."""
        found = self.all(css)
        assert len(found) == 1, f"{len(found)} elements match {css!r} on {self.path}"
        return found[0]

    def texts(self, css: str) -> list[str]:
        return [text_of(element) for element in self.all(css)]

    def link(self, text: str) -> str:
        """Where the first link leads whose text (or label) contains ``text``."""
        for link in self.all("a[href]"):
            if text in text_of(link) or text in link.get("aria-label", ""):
                return urljoin(self.path, str(link.get("href")))
        msg = f"no link says {text!r} on {self.path}; there are {self.texts('a[href]')}"
        raise AssertionError(msg)

    def form(self, button: str | None = None) -> FormElement:
        """The form with that button, else the only form in the main part that is sent by POST."""
        forms = [form for form in self.tree.forms if form.method == "POST" and list(form.iterancestors("main"))]
        if button is not None:
            forms = [form for form in self.tree.forms if _buttons(form, button)]
        assert len(forms) == 1, f"{len(forms)} forms with the button {button!r} on {self.path}"
        return forms[0]

    def fields(self, button: str | None = None) -> dict[str, Any]:
        """What that form would send as it stands."""
        return dict(_filled_in(self.form(button)))


class Visitor:
    """Keeps cookies, follows redirects, and fails the test where a page breaks a house rule."""

    def __init__(self, app: Flask, headers: dict[str, str] | None = None) -> None:
        self.client = app.test_client()
        self.headers = headers or {}

    def open(self, path: str, *, status: int = 200, **headers: str) -> Page:
        """The page at ``path``, where redirects lead. ``headers`` are written with underscores."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._page(self.client.get(path, headers=sent, follow_redirects=True), status)

    def submit(
        self,
        page: Page,
        button: str | None = None,
        *,
        status: int = 200,
        leave_out: Iterable[str] = (),
        **fields: Any,
    ) -> Page:
        """Fill in a form of the page and press its button; the page that follows.

        ``status`` is that of the last answer; ``post`` gives the bare one. A list as a value ticks several boxes.
        """
        return self._page(self._send(page, button, fields, leave_out, follow=True), status)

    def post(self, page: Page, button: str | None = None, leave_out: Iterable[str] = (), **fields: Any) -> TestResponse:
        """As ``submit``, but the bare answer: its status, Location and headers."""
        return self._send(page, button, fields, leave_out, follow=False)

    def _send(
        self, page: Page, button: str | None, fields: dict[str, Any], leave_out: Iterable[str], *, follow: bool
    ) -> TestResponse:
        form = page.form(button)
        sent: MultiDict[str, Any] = MultiDict(_filled_in(form))
        if button is not None and (pressed := _pressed(form, button)):
            sent.add(*pressed)  # beside a field of the same name, as browsers do
        for name, value in fields.items():
            sent.setlist(name, list(value) if isinstance(value, list | tuple) else [value])
        for name in leave_out:
            sent.poplist(name)
        address = urljoin(page.path, form.get("action") or page.path)
        method = (form.get("method") or "get").upper()
        if method == "GET":
            return self.client.get(address, query_string=sent, headers=self.headers, follow_redirects=follow)
        return self.client.post(address, data=sent, headers=self.headers, follow_redirects=follow)

    def _page(self, response: TestResponse, status: int) -> Page:
        said = f"{response.request.method} {response.request.path} answered {response.status}"
        assert response.status_code == status, f"{said}, not {status}\n{_gist(response)}"
        assert response.mimetype == "text/html", f"{said} as {response.mimetype}"
        page = Page(response)
        broken = house_rules.broken(page.tree, dict(page.headers), urlsplit(page.path).path)
        assert not broken, f"{page} breaks house rules:\n- " + "\n- ".join(broken)
        return page


def _filled_in(form: FormElement) -> list[tuple[str, str]]:
    """Names and values as a browser sends them: the line break after ``<textarea>`` is no part of the text."""
    areas = {area.get("name") for area in form.cssselect("textarea")}
    pairs = [(str(name), str(value)) for name, value in form.form_values()]
    return [(name, value.removeprefix("\n") if name in areas else value) for name, value in pairs]


def _buttons(form: HtmlElement, text: str) -> list[HtmlElement]:
    """The form's buttons whose text, value or label contains ``text``."""

    def says(button: HtmlElement) -> str:
        return " ".join((text_of(button), button.get("value", ""), button.get("aria-label", "")))

    return [button for button in form.cssselect("button, input[type=submit]") if text in says(button)]


def _pressed(form: HtmlElement, text: str) -> tuple[str, str] | None:
    """Name and value of the button, which a browser sends along."""
    button = _buttons(form, text)[0]
    return (str(button.get("name")), button.get("value", "")) if button.get("name") else None


def _gist(response: TestResponse) -> str:
    """The beginning of what a failed answer says, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))[:600]
