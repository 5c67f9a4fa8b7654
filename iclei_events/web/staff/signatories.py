"""Signings of the commitment: two of the staff check each, then it is published; or it is declined with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from iclei_events.models import Signatory, SignatoryStatus
from iclei_events.models.signatory import VERIFICATIONS_NEEDED
from iclei_events.services import commitment, signing, verifying
from iclei_events.services.refusals import NotActive, Refusal
from iclei_events.web import filters, refusals
from iclei_events.web.forms import Form, LineField
from iclei_events.web.languages import current_language
from iclei_events.web.staff.access import by_staff, signed_in_staff, staff_may

blueprint = Blueprint("signatories", __name__, url_prefix="/signatories")

LONGEST_REASON: Final = 500


class DeclineForm(Form):
    reason = LineField(
        label=lazy_gettext("Why is it declined? The contact reads this."),
        missing=lazy_gettext("Write the reason."),
        longest=LONGEST_REASON,
    )


@blueprint.get("")
@staff_may("organiser")
def index() -> str:
    """Signings of one status; first those that wait to be checked."""
    asked = request.args.get("status", SignatoryStatus.CONFIRMED.value)
    if asked not in set(SignatoryStatus):
        abort(404)
    status = SignatoryStatus(asked)
    return render_template(
        "staff/signatories/index.html",
        status=status,
        signings=verifying.signings(status),
        counts=verifying.count_by_status(),
        countries=commitment.country_names(current_language()),
        needed=VERIFICATIONS_NEEDED,
    )


@blueprint.get("/<reference>")
@staff_may("organiser")
def signing_page(reference: str) -> Response:
    return _show(_signing_or_404(reference))


@blueprint.post("/<reference>/verify")
@staff_may("organiser")
def verify(reference: str) -> Response:
    def vouch() -> str:
        verifying.verify(reference, by=by_staff())
        return gettext("Noted: you have checked the decision and who signs.")

    return _act(reference, vouch)


@blueprint.post("/<reference>/publish")
@staff_may("organiser")
def publish(reference: str) -> Response:
    def show() -> str:
        verifying.publish(reference, by=by_staff())
        return gettext("Published. The contact gets a mail.")

    return _act(reference, show)


@blueprint.post("/<reference>/decline")
@staff_may("organiser")
def decline(reference: str) -> Response:
    form = DeclineForm()
    if not form.validate():
        return _show(_signing_or_404(reference), 422, form)

    def end() -> str:
        verifying.decline(reference, reason=form.reason.data, by=by_staff())
        return gettext("Declined.")

    return _act(reference, end)


def _act(reference: str, verb: Callable[[], str]) -> Response:
    """Run a verb, then the signing's page; if it could not be done, the page with the reason."""
    _signing_or_404(reference)
    try:
        flash(verb())
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        late = gettext("Somebody else was faster, so nothing was changed. This is how it stands.")
        notice = late if isinstance(refusal, NotActive) else reply.sentence
        return _show(_signing_or_404(reference), reply.status, notice=notice)
    return redirect(url_for(".signing_page", reference=reference), 303)


def _signing_or_404(reference: str) -> Signatory:
    return signing.find(reference) or abort(404)


def _show(
    signatory: Signatory, status: int = 200, form: DeclineForm | None = None, notice: str | None = None
) -> Response:
    titles = {one["slug"]: filters.tr(one["title"]) for one in signatory.commitment.challenges}
    me = signed_in_staff()
    page = render_template(
        "staff/signatories/signing.html",
        signatory=signatory,
        country=commitment.country_name(signatory.country, current_language()),
        challenges=[titles.get(slug, slug) for slug in signatory.challenges],
        namesakes=verifying.namesakes(signatory),
        checked_by_me=any(one.staff_id == me.id for one in signatory.verifications),
        needed=VERIFICATIONS_NEEDED,
        form=form or DeclineForm(formdata=None),
        notice=notice,
    )
    return make_response(page, status)
