"""Changing a booking to another time: the times to choose from, and the one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.validators import StopValidation
from wtforms.widgets import HiddenInput

from iclei_events import clock
from iclei_events.models import AidKind, Booking, BookingStatus, Slot, SlotAid
from iclei_events.services import aids, moving, need_words
from iclei_events.services.clashes import Gap
from iclei_events.services.own_days import OwnDay
from iclei_events.services.refusals import NotYourTurn, Refusal
from iclei_events.web import access, filters, gate, limits, own_clashes, refusals
from iclei_events.web.bookings import blueprint
from iclei_events.web.forms import CountField, Form

QUEUE: Final = "queue:"
"""Before the slug of a slot: its line is meant, not its places."""


class TimeField(RadioField):
    def pre_validate(self, _form: Form) -> None:
        if not self.data:
            raise StopValidation(gettext("Choose a time."))
        if self.data not in [value for value, _label in self.choices]:
            raise StopValidation(gettext("Choose one of the times on the page."))


class MoveForm(Form):
    to = TimeField()
    seen = CountField(widget=HiddenInput())


@dataclass(frozen=True, slots=True)
class OtherTime:
    """A time to choose, or to see that it cannot be chosen: ``value`` is empty then.

    ``gap``: what lies between it and another booking of the party, where they clash. What the party needs and this time
    could not give at once, in words: ``lost`` if it is promised now, else ``open``.
    """

    slot: Slot
    value: str
    gap: Gap | None = None
    lost: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@blueprint.route("/bookings/<reference>/move", methods=["GET", "POST"])
def move(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    limits.check_opened(reference)
    g.event = own.slot.activity.event
    times = moving.other_times(own)
    form = MoveForm(seen=own.sequence)
    # Where it stands is a choice too, so that the same form sent twice is one change.
    form.to.choices = [(prefix + slot.slug, "") for slot in (own.slot, *times) for prefix in ("", QUEUE)]
    if not form.is_submitted():
        form.to.process_data(request.args.get("to"))
        return _show(own, form, times)
    if not form.validate():
        return _show(own, form, times, 422)
    old = name_of(own.slot)
    slug, wait = form.to.data.removeprefix(QUEUE), form.to.data.startswith(QUEUE)
    try:
        # What the page said that the time has must still be there; what it said is missing, the party knows of.
        keep = slug not in request.form.getlist("without") and own.is_holding
        if slug != own.slot.slug:
            gate.check(own, slug)
        moving.move(reference, slug, seen=form.seen.data, wait=wait, keep_promises=keep)
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        own = access.own_booking_or_404(reference)
        form.seen.process_data(own.sequence)
        line_at = slug if isinstance(refusal, NotYourTurn) else None
        return _show(own, form, moving.other_times(own), reply.status, reply.sentence, line_at=line_at)
    flash(_done(access.own_booking_or_404(reference), old))
    return redirect(url_for("bookings.show", reference=reference), 303)


def _done(own: Booking, old: str) -> str:
    new = name_of(own.slot)
    if own.status is BookingStatus.WAITING:
        return gettext("You have changed from the queue for %(old)s to that for %(new)s.", old=old, new=new)
    return gettext("You have changed from %(old)s to %(new)s.", old=old, new=new)


def name_of(slot: Slot) -> str:
    """What a sentence calls a time: "Siptex 10.30"."""
    title = filters.tr(slot.activity.title).split(": ")[0]
    return gettext("%(title)s %(time)s", title=title, time=filters.clock_time(slot.starts_at))


def _show(  # noqa: PLR0913  the page, and what became of a form that was sent
    own: Booking,
    form: MoveForm,
    times: Sequence[Slot],
    status: int = 200,
    notice: str | None = None,
    *,
    line_at: str | None = None,
) -> Response:
    """The times to choose from; ``line_at``: the slot in whose line the party has to stand first."""
    now = clock.now()
    day, there = own_clashes.day_beside(own), aids.of_slots([slot.id for slot in times])
    others = [
        _with_needs(_choice(own, slot, now, day), own, there[slot.id])
        for slot in times
        if slot.cancelled_at is None and slot.starts_at > now
    ]
    page = render_template(
        "bookings/move.html", booking=own, slot=own.slot, activity=own.slot.activity, form=form, notice=notice, now=now,
        line_at=line_at,
        same=[one for one in others if one.slot.activity_id == own.slot.activity_id],
        further=[one for one in others if one.slot.activity_id != own.slot.activity_id],
    )  # fmt: skip
    return make_response(page, status)


def _with_needs(time: OtherTime, own: Booking, there: Mapping[AidKind, SlotAid]) -> OtherTime:
    missing = aids.missing_at(own.access_needs, there)
    lost, still_open = (
        tuple(need_words.in_words(need) for need in missing if need.is_kept is kept) for kept in (True, False)
    )
    return replace(time, lost=lost, open=still_open)


def _choice(own: Booking, slot: Slot, now: datetime, day: OwnDay) -> OtherTime:
    gap = own_clashes.gap_of(day, slot)
    if day.is_refused(slot.clashes, slot):
        return OtherTime(slot, "", gap)
    if own.status not in moving.MOVABLE or not slot.takes_bookings(now) or own.size > slot.party_limit:
        return OtherTime(slot, "", gap)
    if slot.left >= own.size:
        return OtherTime(slot, slot.slug, gap)
    may_queue = own.status is BookingStatus.WAITING and own.size <= slot.public_capacity
    return OtherTime(slot, QUEUE + slot.slug if may_queue else "", gap)
