"""Another e-mail address for a booking: asked for on its page, confirmed on the page that the mail leads to."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from flask import abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import AddressChange
from iclei_events.services import address_changes, bookings
from iclei_events.services.addresses import email_key
from iclei_events.services.refusals import Clashes, LinkOver, Refusal, SameAddress, TooManyTries
from iclei_events.web import access, limits, refusals
from iclei_events.web.bookings import act, blueprint, page, refused
from iclei_events.web.moving import name_of
from iclei_events.web.party_forms import AddressForm

OPENED: Final = "address_change"
"""The session's entry for the change whose link was opened here. It opens nothing of the booking itself."""


@blueprint.post("/bookings/<reference>/address")
def ask_new_address(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    form = AddressForm()
    if not form.validate():
        return page(own, 422, address_form=form)
    try:
        limits.check_address("change address", email_key(form.new_email.data))
        address_changes.ask(reference, form.new_email.data)
    except (SameAddress, TooManyTries) as refusal:
        if isinstance(refusal, TooManyTries):
            limits.say_when(refusal)
        reply = refusals.reply(refusal)
        form.new_email.errors = [reply.sentence]
        return page(access.own_booking_or_404(reference), reply.status, address_form=form)
    except Refusal as refusal:
        return refused(access.own_booking_or_404(reference), refusal, address_form=form)
    flash(gettext("Now open the mail that we have sent to the new address."))
    return redirect(url_for("bookings.show", reference=reference), 303)


@blueprint.post("/bookings/<reference>/address/stop")
def keep_old_address(reference: str) -> Response:
    own = access.own_booking_or_404(reference)
    return act(own, lambda: address_changes.stop(reference), gettext("We go on writing to the address you had."))


@blueprint.get("/bookings/<reference>/address")
def new_address(reference: str) -> Response:
    """Show what is about to be confirmed. The mailed link carries its secret once; opening it changes nothing."""
    if "key" in request.args:
        change = address_changes.find(reference)
        if change is None or not address_changes.opens(change, request.args["key"], access.secret_keys()):
            limits.wrong_link()
        session[OPENED] = [reference, _digest(change)]
        return redirect(url_for("bookings.new_address", reference=reference), 303)
    change = _opened_or_404(reference)
    limits.check_opened(reference)
    return _show(_open_or_gone(change), 200 if change.booking.is_active else 410)


@blueprint.post("/bookings/<reference>/address/confirm")
def confirm_new_address(reference: str) -> Response:
    salt = _opened_or_404(reference).salt
    try:
        address_changes.confirm(reference, salt)
    except LinkOver:
        abort(410)
    except Clashes as refusal:
        return _show(_open_or_gone(_opened_or_404(reference)), 409, _clashes_words(refusal))
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        return _show(_open_or_gone(_opened_or_404(reference)), reply.status, reply.sentence)
    access.remember(reference, salt)
    flash(gettext("From now on we write to your new address."))
    return redirect(url_for("bookings.show", reference=reference), 303)


def _clashes_words(refusal: Clashes) -> str:
    """Whoever has opened the link reads the mailbox that the other booking belongs to, so it may be named."""
    other = bookings.find(refusal.reference)
    return gettext(
        "With this address there are places already: %(other)s. They cannot be kept beside this booking, and at this "
        "event one person cannot have both. So the address was not changed. First change or give back one of them.",
        other=name_of(other.slot) if other is not None else refusal.reference,
    )


def _opened_or_404(reference: str) -> AddressChange:
    """The change whose link this browser has opened, be it over."""
    change = address_changes.find(reference)
    if change is None or session.get(OPENED) != [reference, _digest(change)]:
        abort(404)
    return change


def _open_or_gone(change: AddressChange) -> AddressChange:
    """The change; 410 where it is over, by time or by an answer."""
    if not change.is_open(clock.now()):
        abort(410)
    return change


def _show(change: AddressChange, status: int, notice: str | None = None) -> Response:
    """The question; where the booking was given up meanwhile, that there is nothing more to ask."""
    g.event, g.shown_as = change.booking.slot.activity.event, "bookings.new_address"
    return make_response(render_template("bookings/address.html", change=change, notice=notice), status)


def _digest(change: AddressChange) -> str:
    """So that a newer change of the same booking has to be opened anew."""
    return sha256(change.salt.encode()).hexdigest()[:12]
