"""The forms about what parties need: an answer to one of them, and how much of a kind there is."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import HiddenInput

from iclei_events.web.forms import Form, LineField, TextField
from iclei_events.web.staff.fields import ChoiceField, PlacesField

LONGEST_ANSWER: Final = 500


class AnswerForm(Form):
    """One answer to one need of one party."""

    reference = LineField(longest=12, widget=HiddenInput())
    kind = LineField(longest=24, widget=HiddenInput())
    seen = LineField(longest=24, widget=HiddenInput())


class DeclineForm(AnswerForm):
    answer = TextField(
        label=lazy_gettext("Why not, and what is possible instead"),
        longest=LONGEST_ANSWER,
        missing=lazy_gettext("Write why it is not possible, and what is instead."),
    )


class AidForm(Form):
    """How many of a kind there are; ``given``: a number, or staff answer each time."""

    given = ChoiceField(
        label=lazy_gettext("How it is given"),
        choices=[
            SelectChoice("number", lazy_gettext("A number of them, promised at once")),
            SelectChoice("on_request", lazy_gettext("On request: we answer each time")),
        ],
        unknown=lazy_gettext("Choose how it is given."),
    )
    capacity = PlacesField(label=lazy_gettext("How many there are"))
    seen = LineField(longest=12, widget=HiddenInput())

    @property
    def wanted(self) -> int | None:
        return self.capacity.data if self.given.data == "number" else None

    @property
    def was(self) -> int | None:
        return int(self.seen.data) if str(self.seen.data).isdecimal() else None

    def show(self, capacity: int | None) -> None:
        """What the form was made from, for whoever sends it."""
        self.seen.process_data("" if capacity is None else str(capacity))
