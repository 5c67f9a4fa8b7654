"""Fields for reaching people: an e-mail address, a phone number."""

from __future__ import annotations

import re
from typing import Any, Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_babel import gettext
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput

from iclei_events.web.forms import TypedField
from iclei_events.web.typed_text import INVISIBLE, WHITE_SPACE

LONGEST_EMAIL: Final = 254
LONGEST_LOCAL_PART: Final = 64
LONGEST_PHONE: Final = 40
HOME_REGION: Final = "SE"

AT_SIGNS = str.maketrans({"\uff20": "@", "\ufe6b": "@"})
PHONE_SIGNS = re.compile(r"\+?[0-9 ()/.\u2010-\u2013-]{5,}")


class EmailField(TypedField):
    """An e-mail address: the domain in its ASCII form, the part before the @ as it was typed."""

    widget = TextInput()

    def cleaned(self, typed: str) -> str:
        seen = INVISIBLE.sub("", typed).replace("\u200c", "").replace("\u200d", "")
        return WHITE_SPACE.sub(" ", seen).strip().translate(AT_SIGNS)

    def check(self, _form: Any) -> None:
        local, at, domain = self.data.rpartition("@")
        if not at:
            raise StopValidation(gettext("The address has no @. Write for example amira@example.se"))
        if not domain:
            raise StopValidation(gettext("Something is missing after the @. Write for example amira@example.se"))
        if len(local) > LONGEST_LOCAL_PART:
            limit = LONGEST_LOCAL_PART
            raise StopValidation(gettext("The part before the @ may have %(limit)s characters at most.", limit=limit))
        if not local.isascii():
            raise StopValidation(
                gettext(
                    "We can only write to addresses with the letters a to z before the @. Do you have another address?"
                )
            )
        self.data = self._deliverable()

    def _deliverable(self) -> str:
        """The address as mail servers take it."""
        try:
            address = validate_email(
                self.data,
                check_deliverability=False,
                allow_smtputf8=False,
                test_environment=not current_app.config["PRODUCTION"],
            )
        except EmailNotValidError:
            if len(self.data) > LONGEST_EMAIL:
                raise StopValidation(
                    gettext("The address may have %(limit)s characters at most.", limit=LONGEST_EMAIL)
                ) from None
            raise StopValidation(
                gettext("We cannot write to that address. Write for example amira@example.se")
            ) from None
        return str(address.ascii_email)


class PhoneField(TypedField):
    """A phone number, Swedish when no country is given; an odd one that could be a number stays as typed."""

    widget = TextInput()

    def check(self, _form: Any) -> None:
        try:
            number = phonenumbers.parse(self.data, HOME_REGION)
        except phonenumbers.NumberParseException:
            number = None
        if number is not None and phonenumbers.is_valid_number(number):
            self.data = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        elif len(self.data) > LONGEST_PHONE or not PHONE_SIGNS.fullmatch(self.data):
            raise StopValidation(gettext("Write a phone number with digits, for example 070-123 45 67."))
