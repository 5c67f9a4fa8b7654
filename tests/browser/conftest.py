"""A live site and a real browser. No Chromium, no browser tests: they are skipped and say how to get one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from tests.browser.reader import Reader
from tests.browser.staff import Colleague, set_up_account
from tests.live_site import LiveSite

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws pages and nothing else: it takes a third less of the machine than a browser with all its windows."""

QUIET: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--js-flags=--no-opt,--no-maglev",  # each page's scripts end before it pays to optimise them
    "--renderer-process-limit=1",  # a process for each page of each new context gives nothing
)
LAPTOP: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 800}}
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
PATIENCE: Final = 30_000
"""Milliseconds until a page that does not say what it should is given up: longer than a busy machine needs."""

expect.set_options(timeout=PATIENCE)
DEVICES: Final = {"phone": PHONE, "laptop": LAPTOP}

in_swedish_on_a_phone = pytest.mark.parametrize(
    ("language", "device"), [("sv", "phone"), ("en", "laptop")], indirect=True
)
"""For a long trip: each language and each device once. The others of a kind go the other way round."""

in_english_on_a_phone = pytest.mark.parametrize(
    ("language", "device"), [("en", "phone"), ("sv", "laptop")], indirect=True
)


class NewReader(Protocol):
    def __call__(self, *, language: str | None = None, javascript: bool = True, **options: Any) -> Reader: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests come first: they are the longest, and one worker has them all, with one site and one browser.

    The others begin elsewhere and end with taking from it what is short.
    """
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The demo as ``make run`` serves it, shared by the browser tests of a worker: each brings its own names."""
    with LiveSite(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium; get it with: apt-get install chromium-headless-shell, or chromium")
    root = ("--no-sandbox",) if os.getuid() == 0 else ()
    return {"executable_path": path, "args": [*QUIET, *root]}


@pytest.fixture
def browser_context_args(site: LiveSite) -> dict[str, Any]:
    """Somewhere else, so that a time shown in the browser's zone would be noticed."""
    return {"base_url": site.url, "locale": "sv-SE", "timezone_id": "America/New_York"}


@pytest.fixture
def new_context(new_context: CreateContextCallback, site: LiveSite) -> Iterator[CreateContextCallback]:
    """As pytest-playwright's; and no page asks another host for anything, and none has an error in its console."""
    strangers: list[str] = []
    errors: list[str] = []

    def note_request(request: Request) -> None:
        if urlsplit(request.url).scheme in {"http", "https"} and not request.url.startswith(site.url):
            strangers.append(request.url)

    def note_message(message: ConsoleMessage) -> None:
        # A refused form answers 422, which Chromium also calls a resource that failed to load.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: errors.append(str(error)))

    def make(**options: Any) -> BrowserContext:
        context = new_context(**{**LAPTOP, **options})
        context.on("request", note_request)
        context.on("console", note_message)
        context.on("page", watch)
        return context

    yield make  # type: ignore[misc]  # the options that pytest-playwright spells out one by one
    assert strangers == []
    assert errors == []


@pytest.fixture(params=["sv", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs in both languages."""
    return str(request.param)


@pytest.fixture(params=list(DEVICES))
def device(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs on a phone and on a laptop."""
    return str(request.param)


@pytest.fixture
def new_reader(new_context: CreateContextCallback, language: str, device: str) -> NewReader:
    """Makes people with a browser of their own, without cookies, on the test's device and in its language."""

    def make(*, language: str = language, javascript: bool = True, **options: Any) -> Reader:
        context = new_context(**{**DEVICES[device], "java_script_enabled": javascript, **options})
        return Reader(context, language, touch=device == "phone")

    return make  # type: ignore[return-value]


@pytest.fixture(scope="session")
def administrator(site: LiveSite, browser: Browser) -> Colleague:
    """Whoever opened the one-time link that the site printed when it started."""
    context = browser.new_context(base_url=site.url, **LAPTOP)
    link = next(word for word in site.said.split() if "/staff/set-up?key=" in word)
    return set_up_account(context, link, "Ada Admin")


@pytest.fixture(scope="session")
def colleague(browser: Browser, administrator: Colleague, site: LiveSite) -> Colleague:
    """An organiser whom the administrator has invited."""
    context = browser.new_context(base_url=site.url, **LAPTOP)
    return set_up_account(context, administrator.invite("bo@malmo.example"), "Bo Berg")
