"""Fields that forms share: lenient about how something is typed, plain about what is missing.

A field keeps two values: ``data`` is cleaned and goes to a service; what was typed goes back into the form. Fields
validate form, never business: whether a party fits is for the seat engine to say.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask_babel import gettext
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField
from wtforms.csrf.core import CSRFTokenField
from wtforms.fields.choices import SelectChoice
from wtforms.i18n import DummyTranslations
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, HiddenInput, TextArea, TextInput

from iclei_events.i18n import LANGUAGES, NAMES
from iclei_events.web.typed_text import LINE_BREAKS, is_piled_up, many_lines, one_line

Sentence = str | LazyString

LONGEST_NAME: Final = 120

KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
NUMBER = re.compile(r"[0-9]{1,4}")


class TokenField(CSRFTokenField):
    """The token that came with a form. Pages write theirs by ``csrf_token()``; one more for each form would be lost."""

    def process(self, *given: Any, **named: Any) -> None:
        HiddenField.process(self, *given, **named)


class Protection(FlaskForm.Meta.csrf_class):  # Flask-WTF's own, which has no public name
    field_class = TokenField


class Form(FlaskForm):
    """Every form: with a CSRF token, and with our own sentences instead of the library's."""

    class Meta(FlaskForm.Meta):
        csrf_class = Protection

        def get_translations(self, _form: Any) -> DummyTranslations:
            return DummyTranslations()

    def validate(self, extra_validators: Any = None) -> bool:
        valid = bool(super().validate(extra_validators))
        if self.csrf_token.errors:
            self.csrf_token.errors = [
                gettext("The form was open for too long, or your browser keeps no cookies. Send it again.")
            ]
        return valid


class TypedField(Field):
    """A field that shows again what was typed, whatever became of it. ``missing``: the sentence when it is empty.

    ``optional`` says so beside the label.
    """

    typed: str = ""
    missing: Sentence | None

    def __init__(self, *, missing: Sentence | None = None, optional: bool = False, **options: Any) -> None:
        self.missing = missing
        super().__init__(validators=(), **options)
        self.flags.required = missing is not None
        self.flags.optional = optional

    def process_data(self, value: Any) -> None:
        self.data = value
        self.typed = "" if value is None else str(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.typed = str(valuelist[0])
            self.data = self.cleaned(self.typed)

    def _value(self) -> str:
        return self.typed

    def cleaned(self, typed: str) -> Any:
        return one_line(typed)

    def pre_validate(self, form: Any) -> None:
        if LINE_BREAKS.search(self.typed):
            raise StopValidation(gettext("Write it on one line."))
        if not self.data:
            if self.missing is not None:
                raise StopValidation(str(self.missing))
            return
        self.check(form)

    def check(self, _form: Any) -> None:
        """Raise ``StopValidation`` with a sentence where what was typed cannot be meant."""


class NameField(TypedField):
    """A person's name in any script, as they write it."""

    widget = TextInput()

    def check(self, _form: Any) -> None:
        if len(self.data) > LONGEST_NAME:
            raise StopValidation(
                gettext("The name has %(n)s characters. Write at most %(limit)s.", n=len(self.data), limit=LONGEST_NAME)
            )
        if is_piled_up(self.data) or "\ufffd" in self.data:
            raise StopValidation(gettext("Some characters of the name cannot be read. Write it again."))


class CountField(TypedField):
    """How many, in the digits 0 to 9 and nothing else that Python takes for a number."""

    widget = TextInput()

    def cleaned(self, typed: str) -> int | None:
        text = one_line(typed)
        return int(text) if NUMBER.fullmatch(text) else None

    def pre_validate(self, _form: Any) -> None:
        if self.data is None and one_line(self.typed):
            raise StopValidation(gettext("Write a number with the digits 0 to 9."))
        if self.data is None and self.missing is not None:
            raise StopValidation(str(self.missing))


class LineField(TypedField):
    """Text of one line, at most ``longest`` characters."""

    widget = TextInput()

    def __init__(self, *, longest: int, **options: Any) -> None:
        self.longest = longest
        super().__init__(**options)

    def check(self, _form: Any) -> None:
        if len(self.data) > self.longest:
            raise StopValidation(
                gettext("The text has %(n)s characters. Write at most %(limit)s.", n=len(self.data), limit=self.longest)
            )


class TextField(TypedField):
    """Text of several lines, at most ``longest`` characters."""

    widget: Any = TextArea()

    def __init__(self, *, longest: int, **options: Any) -> None:
        self.longest = longest
        super().__init__(**options)

    def cleaned(self, typed: str) -> str:
        return many_lines(typed)

    def pre_validate(self, _form: Any) -> None:
        if not self.data and self.missing is not None:
            raise StopValidation(str(self.missing))
        if len(self.data or "") > self.longest:
            raise StopValidation(
                gettext("The text has %(n)s characters. Write at most %(limit)s.", n=len(self.data), limit=self.longest)
            )
        if is_piled_up(self.data or ""):
            raise StopValidation(gettext("Some characters of the text cannot be read. Write it again."))


class TickField(TypedField):
    """One box, ticked or not. Not being sent is how a browser says that it is not."""

    widget = CheckboxInput()
    ticked: Final = "yes"

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = bool(valuelist) and valuelist[0] not in {"", "no", "false", "0"}

    def pre_validate(self, form: Any) -> None:
        """Leave it at that: either is fine."""

    def _value(self) -> str:
        return self.ticked


class LanguageField(RadioField):
    """The language of what we send."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[SelectChoice(code, NAMES[code]) for code in LANGUAGES], **options)

    def pre_validate(self, _form: Any) -> None:
        if self.data not in LANGUAGES:
            raise StopValidation(gettext("Choose Swedish or English."))


class KeyField(TypedField):
    """The key of one form: the same form sent twice is one booking."""

    widget = HiddenInput()

    def check(self, _form: Any) -> None:
        if not KEY.fullmatch(self.typed):
            raise StopValidation(str(self.missing))
