"""The booking form of a slot whose places are drawn: the same fields, and ranked wishes over the draw's slots."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from iclei_events.models import Draw, Slot
from iclei_events.services import aids, bookings, draw_entries, draws, slots
from iclei_events.services.draw_entries import MOST_WISHES
from iclei_events.services.letters import Writing
from iclei_events.services.refusals import AdultMissing, KeyTaken, ProofWorthless, Refusal, TooLarge
from iclei_events.web import limits, own_limit, proofs, refusals
from iclei_events.web.draws import state_of
from iclei_events.web.filters import clock_time, day_short, tr
from iclei_events.web.forms import Form
from iclei_events.web.languages import current_language

OUTCOME: Final = "X-Booking-Outcome"
REFERENCE: Final = "X-Booking-Reference"

RANKS: Final = (
    lazy_gettext("First wish"),
    lazy_gettext("Second wish"),
    lazy_gettext("Third wish"),
    lazy_gettext("Fourth wish"),
    lazy_gettext("Fifth wish"),
)


class WishField(SelectField):
    """One of the draw's slots; all but the first may be left open."""

    def pre_validate(self, _form: Any) -> None:
        if self.data not in {option.value for option in self.iter_choices()}:
            raise StopValidation(gettext("Choose one of the times."))


def form_of(base: type[Form], draw: Draw, first: str, **values: Any) -> Any:
    """A form of ``base`` with a field for each wish; ``first`` is what the first one says to begin with."""
    choices = [SelectChoice(slot.slug, _label(slot, draw)) for slot in draw.slots]
    fields: dict[str, Any] = {}
    for number, label in enumerate(RANKS[: min(len(choices), MOST_WISHES)], 1):
        rest = choices if number == 1 else [SelectChoice("", gettext("No more wishes")), *choices]
        fields[f"wish_{number}"] = WishField(label=label, choices=rest, default=first if number == 1 else "")
    return type("FormWithWishes", (base,), fields)(**values)


def wish_fields(form: Any) -> list[Any]:
    return [field for field in form if isinstance(field, WishField)]


def wishes_in(form: Any) -> list[str]:
    """The slots wished for, the dearest first."""
    return [field.data for field in wish_fields(form) if field.data]


def check_wishes(form: Any) -> None:
    """A time that is wished for twice is a slip of whoever chose it: which wish was meant, they know alone."""
    seen: set[str] = set()
    for field in wish_fields(form):
        if field.data and field.data in seen and not field.errors:
            field.errors = [gettext("You have chosen this time already. Choose another, or no more wishes.")]
        seen.add(field.data)


def _label(slot: Slot, draw: Draw) -> str:
    """What tells the slot from the draw's others: the time, and the day or the title where they differ."""
    words = [clock_time(slot.starts_at)]
    zone = draw.event.zone
    if len({one.starts_at.astimezone(zone).date() for one in draw.slots}) > 1:
        words.insert(0, day_short(slot.starts_at))
    if len({one.activity_id for one in draw.slots}) > 1:
        words.append(tr(slot.activity.title))
    if slot.languages:
        words.append(Writing(current_language(), draw.event).spoken(slot.languages))
    return ", ".join(words)


def show(slot: Slot, base: type[Form], *, key: str, language: str, challenge: str | None = None) -> Response:
    """The form as it was typed so far, with the ``language`` of mails that the booking form would show."""
    draw = _draw_of(slot)
    form = form_of(base, draw, slot.slug, idempotency_key=key)
    form.language.process(None, language)
    return _page(slot, draw, form, challenge=challenge)


def send(slot_slug: str, base: type[Form]) -> Response:
    """Enter the draw. Whether this address has an entry already is told by mail alone."""
    slot = slots.find(slot_slug) or abort(404)
    draw = _draw_of(slot)
    form = form_of(base, draw, slot.slug, language=current_language())
    mistaken = _has_mistakes(form, slot)
    if form.csrf_token.errors and request.form:
        return _page(slot, draw, form, 403)
    if mistaken:
        return _page(slot, draw, form, 422)
    try:
        limits.check_form("book", form.contact.email_key, form.idempotency_key.data)
        human = proofs.shown(slot_slug)
        answer = draw_entries.enter(
            draw.id, wishes_in(form), party=form.party, contact=form.contact, language=form.language.data,
            key=form.idempotency_key.data, proof=human.proof, unproven=human.unproven,
        )  # fmt: skip
    except Refusal as refusal:
        return _refused(slot_slug, form, refusal)
    to_confirm = "yes" if human.unproven else None
    page = url_for("draws.entered", event_slug=draw.event.slug, draw_slug=draw.slug, to_confirm=to_confirm)
    response = redirect(page, 303)
    response.headers[OUTCOME] = answer.outcome.value
    response.headers[REFERENCE] = answer.reference
    return response


def _draw_of(slot: Slot) -> Draw:
    draw = draws.find(slot.draw.slug) if slot.draw is not None else None
    return draw or abort(404)


def _has_mistakes(form: Any, slot: Slot) -> bool:
    form.validate()
    if form.idempotency_key.errors:
        form.renew_key()
    check_wishes(form)
    if not form.adults.errors and not form.children.errors:
        check_party(form, slot)
        form.check_aids(form.party.size)
    return bool(form.errors)


def check_party(form: Any, slot: Slot) -> None:
    if not form.party.size:
        form.adults.errors = [str(form.adults.missing)]
        return
    try:
        bookings.check_party(slot, form.party)
    except (TooLarge, AdultMissing) as refusal:
        form.adults.errors = [refusals.reply(refusal).sentence]


def _refused(slot_slug: str, form: Any, refusal: Refusal) -> Response:
    reply = refusals.reply(refusal)
    if isinstance(refusal, KeyTaken):
        form.renew_key()
    if isinstance(refusal, ProofWorthless):
        proofs.note_worthless(slot_slug)
    slot = slots.find(slot_slug) or abort(404)
    limit = own_limit.shown(refusal, slot, form.contact, form.party.size)
    response = _page(
        slot, _draw_of(slot), form, reply.status, notice=reply.sentence,
        proof_refused=isinstance(refusal, ProofWorthless), **limit,
    )  # fmt: skip
    response.headers[OUTCOME] = reply.outcome.value
    return response


def _page(
    slot: Slot, draw: Draw, form: Any, status: int = 200, *, challenge: str | None = None, **more: Any
) -> Response:
    g.event = slot.activity.event
    page = render_template(
        "draws/enter.html", form=form, wishes=wish_fields(form), slot=slot, activity=slot.activity, draw=draw,
        state=state_of(draw), status=status, aids=aids.of_slot(slot.id),
        challenge=proofs.challenge_for(slot.slug) if challenge is None else challenge, **more,
    )  # fmt: skip
    return make_response(page, status)
