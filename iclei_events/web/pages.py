"""Pages about the site itself: how data are handled, how accessible it is, whom to ask."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Final

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from iclei_events.models.types import new_secret
from iclei_events.services import contact, personal_data, problem_reports, programme
from iclei_events.services.accessibility import STATEMENT
from iclei_events.services.problem_reports import ProblemReport
from iclei_events.services.refusals import Refusal
from iclei_events.web import limits, refusals
from iclei_events.web.contact_fields import EmailField
from iclei_events.web.forms import Form, KeyField, LineField, TextField
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.page_cache import cached_page
from iclei_events.web.security import csrf

blueprint = Blueprint("pages", __name__, url_prefix=PREFIX)

LONGEST_PROBLEM: Final = 2000
LONGEST_PAGE: Final = 300
RETRY_AFTER_REPORTS: Final = 3600


class ProblemForm(Form):
    problem = TextField(
        label=lazy_gettext("What does not work?"), missing=lazy_gettext("Write what does not work."),
        longest=LONGEST_PROBLEM,
    )  # fmt: skip
    where = LineField(label=lazy_gettext("On which page?"), longest=LONGEST_PAGE, optional=True)
    email = EmailField(label=lazy_gettext("Your e-mail, if you want an answer"), optional=True)
    idempotency_key = KeyField(missing=lazy_gettext("The form was too old. Send it again."), default="")

    def renew_key(self) -> None:
        self.idempotency_key.process_data(new_secret())


@blueprint.get("/privacy")
@cached_page()
def privacy() -> str:
    return _page(
        "pages/privacy.html",
        fields=personal_data.FIELDS,
        until_texts=personal_data.UNTIL_TEXTS,
        events=[event for event in programme.events() if event.contact_email],
        cookie=current_app.config["SESSION_COOKIE_NAME"],
        cookie_days=current_app.permanent_session_lifetime.days,
    )


@blueprint.get("/accessibility")
@cached_page()
def accessibility() -> str:
    return _page("pages/accessibility.html", statement=STATEMENT)


@blueprint.get("/contact", endpoint="contact")
@cached_page()
def whom_to_ask() -> str:
    return _page("pages/contact.html")


@blueprint.route("/accessibility/report", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # the form checks the token itself: a dead one keeps what was typed
def report_problem() -> Response:
    form = ProblemForm()
    if request.method != "POST":
        form.renew_key()
        return _show(form)
    valid = form.validate()
    if form.idempotency_key.errors:
        form.renew_key()
    if form.csrf_token.errors and request.form:
        return _show(form, 403)
    if not valid:
        return _show(form, 422)
    return _send(form)


def _send(form: ProblemForm) -> Response:
    event = contact.event_to_ask()
    recipient = (event.contact_email if event else None) or parseaddr(current_app.config["MAIL_FROM"])[1]
    problem = ProblemReport(form.problem.data, form.where.data or "", form.email.data or "")
    try:
        limits.check_network("report")
        problem_reports.report(problem, recipient=recipient, language=current_language(), key=form.idempotency_key.data)
    except Refusal as refusal:
        reply = refusals.reply(refusal)
        response = _show(form, reply.status, reply.sentence)
        response.headers["Retry-After"] = str(RETRY_AFTER_REPORTS)
        return response
    return redirect(url_for("pages.reported"), 303)


@blueprint.get("/accessibility/reported")
def reported() -> str:
    return _page("pages/reported.html")


def _show(form: ProblemForm, status: int = 200, notice: str | None = None) -> Response:
    page = _page("pages/report.html", form=form, notice=notice, days=personal_data.MAIL_KEPT.days)
    return make_response(page, status)


def _page(template: str, **names: object) -> str:
    g.event = contact.event_to_ask()
    return render_template(template, **names)
