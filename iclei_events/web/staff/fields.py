"""Fields of the staff's forms, beside those of all forms in ``web.forms``."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from flask import g
from flask_babel import gettext
from wtforms import SelectField
from wtforms.validators import StopValidation
from wtforms.widgets import PasswordInput, TextInput

from iclei_events.services import local_times
from iclei_events.web.forms import CountField, Sentence, TypedField
from iclei_events.web.typed_text import one_line

PLACES: Final = re.compile(r"[0-9]{1,6}")
LOCAL_TIME: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
"""As browsers send it; a year that is meant, and no order of day and month to guess."""


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
    """Day and time in the event's zone, as ``2022-05-14T09:30``; None when empty.

    ``readings`` are the moments at which clocks show it: two in the hour that comes twice when clocks go back.
    """

    widget = TextInput()
    readings: tuple[datetime, ...] = ()

    def process_data(self, value: datetime | None) -> None:
        local = value.astimezone(g.event.zone) if value is not None else None
        super().process_data(local)
        self.typed = f"{local:%Y-%m-%dT%H:%M}" if local is not None else ""
        self.readings = (value,) if value is not None else ()

    def cleaned(self, typed: str) -> datetime | None:
        self.readings = ()
        if LOCAL_TIME.fullmatch(typed.strip()):
            with suppress(ValueError):
                naive = datetime.fromisoformat(typed.strip())
                self.readings = local_times.readings(naive, g.event.zone)
                self.is_left_out = not self.readings
        return self.readings[0] if self.readings else None

    is_left_out = False

    def pre_validate(self, _form: Any) -> None:
        if self.is_left_out:
            raise StopValidation(gettext("Clocks go forward that night and leave out this time. Write another."))
        if self.data is None and self.typed.strip():
            raise StopValidation(gettext("Write day and time like 2022-05-14T09:30."))
        if self.data is None and self.missing is not None:
            raise StopValidation(str(self.missing))
