"""Who comes and whom we write to, changed on the booking's own page."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events.models import Booking
from iclei_events.services import attendees
from iclei_events.services.attendees import Details
from iclei_events.services.clashes import comparable
from iclei_events.services.refusals import Clashes, Refusal
from iclei_events.web import access
from iclei_events.web.bookings import blueprint, page, refused
from iclei_events.web.party_forms import ContactForm, NamesForm, names_form


@blueprint.post("/bookings/<reference>/names")
def change_names(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = names_form(own, sent=True)
    if not form.validate():
        return page(own, 422, names_form=form)
    fields = {place.number: f"name_{place.number}" for place in own.current_places}
    names = {number: form[name].data or None for number, name in fields.items() if name in form}
    try:
        attendees.name_places(reference, names)
    except Clashes:
        own = access.own_booking_or_404(reference)
        _say_own_name_clashes(own, form)
        return page(own, 409, names_form=form)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal)
    flash(gettext("The names are saved."))
    return redirect(url_for("bookings.show", reference=reference), 303)


def _say_own_name_clashes(own: Booking, form: NamesForm) -> None:
    name = comparable(own.attendee.name) if own.attendee is not None else ""
    for field in form:
        if comparable(field.data or "") == name:
            field.errors = [
                gettext(
                    "This is your own name, and you have places already at a time that clashes. "
                    "At this event one person cannot have both, so nothing was saved."
                )
            ]


@blueprint.post("/bookings/<reference>/contact")
def change_contact(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = ContactForm()
    if not form.validate():
        return page(own, 422, contact_form=form)
    details = Details(form.name.data, form.phone.data or None, form.language.data, not form.for_others.data)
    try:
        attendees.change_contact(reference, details)
    except Clashes:
        form.for_others.errors = [
            gettext(
                "You have places already at a time that clashes. "
                "At this event one person cannot have both, so nothing was saved."
            )
        ]
        return page(access.own_booking_or_404(reference), 409, contact_form=form)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal)
    flash(gettext("Your details are saved."))
    return redirect(url_for("bookings.show", reference=reference), 303)
