"""Those who sign the commitment, and the staff who check it: a city's clerk with a browser, staff who are signed in."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from iclei_events import clock, config
from iclei_events.db import db, transaction
from iclei_events.models import (
    Commitment,
    MailKind,
    OutboxMail,
    Signatory,
    SignatoryKind,
    SignatoryStatus,
    Staff,
    StaffRole,
    Standing,
)
from iclei_events.services import declaring, links, log, signing, verifying
from iclei_events.services.content.loading import load_pack
from iclei_events.services.declaring import Declaration
from tests import databases, scenes, staffing
from tests.clients import Page, Visitor
from tests.databases import Database

PACK: Final = config.ROOT / "iclei_events" / "content" / "malmo-summit.yaml"
FORM: Final[dict[str, Any]] = {
    "name": "Lund",
    "country": "SE",
    "kind": "city",
    "challenges": ["affordable-housing", "sustainable-food"],
    "mandate": "Kommunfullmäktige, § 118/2022",
    "mandate_on": "2022-04-28",
    "signer_name": "Åsa Öberg",
    "signer_role": "Kommunstyrelsens ordförande",
    "contact_name": "Nils Ek",
    "contact_email": "nils.ek@lund.example",
    "language": "sv",
    "declares": "y",
}


class City(Visitor):
    """A city's clerk who reads the pages in ``language``."""

    def __init__(self, app: Flask, language: str = "sv") -> None:
        super().__init__(app)
        self.app = app
        self.language = language

    def form(self) -> Page:
        return self.open(f"/{self.language}/commitment/sign")

    def send(self, form: Page | None = None, *, without: tuple[str, ...] = (), **fields: Any) -> TestResponse:
        """Send the form filled in as ``FORM`` but for ``fields``; the bare answer."""
        given = {name: value for name, value in {**FORM, **fields}.items() if name not in without}
        return self.post(form or self.form(), leave_out=[n for n in without if n == "language"], **given)

    def refused(self, response: TestResponse, status: int = 422) -> Page:
        """The page that an answer shows, checked for the house rules."""
        return self._page(response, status)

    def open_link(self, signatory: Signatory, *, status: int = 200) -> Page:
        return self.open(secret_link(self.app, signatory, self.language), status=status)


def secret_link(app: Flask, signatory: Signatory, language: str = "sv") -> str:
    """The address in the contact's mail."""
    key = links.secret_for("signatory", signatory.salt or "", app.config["SECRET_KEY"])
    return f"/{language}/commitment/signings/{signatory.reference}?key={key}"


def load_summit(app: Flask, database: Database) -> None:
    """Put the Summit's own content into the database, with the commitment and its first signatories."""
    databases.restore(app, database, "summit", fill=lambda: load_pack(PACK))


def make_commitment() -> Commitment:
    """A short commitment, for tests of services."""
    both = {"sv": "En", "en": "One"}
    with transaction() as session:
        commitment = Commitment(
            version="2022-05-12",
            title=scenes.both("Löftet"),
            purpose=scenes.both("Mer"),
            elements=[{"slug": "one", "title": both, "text": both}],
            challenges=[{"slug": "housing", "title": both}],
            launched_on=clock.now().date(),
            digest="0" * 64,
        )
        session.add(commitment)
    return db.session.scalars(select(Commitment)).one()


def declaration(name: str = "Lund", **fields: Any) -> Declaration:
    contact = fields.pop("contact", "nils.ek@lund.example")
    given = {
        "name": name,
        "country": "SE",
        "kind": SignatoryKind.CITY,
        "challenges": ("housing",),
        "mandate": "Kommunfullmäktige, § 118/2022",
        "mandate_on": None,
        "signer_name": "Åsa Öberg",
        "signer_role": "Ordförande",
        "contact_name": "Nils Ek",
        "contact_email": contact,
        "contact_email_key": contact.lower(),
        "language": "sv",
    }
    return Declaration(**{**given, **fields})


def sign(name: str = "Lund", *, key: str | None = None, **fields: Any) -> str:
    """Send a form by the service; the reference."""
    commitment = db.session.scalars(select(Commitment)).first() or make_commitment()
    return declaring.declare(commitment, declaration(name, **fields), key=key or f"key-of-{name}-{fields}"[:60])[1]


def sign_and_confirm(name: str = "Lund", **fields: Any) -> str:
    reference = sign(name, **fields)
    signing.confirm(reference)
    return reference


def published(name: str = "Lund", **fields: Any) -> Signatory:
    """A city that has gone all the way."""
    reference = sign_and_confirm(name, **fields)
    for one in (make_staff("Ada"), make_staff("Bo")):
        verifying.verify(reference, by=log.staff(one))
    verifying.publish(reference, by=log.CLI)
    return now(reference)


def now(reference: str) -> Signatory:
    """The signing as the database has it now."""
    db.session.rollback()
    return db.session.scalars(
        select(Signatory).where(Signatory.reference == reference).execution_options(populate_existing=True)
    ).one()


def mails(kind: MailKind) -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.kind == kind).order_by(OutboxMail.id)))


def make_staff(name: str, role: StaffRole = StaffRole.ORGANISER) -> int:
    """Somebody of the staff with a role at all events, set up and ready; the one of that name if there is one."""
    email = f"{name.lower()}@malmo.example"
    known = db.session.scalar(select(Staff.id).where(Staff.email_key == email))
    return staffing.hire(role, email=email) if known is None else known


def staff_member(app: Flask, name: str, role: StaffRole = StaffRole.ORGANISER) -> Visitor:
    """A browser in which somebody of the staff is signed in."""
    with app.app_context():
        staff_id = make_staff(name, role)
    return staffing.signed_in(app, staff_id)


def announced(name: str, country: str) -> None:
    """A record of somebody who was named before the signing only."""
    commitment = db.session.scalars(select(Commitment)).first() or make_commitment()
    with transaction() as session:
        session.add(
            Signatory(
                commitment_id=commitment.id, slug=name.lower(), name=name, country=country, kind=SignatoryKind.CITY,
                standing=Standing.ANNOUNCED_BEFORE, status=SignatoryStatus.PUBLISHED, published_at=clock.now(),
            )
        )  # fmt: skip
