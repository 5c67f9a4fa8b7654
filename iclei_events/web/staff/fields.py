"""Fields of the staff's forms, beside those of all forms in ``web.forms``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from flask import g
from flask_babel import gettext
from wtforms import SelectField
from wtforms.validators import StopValidation
from wtforms.widgets import PasswordInput, TextInput

from iclei_events.web.forms import CountField, Sentence, TypedField
from iclei_events.web.typed_text import one_line

PLACES: Final = re.compile(r"[0-9]{1,6}")


class PlacesField(CountField):
    """How many places, in digits: a hall has more of them than a party has people."""

    def cleaned(self, typed: str) -> int | None:
        text = one_line(typed)
        return int(text) if PLACES.fullmatch(text) else None


class PasswordField(TypedField):
    """A password, exactly as typed; it is never shown again."""

    widget = PasswordInput()

    def cleaned(self, typed: str) -> str:
        return typed

    def _value(self) -> str:
        return ""


class ChoiceField(SelectField):
    """A drop-down list; ``unknown`` is the sentence for a value that is not on it."""

    def __init__(self, *, unknown: Sentence, **options: Any) -> None:
        self.unknown = unknown
        super().__init__(**options)

    def pre_validate(self, _form: Any) -> None:
        if self.data not in {value for value, *_ in self.iter_choices()}:
            raise StopValidation(str(self.unknown))


class MomentField(TypedField):
    """Day and time in the event's zone, as ``2022-05-14T09:30``; None when empty."""

    widget = TextInput()

    def cleaned(self, typed: str) -> datetime | None:
        text = typed.strip()
        try:
            naive = datetime.strptime(text, "%Y-%m-%dT%H:%M") if text else None  # noqa: DTZ007  the zone follows
        except ValueError:
            return None
        return naive.replace(tzinfo=g.event.zone) if naive is not None else None

    def pre_validate(self, _form: Any) -> None:
        if self.data is None and self.typed.strip():
            raise StopValidation(gettext("Write day and time like 2022-05-14T09:30."))
