"""The letters to those who sign the commitment and to those who are invited as staff."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext

from iclei_events.models import MailKind, Signatory, SignatoryStatus
from iclei_events.services.letters import Fact, Letter, Section, no_tracking

TRUE_WHILE: Final = {
    MailKind.SIGNATORY_CONFIRM: SignatoryStatus.SUBMITTED,
    MailKind.SIGNATORY_PUBLISHED: SignatoryStatus.PUBLISHED,
    MailKind.SIGNATORY_DECLINED: SignatoryStatus.DECLINED,
}
"""The status in which a mail of that kind still says the truth."""


def confirm_letter(signatory: Signatory, *, language: str, link: str) -> Letter:
    """Ask the contact whether the address is theirs: nothing is looked at before they say so."""
    title = signatory.commitment.title.in_language(language)
    return Letter(
        subject=gettext("Confirm that %(city)s signs – %(commitment)s", city=signatory.name, commitment=title),
        tone="brick",
        sender=title,
        heading=gettext("Confirm that %(city)s signs", city=signatory.name),
        lead=(
            gettext("Somebody gave this address as the contact for a signature. Confirm that it is right."),
        ),
        facts=_facts(signatory),
        action=gettext("Confirm the address"),
        link=link,
        sections=(
            Section(
                gettext("What happens then"),
                (
                    gettext(
                        "Two of our staff check the decision and who signs. "
                        "Then the signature is shown in the public register and you get a mail."
                    ),
                ),
            ),
            Section(gettext("Was it not you?"), (gettext("Do nothing. Without your answer nothing is published."),)),
        ),
        footer=(no_tracking(),),
    )  # fmt: skip


def published_letter(signatory: Signatory, *, language: str, link: str) -> Letter:
    title = signatory.commitment.title.in_language(language)
    return Letter(
        subject=gettext("%(city)s is in the register – %(commitment)s", city=signatory.name, commitment=title),
        tone="brick",
        sender=title,
        heading=gettext("%(city)s is in the register", city=signatory.name),
        lead=(gettext("The signature has been checked and is shown in the public register."),),
        facts=_facts(signatory),
        action=gettext("See it in the register"),
        link=link,
        footer=(no_tracking(),),
    )


def declined_letter(signatory: Signatory, *, language: str, link: str) -> Letter:
    """Say that staff ended a confirmed signing, and why."""
    title = signatory.commitment.title.in_language(language)
    reason = signatory.declined_because or ""
    return Letter(
        subject=gettext(
            "%(city)s was not added to the register – %(commitment)s", city=signatory.name, commitment=title
        ),
        tone="brick",
        sender=title,
        heading=gettext("%(city)s was not added to the register", city=signatory.name),
        lead=(
            gettext("Our staff have looked at the signature and could not publish it."),
            *((gettext("The reason they gave: %(reason)s", reason=reason),) if reason else ()),
            gettext("You are welcome to sign again when this is settled."),
        ),
        facts=_facts(signatory),
        action=gettext("Read the commitment"),
        link=link,
        footer=(no_tracking(),),
    )


def _facts(signatory: Signatory) -> tuple[Fact, ...]:
    rows = (
        Fact(gettext("Who signs"), signatory.signer_name or "", signatory.signer_role or ""),
        Fact(gettext("Decision"), signatory.mandate or ""),
        Fact(gettext("Version"), signatory.commitment.version),
    )
    return tuple(row for row in rows if row.value)


def invitation_letter(*, site: str, link: str) -> Letter:
    return Letter(
        subject=gettext("Invitation to the staff pages – %(site)s", site=site),
        tone="water",
        sender=site,
        heading=gettext("You are invited to the staff pages"),
        lead=(
            gettext("Choose a password and connect an app that shows codes. The link works once."),
        ),
        action=gettext("Accept the invitation"),
        link=link,
        sections=(
            Section(
                gettext("Did you not expect this?"),
                (gettext("Then do not open the link. Nothing happens without it."),),
            ),
        ),
        footer=(no_tracking(),),
    )  # fmt: skip
