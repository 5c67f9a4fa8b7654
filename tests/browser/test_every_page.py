"""Every page, in light and dark, at 320 and 1280 px: nothing for axe-core to find, nothing wider than the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from pytest_playwright.pytest_playwright import CreateContextCallback
from werkzeug.routing import MapAdapter

from iclei_events import create_app
from tests.browser.accessibility import faults
from tests.browser.pages import FORMS, NOT_PAGES, ON_A_WAY, PUBLIC, STAFF
from tests.browser.reader import Reader, link_in
from tests.browser.staff import PASSWORD, Colleague, secret_on
from tests.browser.test_cities import fill_in
from tests.live_site import LiveSite

MOST_REQUESTS: Final = 6
SLOT: Final = "vastra-hamnen-1330"
"""A departure of which only these tests change the capacity."""


@pytest.fixture(scope="module")
def routes() -> Flask:
    return create_app({"SECRET_KEY": "only to build addresses" * 3})


@pytest.fixture
def addresses(routes: Flask) -> MapAdapter:
    return routes.url_map.bind("")


@pytest.fixture
def reader(new_context: CreateContextCallback, language: str) -> Reader:
    return Reader(new_context(), language)


def paths(addresses: MapAdapter, endpoints: dict[str, list[dict[str, Any]]], language: str) -> Iterator[str]:
    for endpoint, samples in endpoints.items():
        for sample in samples:
            yield addresses.build(endpoint, {**sample, "lang": language})


def requests_of(page: Page) -> list[str]:
    """The addresses that the page is going to ask for."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def ask_for_everything_anew(page: Page) -> None:
    """Let each view be a first one. In a new browser each would take twice the time, to compile axe-core."""
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})


def send_empty(page: Page) -> None:
    """Send the page's form with nothing in it."""
    form = page.locator("main form[method=post]:not(.one-button)").last
    form.evaluate("form => form.querySelectorAll('input:not([type=hidden])').forEach(field => { field.value = '' })")
    with page.expect_navigation():
        form.evaluate("form => form.requestSubmit()")


def test_faults_are_found(page: Page) -> None:
    """The control: a page with three known faults does not pass."""
    page.set_content("<main style='width: 2000px'><p style='color: #999'>pale</p><button></button></main>")
    found = "\n".join(faults(page, "sv"))
    for fault in ("scrolled sideways", "color-contrast", "button-name", "320 px, light", "1280 px, dark"):
        assert fault in found


