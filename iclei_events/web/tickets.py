"""The ticket of a booking: the page to print, and where its code leads."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from iclei_events.services import ticket_writing, tickets
from iclei_events.services.ticket_checks import has_ticket
from iclei_events.web import access
from iclei_events.web.bookings import blueprint
from iclei_events.web.staff.access import current_staff
from iclei_events.web.ticket_codes import code_address


@blueprint.get("/bookings/<reference>.pdf")
def printed_ticket(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    if not has_ticket(own):
        abort(404)
    pdf = tickets.printed(ticket_writing.ticket_of(own, code_address(own)))
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{own.reference}.pdf"'
    return response


@blueprint.get("/tickets/<code>")
def ticket_shown(code: str) -> str | Response:
    """Where a ticket's code leads: staff to their look at it, whoever booked to the booking, others to a hint."""
    reference = tickets.reference_in(code)
    if current_staff() is not None:
        return redirect(url_for("staff.tickets.look", code=code), 303)
    if reference in access.remembered():
        return redirect(url_for("bookings.show", reference=reference), 303)
    return render_template("bookings/ticket_shown.html")
