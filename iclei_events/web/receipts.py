"""The privacy receipt of a booking, its data to take along, and their erasure by whoever booked."""

from __future__ import annotations

import json

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.services import data_export, disclosures, privacy, receipts
from iclei_events.web.access import own_booking_or_404
from iclei_events.web.bookings import blueprint


@blueprint.get("/bookings/<reference>/receipt")
def receipt(reference: str) -> str:
    own = own_booking_or_404(reference)
    g.event = own.slot.activity.event
    return render_template(
        "bookings/receipt.html", booking=own, details=receipts.kept(own), looks=disclosures.of_booking(own)
    )


@blueprint.get("/bookings/<reference>.json")
def exported(reference: str) -> Response:
    own = own_booking_or_404(reference)
    text = json.dumps(data_export.export_booking(own), ensure_ascii=False, indent=2)
    response = Response(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{own.reference}.json"'
    return response


@blueprint.get("/bookings/<reference>/erase")
def plan_erasure(reference: str) -> str:
    own = own_booking_or_404(reference)
    g.event = own.slot.activity.event
    gives_back = own.is_active and clock.now() < own.slot.ends_at
    return render_template("bookings/erase.html", booking=own, slot=own.slot, gives_back=gives_back)


@blueprint.post("/bookings/<reference>/erase")
def erase(reference: str) -> Response:
    own_booking_or_404(reference)
    privacy.erase_booking(reference)
    flash(gettext("Your details are erased."))
    return redirect(url_for("bookings.show", reference=reference), 303)
