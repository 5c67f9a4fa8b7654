"""What the parties of one slot need: promise it, arrange it, say no with a reason; and how much there is to give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from iclei_events.models import COUNTED, MOST_AIDS, AccessNeed, AidKind, Booking, BookingStatus, Disclosed, Slot
from iclei_events.services import aids, bookings, disclosures, need_answers, need_words, refusals
from iclei_events.services.need_answers import AidPlan
from iclei_events.web.staff.access import by_staff, signed_in_staff, staff_may
from iclei_events.web.staff.need_forms import AidForm, AnswerForm, DeclineForm
from iclei_events.web.staff.slots import slot_of_event_or_404

blueprint = Blueprint("needs", __name__, url_prefix="/<event_slug>/slots/<slot_slug>/needs")
Answer = Response | str | tuple[str, int]


@dataclass(slots=True)
class Shown:
    """What the page shows beside the needs themselves: forms that were sent, by what they are about.

    ``unsent``: the words of an answer that came too late for its party.
    """

    notice: str | None = None
    unsent: str | None = None
    declining: DeclineForm | None = None
    aid_kind: AidKind | None = None
    aid_form: AidForm | None = None
    plan: AidPlan | None = None


@blueprint.get("")
@staff_may("door")
def index(slot_slug: str) -> Answer:
    return _page(slot_of_event_or_404(slot_slug), Shown())


@blueprint.post("/promise")
@staff_may("door")
def promise(slot_slug: str) -> Answer:
    return _answer(slot_slug, need_answers.promise, gettext("It is promised."))


@blueprint.post("/arrange")
@staff_may("door")
def arrange(slot_slug: str) -> Answer:
    return _answer(slot_slug, need_answers.arrange, gettext("It is arranged."))


@blueprint.post("/decline")
@staff_may("door")
def decline(slot_slug: str) -> Answer:
    form = DeclineForm()
    slot = slot_of_event_or_404(slot_slug)
    if not form.validate() and (_need_of(slot, form) is not None or not form.reference.data):
        return _page(slot, Shown(declining=form)), 422

    def refuse(reference: str, kind: AidKind, *, by: Any, seen: str) -> None:
        need_answers.decline(reference, kind, form.answer.data, by=by, seen=seen)

    return _answer(slot_slug, refuse, gettext("Your answer is noted."), declining=form)


def _answer(slot_slug: str, verb: Callable[..., None], said: str, *, declining: DeclineForm | None = None) -> Answer:
    slot, form = slot_of_event_or_404(slot_slug), AnswerForm()
    need = _need_of(slot, form)
    if need is None:
        return _too_late(slot, form, declining)
    told = need_words.not_mailed(need.booking) or gettext("A mail tells whoever booked.")
    try:
        verb(need.booking.reference, need.kind, by=by_staff(), seen=form.seen.data or "")
    except refusals.NotActive:
        return _too_late(slot_of_event_or_404(slot_slug), form, declining)
    except refusals.Refusal as refused:
        return _page(slot_of_event_or_404(slot_slug), Shown(notice=_why(refused), declining=declining)), 409
    flash(f"{said} {told}")
    return redirect(url_for(".index", slot_slug=slot_slug), code=303)


def _need_of(slot: Slot, form: AnswerForm) -> AccessNeed | None:
    """The need that the form is about, if it is still one of this slot's."""
    about = (form.reference.data, form.kind.data)
    needs = need_answers.of_slot(slot)
    return next((need for need in needs if (need.booking.reference, need.kind) == about), None)


def _too_late(slot: Slot, form: AnswerForm, declining: DeclineForm | None) -> Answer:
    """The party has cancelled meanwhile, or asks for it no more: what was written to it is kept for the writer."""
    booking = bookings.find(form.reference.data or "")
    if booking is None or booking.slot.activity.event_id != slot.activity.event_id:
        abort(404)
    unsent = declining.answer.typed if declining is not None else None
    return _page(slot, Shown(notice=_nothing_to_answer(booking), unsent=unsent)), 409


def _nothing_to_answer(booking: Booking) -> str:
    if booking.is_active:
        return gettext("The party does not ask for this here any more. There is nothing left to answer.")
    if booking.status is BookingStatus.CANCELLED:
        return gettext("The booking was cancelled meanwhile. There is nothing left to answer.")
    return gettext("The booking is no longer valid. There is nothing left to answer.")


def _why(refused: refusals.Refusal) -> str:
    match refused:
        case refusals.NoAidLeft():
            return gettext("There is not so much of it left. Write first that there are more, then promise it.")
        case refusals.HoldsNoPlaces():
            return gettext("The party has no places yet, so nothing can be promised.")
        case _:
            return gettext("It has changed since you opened the page, so nothing was changed now.")


@blueprint.route("/aids/<kind>", methods=["GET", "POST"])
@staff_may("door")
def aid(slot_slug: str, kind: str) -> Answer:
    """How many there are of a kind: the effect first, then saved."""
    slot, of_kind = slot_of_event_or_404(slot_slug), _kind_or_404(kind)
    there = aids.of_slot(slot.id).get(of_kind)
    before = there.capacity if there is not None else None
    form = AidForm(given="on_request" if before is None else "number", capacity=before)
    shown = Shown(aid_kind=of_kind, aid_form=form)
    if not form.is_submitted():
        form.show(before)
        return _page(slot, shown)
    if not _is_meant(form, of_kind):
        return _page(slot, shown), 422
    shown.plan = need_answers.plan(slot, of_kind, form.wanted)
    if "look" in request.form:
        return _page(slot, shown)
    try:
        need_answers.set_aid(slot.id, of_kind, form.wanted, seen=form.was, by=by_staff())
    except refusals.ChangedMeanwhile as changed:
        form.show(changed.current if isinstance(changed.current, int) else None)
        shown.notice = gettext("Somebody else changed it meanwhile. Look at the effect again before you save.")
        return _page(slot_of_event_or_404(slot_slug), shown), 409
    flash(gettext("Saved: %(what)s.", what=need_words.NAMES[of_kind]))
    return redirect(url_for(".index", slot_slug=slot_slug), code=303)


def _is_meant(form: AidForm, kind: AidKind) -> bool:
    most = 1 if kind is AidKind.INTERPRETER else MOST_AIDS
    if form.validate() and form.given.data == "number" and (form.capacity.data is None or form.capacity.data > most):
        form.capacity.errors = [ngettext("Write 0 or 1.", "Write a number from 0 to %(num)s.", most)]
    return not form.errors


def _kind_or_404(kind: str) -> AidKind:
    return next((known for known in COUNTED if known == kind), None) or abort(404)


def _page(slot: Slot, shown: Shown) -> str:
    """The page, which is noted as looking at what the parties need."""
    needs = need_answers.of_slot(slot)
    by_party = sorted(needs, key=lambda need: (not need.booking.is_holding, need.booking.id))
    parties: list[tuple[Booking, list[AccessNeed]]] = [
        (booking, list(theirs)) for booking, theirs in groupby(by_party, key=lambda need: need.booking)
    ]
    slot_id = slot.id
    page = render_template(
        "staff/needs/index.html", slot=slot, parties=parties, counts=need_answers.counts(needs),
        aids=aids.of_slot(slot.id), kinds=COUNTED, names=need_words.NAMES, shown=shown,
        not_mailed=need_words.not_mailed,
    )  # fmt: skip
    disclosures.note_list(slot_id, Disclosed.NEEDS, staff_id=signed_in_staff().id)
    return page