def test_no_page_is_missing_here(routes: Flask) -> None:
    opened = {rule.endpoint for rule in routes.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert opened - {"static"} == {*PUBLIC, *FORMS, *STAFF, *ON_A_WAY, *NOT_PAGES}


def test_public_pages_are_accessible_and_their_first_view_is_light_and_sets_no_cookie(
    new_context: CreateContextCallback, addresses: MapAdapter, language: str
) -> None:
    found: list[str] = []
    context = new_context()
    page = context.new_page()
    ask_for_everything_anew(page)
    requests = requests_of(page)
    for path in paths(addresses, PUBLIC, language):
        requests.clear()
        page.goto(path)
        if len(requests) > MOST_REQUESTS:
            found.append(f"{path} asks for {requests}")
        found += [f"{path} sets the cookie {cookie.get('name')}" for cookie in context.cookies()]
        found += faults(page, language)
        context.clear_cookies()
    assert found == []


def test_forms_are_accessible_fresh_and_with_errors(reader: Reader, addresses: MapAdapter) -> None:
    found: list[str] = []
    for path in paths(addresses, FORMS, reader.language):
        reader.page.goto(path)
        found += faults(reader.page, reader.language)
        if reader.page.locator("main form[method=post]").count():
            send_empty(reader.page)
            assert reader.page.locator(".ds-error-summary").is_visible(), f"{path} takes an empty form"
            found += faults(reader.page, reader.language)
    assert found == []


@pytest.mark.parametrize(("path", "status"), [("/nothing-here", 404), ("/?q=%00", 400), ("/bookings/X/cancel", 405)])
def test_error_pages_are_accessible(reader: Reader, path: str, status: int) -> None:
    reader.open(path, status)
    assert faults(reader.page, reader.language) == []


def test_a_booking_is_accessible_in_every_state(
    reader: Reader, new_context: CreateContextCallback, administrator: Colleague
) -> None:
    administrator.set_capacity(SLOT, 40)
    found: list[str] = []
    late = Reader(new_context(), reader.language)
    for one, name in ((reader, "Zofia Quist"), (late, "Tariq Rahimi")):
        one.open(f"/slots/{SLOT}/book")
        one.write(name=name, email=f"{name[:5]}.{one.language}@example.org", adults="2", children="1")
        one.page.locator("main .form-do button").click()
        found += faults(one.page, one.language)
        administrator.set_capacity(SLOT, 4)
    one.heading("You are in the queue")
    administrator.set_capacity(SLOT, 60)
    one.page.reload()
    one.heading("A place is free for you", "%(num)s places are free for you", 3)
    found += faults(one.page, one.language)

    reader.follow("Why we keep it, who has looked at it, and how to erase it", "aside")
    found += faults(reader.page, reader.language)
    reader.follow("Erase my details", "main")
    found += faults(reader.page, reader.language)
    reader.follow("No, keep the booking", "main")
    reader.follow("Your booking", "main")
    reader.unfold("Change how many come")
    send_empty(reader.page)
    found += faults(reader.page, reader.language)
    reader.follow("Change to another time", "main")
    found += faults(reader.page, reader.language)
    send_empty(reader.page)
    found += faults(reader.page, reader.language)
    reader.follow("Keep what you have", "main")
    reader.unfold("Cancel the place", "Cancel the %(num)s places", 3)
    reader.press("Yes, cancel the place", "Yes, cancel the %(num)s places", 3)
    reader.heading("The booking is cancelled")
    found += faults(reader.page, reader.language)
    reader.open("/my")
    found += faults(reader.page, reader.language)
    reader.open("/malmo-summit/tours")
    found += faults(reader.page, reader.language)
    assert found == []


def test_a_signing_is_accessible_on_its_way(
    site: LiveSite, reader: Reader, new_context: CreateContextCallback, administrator: Colleague
) -> None:
    city, email = f"Provby {reader.language}", f"provby.{reader.language}@example.org"
    reader.open("/commitment/sign")
    fill_in(reader, city, email)
    reader.press("Send and get the link to confirm")
    reader.heading("Now open the link in our mail")
    found = faults(reader.page, reader.language)
    reader.open(link_in(site.mails_to(email)[0]))
    found += faults(reader.page, reader.language)
    reader.press("Confirm: %(city)s signs", city=city)
    reader.heading("The signing of %(city)s is being checked", city=city)
    found += faults(reader.page, reader.language)

    staff = as_colleague(new_context(), administrator, reader.language)
    staff.open("/staff/signatories")
    found += faults(staff.page, staff.language)
    staff.follow(city, "main")
    send_empty(staff.page)
    found += faults(staff.page, staff.language)
    assert found == []


def test_a_new_address_is_accessible_on_its_way(
    site: LiveSite, reader: Reader, new_context: CreateContextCallback
) -> None:
    new = f"new.address.{reader.language}@example.org"
    reader.open("/slots/siptex-1430/book")
    reader.write(name="Zofia Quist", email=f"old.address.{reader.language}@example.org", adults="1")
    reader.press("Book %(time)s", time=reader.time("14:30"))
    reader.unfold("Change your e-mail address")
    reader.write(new_email="new@")
    reader.press("Send a link to the new address")
    found = faults(reader.page, reader.language)
    reader.write(new_email=new)
    reader.press("Send a link to the new address")
    found += faults(reader.page, reader.language)

    at_home = Reader(new_context(), reader.language)
    at_home.open(link_in(site.mails_to(new)[0]))
    found += faults(at_home.page, at_home.language)
    at_home.press("Yes, write to this address")
    at_home.reads("Done. You have one place.")
    found += faults(at_home.page, at_home.language)
    assert found == []


def test_staff_pages_are_accessible(
    new_context: CreateContextCallback, addresses: MapAdapter, administrator: Colleague, language: str
) -> None:
    staff = as_colleague(new_context(), administrator, language)
    found: list[str] = []
    for path in paths(addresses, STAFF, language):
        staff.page.goto(path)
        found += faults(staff.page, language)
        if re.search("(/book|/kept-back|/people)$", path):
            send_empty(staff.page)
            found += faults(staff.page, language)
    staff.open("/staff/malmo-summit/slots/botildenborg-1300/bookings")
    staff.follow("Cancel", "tbody")
    found += faults(staff.page, language)
    assert found == []


def test_the_way_to_an_account_is_accessible(
    reader: Reader, new_context: CreateContextCallback, administrator: Colleague
) -> None:
    email = f"way.{reader.language}@malmo.example"
    link = administrator.invite(email).replace("/en/", f"/{reader.language}/")
    reader.open(link)
    found = faults(reader.page, reader.language)
    send_empty(reader.page)
    found += faults(reader.page, reader.language)
    reader.write(name="Way Wisher", password=PASSWORD)
    reader.press("Continue")
    secret = secret_on(reader.page)
    found += faults(reader.page, reader.language)
    reader.write(code=pyotp.TOTP(secret).now())
    reader.press("Connect")
    reader.heading("Your recovery codes")
    found += faults(reader.page, reader.language)

    elsewhere = Reader(new_context(), reader.language)
    elsewhere.open(link, status=410)
    found += faults(elsewhere.page, reader.language)
    elsewhere.open("/staff/sign-in")
    elsewhere.write(email=email, password=PASSWORD)
    elsewhere.press("Continue")
    elsewhere.heading("Write your code")
    found += faults(elsewhere.page, reader.language)
    assert found == []


def as_colleague(context: BrowserContext, colleague: Colleague, language: str) -> Reader:
    """The colleague in another browser and another language."""
    context.add_cookies(colleague.cookies)  # type: ignore[arg-type]  # as Playwright itself gave them
    return Reader(context, language)
