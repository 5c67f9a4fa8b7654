"""My places: the bookings this browser has opened, and the mail with links to all of one's bookings."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.services import calendar_feeds, my_bookings, own_days
from iclei_events.services.addresses import email_key
from iclei_events.services.refusals import TooManyTries
from iclei_events.web import access, limits, own_clashes, refusals, ways
from iclei_events.web.bookings import standing
from iclei_events.web.contact_fields import EmailField
from iclei_events.web.forms import Form
from iclei_events.web.languages import PREFIX, current_language

blueprint = Blueprint("my", __name__, url_prefix=PREFIX + "/my")


class LinksForm(Form):
    email = EmailField(label=lazy_gettext("E-mail"), missing=lazy_gettext("Write your e-mail address."))


@blueprint.get("")
def index() -> str:
    return _index(LinksForm())


@blueprint.post("")
def send_links() -> Response:
    form = LinksForm()
    if not form.validate():
        return make_response(_index(form), 422)
    try:
        limits.check_address("ask for links", email_key(form.email.data))
        limits.check_network("ask for links")
    except TooManyTries as refusal:
        form.email.errors = [refusals.reply(refusal).sentence]
        return make_response(_index(form), 429)
    if "calendar" in request.form:
        calendar_feeds.ask_for_address(email_key(form.email.data), language=current_language())
        return redirect(url_for("calendar_feeds.sent"), 303)
    my_bookings.promise_links(email_key(form.email.data), language=current_language())
    return redirect(url_for("my.links_sent"), 303)


@blueprint.post("/way")
def choose_way() -> Response:
    """Keep how the reader goes between places. One of the buttons on the page; anything else changes nothing."""
    if Form().validate():
        ways.choose(request.form.get(ways.WAY, ""))
    return redirect(url_for("my.index", _anchor="way-heading"), 303)


@blueprint.get("/sent")
def links_sent() -> str:
    return mail_is_on_its_way(
        gettext("If there are bookings with that address, a mail with links to them is on its way.")
    )


def mail_is_on_its_way(lead: str) -> str:
    """The same page whether somebody booked with the address or not."""
    return render_template("my/sent.html", lead=lead, minutes=int(my_bookings.BETWEEN_MAILS.total_seconds() // 60))


def _index(form: LinksForm) -> str:
    g.shown_as = "my.index"
    opened = [booking for booking in my_bookings.opened(access.remembered()) if access.may_open(booking)]
    events = {booking.slot.activity.event for booking in opened}
    if len(events) == 1:
        [g.event] = events  # whoever has been at one event keeps its menu
    kept, now = own_clashes.opened(), clock.now()
    lines = own_days.in_order(opened, kept, ways.chosen())
    return render_template(
        "my/index.html", form=form, way=ways.chosen() if len(kept) > 1 else None,
        bookings=[(line, standing(line.booking, now)) for line in lines],
    )  # fmt: skip
