"""Mails that were given up: who sees them, what of them, and trying again."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import db
from iclei_events.models import BookingStatus, MailKind, OutboxMail, StaffRole
from iclei_events.services import delivery, log, need_answers
from tests import aids, letters, staffing
from tests.post_office import PostOffice
from tests.residents import mails
from tests.staffing import logged
from tests.web.staff.desks import Desk, make_desk


def refused(app: Flask, desk: Desk, office: PostOffice) -> str:
    """A booking whose confirmation the mail server does not take; returns its reference."""
    reference = desk.book("Amira")
    office.refuse_with = "550 5.1.1 no such user"
    with app.app_context():
        delivery.deliver_due(app.config["MAIL_URL"])
    office.refuse_with = None
    return reference


# M04
def test_a_mail_that_was_refused_is_shown_to_the_staff_and_tried_again(app: Flask, post_office: PostOffice) -> None:
    desk = make_desk(app)
    reference = refused(app, desk, post_office)
    start = desk.visitor.open("/en/staff/")
    assert "1 mail could not be delivered" in start.text

    page = desk.visitor.open(start.link("could not be delivered"))
    assert page.texts("tbody th, tbody td")[:-1] == [
        "Booking confirmed", "14 May, Tour in English 10:30", reference, "amira@example.org", "2 May at 09:05",
        "refused with 550",
    ]  # fmt: skip
    page = desk.visitor.submit(page, "Try again")
    with app.app_context():
        delivery.deliver_due(app.config["MAIL_URL"])
        assert [entry.staff_id is not None for entry in logged("retry_mail")] == [True]

    assert "The mail is tried again now." in page.text
    assert page.all("tbody tr") == []
    assert post_office.recipients == ["amira@example.org"]
    assert "could not be delivered" not in desk.visitor.open("/en/staff/").text


def test_whoever_only_views_sees_no_address_and_no_button(app: Flask, post_office: PostOffice) -> None:
    desk = make_desk(app, StaffRole.VIEWER)
    refused(app, desk, post_office)

    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/failed-mails")

    assert "refused with 550" in page.text
    assert "example.org" not in page.source
    assert page.all("tbody form") == []


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (StaffRole.ORGANISER, "Answer to what the party needs"),
        (StaffRole.DOOR, "Answer to what the party needs"),
        (StaffRole.EDITOR, "Mail about the booking"),
        (StaffRole.VIEWER, "Mail about the booking"),
    ],
)
def test_that_a_mail_is_about_needs_is_told_to_those_alone_who_may_see_them(
    app: Flask, role: StaffRole, told: str
) -> None:
    desk = make_desk(app, role)
    with app.app_context():
        need_answers.decline(aids.book(desk.slot(), "Amira").reference, aids.WHEELCHAIR, "No", by=log.CLI)
        mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.kind == MailKind.NEEDS_ANSWERED)).one()
        letters.fail(mail.id)

    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/failed-mails")

    assert page.texts("tbody th") == [told]
    assert ("needs" in page.one("tbody").text_content()) is (told != "Mail about the booking")


def test_a_mail_that_is_no_longer_true_is_not_sent_by_trying_again(app: Flask, post_office: PostOffice) -> None:
    desk = make_desk(app)
    reference = refused(app, desk, post_office)
    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/failed-mails")
    with app.app_context():
        letters.set_status(reference, BookingStatus.CANCELLED)
    desk.visitor.submit(page, "Try again")

    with app.app_context():
        delivery.deliver_due(app.config["MAIL_URL"])

    assert post_office.mails == []


def test_trying_twice_is_trying_once(app: Flask, post_office: PostOffice) -> None:
    desk = make_desk(app)
    refused(app, desk, post_office)
    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/failed-mails")
    desk.visitor.submit(page, "Try again")

    second = desk.visitor.submit(page, "Try again")

    assert "The mail is under way already." in second.text
    assert mails(app) == 1


def test_mails_about_no_booking_are_for_staff_of_all_events_and_their_addresses_for_admins(app: Flask) -> None:
    with app.app_context():
        letters.fail(letters.promise(MailKind.STAFF_INVITATION).id)
    organiser = staffing.on_duty(app, StaffRole.ORGANISER)
    admin = staffing.on_duty(app, StaffRole.ADMIN)

    seen = organiser.open("/en/staff/failed-mails")

    assert "1 mail about signings or staff could not be delivered" in organiser.open("/en/staff/").text
    assert "Invitation to the staff" in seen.text
    assert "one@example.org" not in seen.source
    assert "one@example.org" in admin.open("/en/staff/failed-mails").text
    assert organiser.submit(seen, "Try again").all("tbody tr") == []


def test_no_failed_mail_says_so(app: Flask) -> None:
    desk = make_desk(app)

    assert "No mail has failed." in desk.visitor.open(f"/en/staff/{desk.event_slug}/failed-mails").text
    assert "could not be delivered" not in desk.visitor.open("/en/staff/").text
