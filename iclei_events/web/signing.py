"""Signing the commitment: the form, and the page where its contact confirms it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.db import DatabaseBusyError
from iclei_events.models import Commitment, Signatory, SignatoryStatus
from iclei_events.services import commitment, contact, declaring, signing
from iclei_events.services.refusals import AlreadyInRegister, KeyTaken, NotActive, Refusal
from iclei_events.web import filters, limits, refusals
from iclei_events.web.access_to_signings import own_signing_or_404, unlock_or_404
from iclei_events.web.commitment import current_or_404
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.security import csrf
from iclei_events.web.signing_form import SignForm

blueprint = Blueprint("signing", __name__, url_prefix=f"{PREFIX}/commitment")

SENT: Final = "signing_sent"
"""The session's entry for the form this browser sent last: it tells where mail went, and opens nothing."""
RETRY_AFTER_CONFIRMING: Final = 3600
"""Seconds: time enough to open the mails that wait."""


@blueprint.route("/sign", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # the form checks the token itself: a dead one keeps what was typed
def sign() -> Response:
    text = current_or_404()
    form = SignForm.of(text)
    if request.method != "POST":
        form.renew_key()
        return _show(text, form)
    valid = form.validate()
    if form.csrf_token.errors and request.form:
        return _show(text, form, 403)
    if not valid:
        return _show(text, form, 422)
    return _send(text, form)


def _send(text: Commitment, form: SignForm) -> Response:
    try:
        limits.check_form("sign", form.declaration.contact_email_key, form.idempotency_key.data)
        _, reference = declaring.declare(text, form.declaration, key=form.idempotency_key.data)
    except Refusal as refusal:
        return _show_refusal(text, form, refusal)
    except DatabaseBusyError:
        sentence = gettext("Many people want in right now. Nothing was stored. Send the form again in a moment.")
        return _show(text, form, 503, notice=sentence)
    session[SENT] = reference
    return redirect(url_for("signing.sent"), 303)


def _show_refusal(text: Commitment, form: SignForm, refusal: Refusal) -> Response:
    """The form with what was typed, and what happened."""
    reply = refusals.reply(refusal)
    if isinstance(refusal, KeyTaken):
        form.renew_key()
    if isinstance(refusal, AlreadyInRegister):
        form.name.errors = [reply.sentence]
    response = _show(text, form, reply.status, notice=reply.sentence, refusal=refusal)
    if reply.status == 429:  # noqa: PLR2004  too many requests
        response.headers["Retry-After"] = str(RETRY_AFTER_CONFIRMING)
    return response


def _show(text: Commitment, form: SignForm, status: int = 200, **more: Any) -> Response:
    return _page("commitment/sign.html", status, commitment=text, form=form, days=signing.UNCONFIRMED_FOR.days, **more)


@blueprint.get("/sign/sent")
def sent() -> Response:
    """Where the mail went. Reloading sends nothing; without a form sent from here there is nothing to tell."""
    signatory = signing.find(session.get(SENT, ""))
    if signatory is None:
        return redirect(url_for("signing.sign"), 303)
    return _page("commitment/sent.html", signatory=signatory, days=signing.UNCONFIRMED_FOR.days)


@blueprint.get("/signings/<reference>")
def confirm(reference: str) -> Response:
    """Show what the contact is about to confirm. Opening the link changes nothing: scanners open it too."""
    if "key" in request.args:
        unlock_or_404(reference, request.args["key"])
        return redirect(url_for("signing.confirm", reference=reference), 303)
    return _show_signing(own_signing_or_404(reference))


@blueprint.post("/signings/<reference>/confirm")
def send_confirmation(reference: str) -> Response:
    def stand_by() -> str:
        signing.confirm(reference)
        return gettext("Thank you. The signing is confirmed.")

    return _act(reference, stand_by) or redirect(url_for("signing.confirm", reference=reference), 303)


@blueprint.post("/signings/<reference>/withdraw")
def withdraw(reference: str) -> Response:
    def take_back() -> str:
        signing.withdraw(reference)
        return gettext("The form is erased. Nothing is signed.")

    return _act(reference, take_back) or redirect(url_for("commitment.index"), 303)


def _act(reference: str, verb: Callable[[], str]) -> Response | None:
    """Run a verb on a signing this browser may open; if it could not be done, the page with the reason."""
    own_signing_or_404(reference)
    try:
        flash(verb())
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        sentence = gettext("That is no longer possible, so nothing was changed. This is how it stands.")
        notice = sentence if isinstance(refusal, NotActive) else reply.sentence
        return _show_signing(own_signing_or_404(reference), reply.status, notice)
    return None


def _show_signing(signatory: Signatory, status: int = 200, notice: str | None = None) -> Response:
    titles = {one["slug"]: filters.tr(one["title"]) for one in signatory.commitment.challenges}
    waits = signatory.status is SignatoryStatus.SUBMITTED
    return _page(
        "commitment/signing.html", status, signatory=signatory, notice=notice,
        country=commitment.country_name(signatory.country, current_language()),
        challenges=[titles[slug] for slug in signatory.challenges if slug in titles],
        too_old=waits and signing.is_too_old(signatory, clock.now()),
        erased_on=signing.erased_on(signatory),
    )  # fmt: skip


def _page(template: str, status: int = 200, **names: Any) -> Response:
    g.event = contact.event_to_ask()
    return make_response(render_template(template, **names), status)
