"""The fields about what a party needs, as the booking form, the booking's own page and the staff's form share them."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext, ngettext

from iclei_events.models import COUNTED, SHARED, AidKind, Booking
from iclei_events.services import need_words
from iclei_events.web.forms import CountField, Form, TextField, TickField, TypedField

LONGEST_NEED: Final = 500


def aid_field(kind: AidKind) -> TypedField:
    """How many of a kind; of what one serves everybody with: whether it is needed."""
    return TickField(label=need_words.NAMES[kind]) if kind is SHARED else CountField(label=need_words.NAMES[kind])


def words_field() -> TextField:
    return TextField(label=lazy_gettext("In your own words"), longest=LONGEST_NEED, optional=True)


class NeedFields(Form):
    """For forms with a field named after each kind that can be counted, and ``access_needs`` for words."""

    @property
    def aids(self) -> tuple[tuple[AidKind, int], ...]:
        """How many of each kind are needed, those that are."""
        return tuple((kind, int(self[kind].data)) for kind in COUNTED if self[kind].data)

    @property
    def has_needs(self) -> bool:
        """Whether anything was typed, or has to be corrected: then the fold stands open."""
        return any(self[name].data or self[name].errors for name in (*COUNTED, "access_needs"))

    def check_aids(self, size: int) -> None:
        """Nobody needs more of a kind than there are people in the party."""
        for kind, count in self.aids:
            if count > size > 0:
                self[kind].errors = [
                    ngettext("You are one person. Write at most 1.", "You are %(num)s. Write at most %(num)s.", size)
                ]


class NeedsForm(NeedFields):
    """The needs alone, on the booking's own page."""

    wheelchair, hearing_loop, interpreter, companion = map(aid_field, COUNTED)
    access_needs = words_field()

    @classmethod
    def of(cls, own: Booking) -> NeedsForm:
        counted = {need.kind.value: need.count for need in own.access_needs if need.is_counted}
        counted |= {SHARED.value: bool(counted.get(SHARED.value))}
        return cls(formdata=None, data=counted | {"access_needs": own.access_need and own.access_need.description})
