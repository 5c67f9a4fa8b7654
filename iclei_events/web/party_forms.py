"""The forms about a party: how many they are, what they are called, who is written to and how."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext
from wtforms.widgets import HiddenInput

from iclei_events.models import Booking, Place
from iclei_events.services.booking_rows import Party
from iclei_events.web.contact_fields import EmailField, PhoneField
from iclei_events.web.forms import CountField, Form, LanguageField, NameField, TickField

FOR_OTHERS = lazy_gettext("I book for others and do not come along myself")


class PartyForm(Form):
    adults = CountField(label=lazy_gettext("Adults"), missing=lazy_gettext("Write how many adults come."))
    children = CountField(label=lazy_gettext("Children"), default=0)
    seen = CountField(missing=lazy_gettext("The form was too old. Send it again."), widget=HiddenInput())

    @classmethod
    def of(cls, own: Booking) -> PartyForm:
        return cls(formdata=None, adults=own.adults, children=own.children, seen=own.sequence)

    @property
    def party(self) -> Party:
        return Party(self.adults.data or 0, self.children.data or 0)


class ContactForm(Form):
    name = NameField(label=lazy_gettext("First name and surname"), missing=lazy_gettext("Write your name."))
    phone = PhoneField(label=lazy_gettext("Mobile number"), optional=True)
    language = LanguageField(label=lazy_gettext("Language of our mails"))
    for_others = TickField(label=FOR_OTHERS)

    @classmethod
    def of(cls, own: Booking) -> ContactForm:
        contact = own.attendee
        known = {"name": contact.name, "phone": contact.phone, "for_others": not contact.comes_along} if contact else {}
        return cls(formdata=None, language=own.language, **known)


class AddressForm(Form):
    new_email = EmailField(label=lazy_gettext("New e-mail"), missing=lazy_gettext("Write your e-mail address."))

    @classmethod
    def empty(cls) -> AddressForm:
        return cls(formdata=None)


class NamesForm(Form):
    """Has one field for each person but whoever booked; see ``names_form``."""

    def name_of(self, place: Place) -> NameField:
        field: NameField = self[f"name_{place.number}"]
        return field


def names_form(own: Booking, *, sent: bool = False) -> NamesForm:
    """The form for the names of the party as it is now; ``sent``: filled in by the request."""
    named = [(number, place) for number, place in enumerate(own.current_places, 1) if place is not own.contacts_place]
    fields = {
        f"name_{place.number}": NameField(label=gettext("Person %(number)s", number=number), optional=True)
        for number, place in named
    }
    form_of_party: type[NamesForm] = type("NamesOfParty", (NamesForm,), fields)
    if sent:
        return form_of_party()
    return form_of_party(formdata=None, data={f"name_{place.number}": place.name for _, place in named})
