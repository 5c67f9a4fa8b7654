"""A city's trip: it signs, confirms by the link in the mail, two of the staff check it, the register shows it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import NewReader, in_english_on_a_phone
from tests.browser.reader import Reader, link_in
from tests.browser.staff import Colleague
from tests.live_site import LiveSite


def fill_in(clerk: Reader, city: str, email: str) -> None:
    clerk.write(
        name=city,
        mandate="KF § 118/2022",
        mandate_on="2022-04-28",
        signer_name="Åsa Öberg",
        signer_role="Borgmästare",
        contact_name="Nils Ek",
        contact_email=email,
    )
    clerk.page.locator("select[name=country]").select_option("SE")
    for box in ("input[name=kind][value=city]", "input[name=challenges][value=affordable-housing]", "[name=declares]"):
        clerk.touch(clerk.page.locator(box))


def check(colleague: Colleague, city: str, *, last: bool) -> None:
    me = colleague.sit_down()
    me.open("/staff/signatories")
    me.follow(city, "main")
    me.press("I have checked decision and signer")
    if last:
        me.press("Publish in the register")
        me.reads("Published. The contact gets a mail.")
    else:
        me.reads("You have checked it. Somebody else must check it too.")
    me.page.close()


@in_english_on_a_phone
def test_a_city_signs_confirms_is_checked_by_two_and_stands_in_the_register(
    site: LiveSite,
    new_reader: NewReader,
    administrator: Colleague,
    colleague: Colleague,
    language: str,
    device: str,
) -> None:
    clerk = new_reader(javascript=False)
    city, email = f"Exempelstad {language} {device}", f"nils.{language}.{device}@exempelstad.example"
    clerk.open("/commitment")
    clerk.follow("Sign the commitment", "main")
    fill_in(clerk, city, email)
    clerk.press("Send and get the link to confirm")
    clerk.heading("Now open the link in our mail")

    at_work = new_reader(javascript=False)
    at_work.open(link_in(site.mails_to(email)[0]))
    at_work.heading("Does %(city)s sign?", city=city)
    at_work.press("Confirm: %(city)s signs", city=city)
    at_work.heading("The signing of %(city)s is being checked", city=city)

    check(administrator, city, last=False)
    check(colleague, city, last=True)
    for reading in ("sv", "en"):
        anybody = new_reader(language=reading, javascript=False)
        anybody.open("/commitment/signatories")
        anybody.follow(city, "main")
        expect(anybody.page.locator("h1")).to_have_text(city)
        anybody.page.close()
    assert len(site.mails_to(email, at_least=2)) == 2
