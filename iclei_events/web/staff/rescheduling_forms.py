"""The forms that move a slot or call it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from flask import g
from flask_babel import gettext, lazy_gettext
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import HiddenInput

from iclei_events import clock
from iclei_events.i18n import Bilingual
from iclei_events.models import Room, Slot, Venue
from iclei_events.services.rescheduling import WhenAndWhere
from iclei_events.web.filters import clock_time, day_long, period, tr
from iclei_events.web.forms import CountField, Form, LineField
from iclei_events.web.staff.fields import ChoiceField, MomentField

LONGEST_SLOT: Final = timedelta(days=1)
LONGEST_POINT: Final = 200
LONGEST_REASON: Final = 300
TOO_OLD: Final = lazy_gettext("The form was too old. Send it again.")


class ReadingField(RadioField):
    """Which of two moments is meant where clocks show a time twice; without choices it is not asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[], **options)

    def pre_validate(self, _form: Any) -> None:
        """Leave it to the form, which knows whether there is anything to choose."""

    def ask(self, readings: Sequence[datetime]) -> None:
        """Offer these moments, each with its offset from UTC."""
        local = [moment.astimezone(g.event.zone) for moment in readings]
        self.choices = [SelectChoice(_offset(moment), _with_offset(moment)) for moment in local]
        if self.data not in {_offset(moment) for moment in local}:
            self.errors = [
                gettext(
                    "Clocks go back that night and show %(time)s twice. Choose which you mean.",
                    time=clock_time(local[0]),
                )
            ]

    def chosen(self, readings: Sequence[datetime]) -> datetime:
        return next((one for one in readings if _offset(one.astimezone(g.event.zone)) == self.data), readings[0])


def _offset(local: datetime) -> str:
    """How far the clock stands from UTC, as +02:00."""
    return local.isoformat()[-len("+00:00") :]


def _with_offset(moment: datetime) -> str:
    offset = _offset(moment)
    if moment.fold:
        return gettext("%(time)s the second time, winter time (UTC%(offset)s)", time=clock_time(moment), offset=offset)
    return gettext("%(time)s the first time, summer time (UTC%(offset)s)", time=clock_time(moment), offset=offset)


@dataclass(frozen=True, slots=True)
class Words:
    """When and where, as people read it."""

    time: str
    place: str


class MoveForm(Form):
    starts_at = MomentField(label=lazy_gettext("Starts"), missing=lazy_gettext("Write when it starts."))
    starts_reading = ReadingField(label=lazy_gettext("Which of the two?"))
    ends_at = MomentField(label=lazy_gettext("Ends"), missing=lazy_gettext("Write when it ends."))
    ends_reading = ReadingField(label=lazy_gettext("Which of the two?"))
    venue = ChoiceField(label=lazy_gettext("Place"), unknown=lazy_gettext("Choose a place from the list."))
    room = ChoiceField(label=lazy_gettext("Room"), unknown=lazy_gettext("Choose a room from the list."))
    point_sv = LineField(label=lazy_gettext("Meeting point in Swedish"), longest=LONGEST_POINT)
    point_en = LineField(label=lazy_gettext("Meeting point in English"), longest=LONGEST_POINT)
    seen = CountField(missing=TOO_OLD, widget=HiddenInput())

    _venues: dict[str, Venue]
    _rooms: dict[str, Room]

    @classmethod
    def of(cls, slot: Slot, venues: Sequence[Venue]) -> Self:
        """The form as the slot stands."""
        point = slot.meeting_point
        form = cls(
            formdata=None, starts_at=slot.starts_at, ends_at=slot.ends_at, venue=str(slot.venue_id or ""),
            room=str(slot.room_id or ""), point_sv=point.sv if point else "", point_en=point.en if point else "",
            seen=slot.sequence,
        )  # fmt: skip
        form._offer(venues)
        return form

    @classmethod
    def sent(cls, venues: Sequence[Venue]) -> Self:
        form = cls()
        form._offer(venues)
        return form

    def _offer(self, venues: Sequence[Venue]) -> None:
        self._venues = {str(venue.id): venue for venue in venues}
        self._rooms = {str(room.id): room for venue in venues for room in venue.rooms}
        none = SelectChoice("", gettext("None"))
        self.venue.choices = [none, *(SelectChoice(key, tr(venue.name)) for key, venue in self._venues.items())]
        self.room.choices = [none, *(SelectChoice(key, self._room_words(room)) for key, room in self._rooms.items())]

    def _room_words(self, room: Room) -> str:
        return f"{tr(self._venues[str(room.venue_id)].name)}: {room.name}"

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for field, reading in ((self.starts_at, self.starts_reading), (self.ends_at, self.ends_reading)):
            if len(field.readings) > 1:
                reading.ask(field.readings)
        if not self.errors:
            self._check_times()
            self._check_place()
        return not self.errors

    def _check_times(self) -> None:
        to = self.to
        if to.starts_at <= clock.now():
            self.starts_at.errors = [gettext("Choose a time that lies ahead.")]
        elif to.ends_at <= to.starts_at:
            self.ends_at.errors = [gettext("It must end after it starts.")]
        elif to.ends_at - to.starts_at > LONGEST_SLOT:
            self.ends_at.errors = [gettext("It cannot last longer than a day.")]

    def _check_place(self) -> None:
        room = self._rooms.get(self.room.data)
        if room is not None and str(room.venue_id) != self.venue.data:
            self.room.errors = [gettext("That room is at another place.")]
        if bool(self.point_sv.data) != bool(self.point_en.data):
            missing = self.point_en if self.point_sv.data else self.point_sv
            missing.errors = [gettext("Write the meeting point in both languages.")]

    @property
    def to(self) -> WhenAndWhere:
        """What a valid form asks for."""
        point = Bilingual(self.point_sv.data, self.point_en.data) if self.point_sv.data else None
        return WhenAndWhere(
            self.starts_reading.chosen(self.starts_at.readings),
            self.ends_reading.chosen(self.ends_at.readings),
            point,
            int(self.venue.data) if self.venue.data else None,
            int(self.room.data) if self.room.data else None,
        )

    def words(self, stands: WhenAndWhere) -> Words:
        venue, room = self._venues.get(str(stands.venue_id)), self._rooms.get(str(stands.room_id))
        parts = (tr(stands.meeting_point), room.name if room else "", tr(venue.name) if venue else "")
        time = f"{day_long(stands.starts_at)} {period(stands.starts_at, stands.ends_at)}"
        return Words(time, ", ".join(filter(None, parts)))

    def seats(self, to: WhenAndWhere) -> int | None:
        """How many seats the room has, where that is known."""
        room = self._rooms.get(str(to.room_id))
        return room.seats if room is not None else None


class CallOffForm(Form):
    reason_sv = LineField(label=lazy_gettext("Reason in Swedish"), longest=LONGEST_REASON, optional=True)
    reason_en = LineField(label=lazy_gettext("Reason in English"), longest=LONGEST_REASON, optional=True)
    seen = CountField(missing=TOO_OLD, widget=HiddenInput())

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        if not self.errors and bool(self.reason_sv.data) != bool(self.reason_en.data):
            missing = self.reason_en if self.reason_sv.data else self.reason_sv
            missing.errors = [gettext("Write the reason in both languages, or in neither.")]
        return not self.errors

    @property
    def reason(self) -> Bilingual | None:
        return Bilingual(self.reason_sv.data, self.reason_en.data) if self.reason_sv.data else None
