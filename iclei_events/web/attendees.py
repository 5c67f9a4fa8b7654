"""Who comes and whom we write to, changed on the booking's own page."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events.services import attendees
from iclei_events.services.attendees import Details
from iclei_events.web import access
from iclei_events.web.bookings import act, blueprint, page
from iclei_events.web.party_forms import ContactForm, names_form


@blueprint.post("/bookings/<reference>/names")
def change_names(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = names_form(own, sent=True)
    if not form.validate():
        return page(own, 422, names_form=form)
    fields = {place.number: f"name_{place.number}" for place in own.current_places}
    names = {number: form[name].data or None for number, name in fields.items() if name in form}
    return act(own, lambda: attendees.name_places(reference, names), gettext("The names are saved."))


@blueprint.post("/bookings/<reference>/contact")
def change_contact(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = ContactForm()
    if not form.validate():
        return page(own, 422, contact_form=form)
    details = Details(form.name.data, form.phone.data or None, form.language.data, not form.for_others.data)
    return act(own, lambda: attendees.change_contact(reference, details), gettext("Your details are saved."))
