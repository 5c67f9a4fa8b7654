"""The waiting room of an opening: its page, and the button that gives a ticket."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import Slot
from iclei_events.services import slots, waiting_rooms
from iclei_events.services.refusals import NotOpenYet
from iclei_events.web import overload, turnstile, waiting_room_page
from iclei_events.web.languages import PREFIX

blueprint = Blueprint("waiting_room", __name__, url_prefix=PREFIX)


@blueprint.get("/slots/<slot_slug>/waiting-room")
@overload.light
def show(slot_slug: str) -> Response:
    opening = turnstile.opening_of(slot_slug)
    if opening is None:
        overload.take_turn()
        return _without_room(slots.find(slot_slug) or abort(404))
    ticket = turnstile.ticket_for(opening)
    if ticket is not None:
        turnstile.keep(opening, ticket)
    return waiting_room_page.show(opening, slot_slug, ticket)


@blueprint.post("/slots/<slot_slug>/waiting-room")
@overload.light
def enter(slot_slug: str) -> Response:
    """Give this browser a ticket; one that it holds already stays as good as it is."""
    opening = turnstile.opening_of(slot_slug)
    if opening is None:
        return redirect(url_for(".show", slot_slug=slot_slug), 303)
    ticket = turnstile.ticket_for(opening)
    if ticket is None:
        try:
            ticket = waiting_rooms.take_ticket(opening.event_id, opening.opens_at, opening.line)
        except NotOpenYet:
            return redirect(url_for(".show", slot_slug=slot_slug), 303)
        if opening.line is None or (opening.line.seed is None and clock.now() >= opening.opens_at):
            turnstile.forget()  # the ticket has made the room, or has had its lot drawn
        turnstile.keep(opening, ticket)
    return redirect(waiting_room_page.address(slot_slug, ticket=turnstile.signed(opening, ticket)), 303)


def _without_room(slot: Slot) -> Response:
    """A slot whose room opens later, or whose opening is long past."""
    now = clock.now()
    if slot.opens_at is None or slot.opens_at <= now:
        return redirect(url_for("bookings.book", slot_slug=slot.slug), 302)
    g.event = slot.activity.event
    times = {"opens_at": slot.opens_at, "room_opens_at": slot.opens_at - waiting_rooms.OPENS_BEFORE}
    body = render_template("waiting_room/not_yet.html", slot=slot, activity=slot.activity, **times)
    return Response(body, mimetype="text/html")


def instead_of_form(slot_slug: str) -> Response | None:
    """The room where somebody opens a form past the line, or when more come than may come in; None: go ahead."""
    opening = turnstile.opening_to_wait_for(slot_slug)
    if opening is None:
        return None
    return waiting_room_page.show(opening, slot_slug, turnstile.ticket_for(opening), crowded=True)
