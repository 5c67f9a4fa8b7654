"""A ticket as those who lead a visit read it with their phone: whether it holds, for whom, or why not."""

from __future__ import annotations

from flask import Blueprint, abort, g, render_template

from iclei_events import clock
from iclei_events.models import Disclosed, StaffRole
from iclei_events.services import bookings, disclosures, staff, ticket_checks, tickets
from iclei_events.web.access import secret_keys
from iclei_events.web.staff.access import signed_in, signed_in_staff

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")


@blueprint.get("/<code>")
@signed_in
def look(code: str) -> str:
    """A code that is read twice says the same twice; only that somebody looked is noted."""
    booking = bookings.find(tickets.reference_in(code))
    if booking is None or not tickets.proves(code, booking, secret_keys()):
        return render_template("staff/tickets/look.html", booking=None)
    event = booking.slot.activity.event
    if not staff.may(signed_in_staff(), StaffRole.DOOR, event):
        abort(403)
    g.event = event
    fault, booking_id = ticket_checks.fault_of(booking, clock.now()), booking.id
    page = render_template("staff/tickets/look.html", booking=booking, slot=booking.slot, fault=fault)
    disclosures.note_one(booking_id, Disclosed.NAMES, staff_id=signed_in_staff().id)
    return page
