"""The form by which a city or region signs the commitment."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, TextInput

from iclei_events import clock
from iclei_events.i18n import NAMES
from iclei_events.models import Commitment, SignatoryKind
from iclei_events.models.types import new_secret
from iclei_events.services.addresses import email_key
from iclei_events.services.commitment import country_names
from iclei_events.services.declaring import Declaration
from iclei_events.web import filters
from iclei_events.web.commitment import kind_name
from iclei_events.web.contact_fields import EmailField
from iclei_events.web.forms import Form, KeyField, LineField, NameField, TypedField
from iclei_events.web.languages import current_language
from iclei_events.web.typed_text import one_line

LONGEST_MANDATE: Final = 200
MOST_CHALLENGES: Final = 5
FIRST_YEAR: Final = 2000
DATE: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
MALMO: Final = ZoneInfo("Europe/Stockholm")


class DecisionDayField(TypedField):
    """A day that has come, year first so that no other order is read into it; None when empty."""

    widget = TextInput()

    def cleaned(self, typed: str) -> date | None:
        found = DATE.fullmatch(one_line(typed))
        try:
            return date(*map(int, found.groups())) if found else None
        except ValueError:
            return None

    def pre_validate(self, form: Any) -> None:
        if self.data is None and one_line(self.typed):
            raise StopValidation(gettext("Write the day with year, month and day, for example 2022-04-28."))
        super().pre_validate(form)

    def check(self, _form: Any) -> None:
        if self.data > clock.now().astimezone(MALMO).date():
            raise StopValidation(gettext("The decision must have been taken already. Write an earlier day."))
        if self.data.year < FIRST_YEAR:
            raise StopValidation(gettext("Write a year from %(year)s on.", year=FIRST_YEAR))


class OneOf:
    """For fields with a few values on offer: ``missing`` is the sentence when none of them is chosen."""

    missing: Any

    def __init__(self, *, missing: Any, **options: Any) -> None:
        self.missing = missing
        super().__init__(**options)

    def pre_validate(self, _form: Any) -> None:
        if self.data not in [value for value, *_ in self.iter_choices()] or not self.data:  # type: ignore[attr-defined]
            raise StopValidation(str(self.missing))


class ChosenOneField(OneOf, SelectField):
    """A drop-down list."""


class TickedOneField(OneOf, RadioField):
    """Radio buttons."""


class ChallengesField(SelectMultipleField):
    """One to five of the commitment's challenges."""

    option_widget = CheckboxInput()

    def pre_validate(self, _form: Any) -> None:
        chosen, offered = set(self.data or ()), {value for value, *_ in self.iter_choices()}
        if not chosen or not chosen <= offered:
            raise StopValidation(gettext("Choose at least one challenge from the list."))
        if len(chosen) > MOST_CHALLENGES:
            raise StopValidation(
                gettext(
                    "You have chosen %(n)s challenges. Choose at most %(limit)s.", n=len(chosen), limit=MOST_CHALLENGES
                )
            )


class SignForm(Form):
    name = NameField(
        label=lazy_gettext("Name of the city or region"), missing=lazy_gettext("Write the name of the city or region.")
    )
    country = ChosenOneField(label=lazy_gettext("Country"), missing=lazy_gettext("Choose a country from the list."))
    kind = TickedOneField(
        label=lazy_gettext("What is it?"),
        missing=lazy_gettext("Say whether it is a city, a region, a state or a metropolitan area."),
    )
    challenges = ChallengesField(label=lazy_gettext("Which challenges will you start with?"))
    mandate = LineField(
        label=lazy_gettext("Who has decided, and where is it recorded?"),
        missing=lazy_gettext("Write which body has decided, and the number of the decision."),
        longest=LONGEST_MANDATE,
    )
    mandate_on = DecisionDayField(
        label=lazy_gettext("Day of the decision"), missing=lazy_gettext("Write the day of the decision.")
    )
    signer_name = NameField(label=lazy_gettext("Who signs"), missing=lazy_gettext("Write the name of who signs."))
    signer_role = NameField(label=lazy_gettext("Their office"), missing=lazy_gettext("Write the office of who signs."))
    contact_name = NameField(
        label=lazy_gettext("Name of the contact"), missing=lazy_gettext("Write the name of the contact.")
    )
    contact_email = EmailField(
        label=lazy_gettext("The contact’s e-mail"), missing=lazy_gettext("Write the contact’s e-mail address.")
    )
    language = TickedOneField(
        label=lazy_gettext("Language of our mails"), missing=lazy_gettext("Choose Swedish or English."),
        choices=dict(NAMES),
    )  # fmt: skip
    declares = BooleanField(label=lazy_gettext("Our city or region has decided to follow the commitment"))
    idempotency_key = KeyField(missing=lazy_gettext("The form was too old. Send it again."), default="")

    @classmethod
    def of(cls, text: Commitment) -> SignForm:
        """The form in the page's language, with the challenges of this text of the commitment."""
        form = cls(language=current_language())
        countries = country_names(current_language())
        form.country.choices = {"": gettext("Choose a country"), **countries}
        form.kind.choices = {kind.value: kind_name(kind) for kind in SignatoryKind}
        form.challenges.choices = {one["slug"]: filters.tr(one["title"]) for one in text.challenges}
        return form

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        if not self.declares.data:
            self.declares.errors = [gettext("Tick the box if your city or region has decided to follow it.")]
        if self.idempotency_key.errors:
            self.renew_key()
        return not self.errors

    def renew_key(self) -> None:
        self.idempotency_key.process_data(new_secret())

    @property
    def declaration(self) -> Declaration:
        return Declaration(
            name=self.name.data,
            country=self.country.data,
            kind=SignatoryKind(self.kind.data),
            challenges=tuple(dict.fromkeys(self.challenges.data)),
            mandate=self.mandate.data,
            mandate_on=self.mandate_on.data,
            signer_name=self.signer_name.data,
            signer_role=self.signer_role.data,
            contact_name=self.contact_name.data,
            contact_email=self.contact_email.data,
            contact_email_key=email_key(self.contact_email.data),
            language=self.language.data,
        )
