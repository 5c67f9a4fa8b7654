"""Changing an entry in a draw: other wishes or another party, while entries are open."""

from __future__ import annotations

from typing import Any

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import Booking, BookingStatus, Draw
from iclei_events.services import draw_entries, draws, own_entries
from iclei_events.services.booking_rows import Party
from iclei_events.services.own_entries import OwnEntry
from iclei_events.services.refusals import Refusal
from iclei_events.web import access, refusals
from iclei_events.web.bookings import blueprint
from iclei_events.web.entry_form import check_party, check_wishes, form_of, wish_fields, wishes_in
from iclei_events.web.forms import CountField, Form


class EntryForm(Form):
    """What can be changed of an entry, beside its wishes."""

    adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."))
    children = CountField(label=lazy_gettext("Children"), default=0)

    @property
    def party(self) -> Party:
        return Party(self.adults.data or 0, self.children.data or 0)


@blueprint.route("/bookings/<reference>/entry", methods=["GET", "POST"])
def change_entry(reference: str) -> Response:
    """Other wishes or another party, while the draw is open."""
    own, entry = _own_entry_or_404(reference)
    draw = draws.find(entry.draw.slug) or abort(404)
    g.event = draw.event
    wanted = {f"wish_{rank}": slot.slug for rank, slot in enumerate(entry.wishes, 1)}
    before = {"adults": own.adults, "children": own.children}
    if request.method != "POST":
        form = form_of(EntryForm, draw, own.slot.slug, formdata=None, **before, **wanted)
        return _change_page(own, draw, form)
    form = form_of(EntryForm, draw, own.slot.slug, **before)
    form.validate()
    check_wishes(form)
    if not form.adults.errors and not form.children.errors:
        check_party(form, own.slot)
    if form.errors:
        return _change_page(own, draw, form, 422)
    try:
        draw_entries.change(reference, wishes_in(form), party=form.party)
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        return _change_page(own, draw, form, reply.status, reply.sentence)
    return redirect(url_for("bookings.show", reference=reference), 303)


def _own_entry_or_404(reference: str) -> tuple[Booking, OwnEntry]:
    own = access.own_booking_or_404(reference)
    entry = own_entries.of_booking(own)
    if entry is None:
        abort(404)
    return own, entry


def _change_page(own: Booking, draw: Draw, form: Any, status: int = 200, notice: str | None = None) -> Response:
    still = own.status is BookingStatus.ENTERED and draw.takes_entries(clock.now())
    page = render_template(
        "draws/change.html", form=form, wishes=wish_fields(form), booking=own, activity=own.slot.activity, draw=draw,
        notice=notice, still=still,
    )  # fmt: skip
    return make_response(page, status)
