"""A ticket as those who lead a visit read it with their phone: whether it holds, for whom, or why not."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, g, render_template

from iclei_events import clock
from iclei_events.models import Disclosed, StaffRole
from iclei_events.services import bookings, disclosures, staff, ticket_checks, tickets
from iclei_events.web.staff.access import signed_in, signed_in_staff

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")


@blueprint.get("/<code>")
@signed_in
def look(code: str) -> str:
    """Reading a ticket changes nothing: a code that is read twice says the same twice."""
    booking = bookings.find(tickets.reference_in(code))
    keys = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    if booking is None or not tickets.proves(code, booking, keys):
        return render_template("staff/tickets/look.html", booking=None)
    event = booking.slot.activity.event
    if not staff.may(signed_in_staff(), StaffRole.DOOR, event):
        abort(403)
    disclosures.note_one(booking, Disclosed.NAMES, staff_id=signed_in_staff().id)
    g.event, booking = event, bookings.find(booking.reference) or abort(404)
    fault = ticket_checks.fault_of(booking, clock.now())
    return render_template("staff/tickets/look.html", booking=booking, slot=booking.slot, fault=fault)
