"""An account from its invitation: a name and a password, then the second factor, then the recovery codes, once."""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from iclei_events.models import Staff
from iclei_events.services import accounts, passwords, refusals, second_factor, sign_in, staff
from iclei_events.web import limits
from iclei_events.web.forms import Form, LineField, NameField
from iclei_events.web.languages import current_language
from iclei_events.web.staff.access import INVITATION, keep_signed_in
from iclei_events.web.staff.fields import PasswordField

blueprint = Blueprint("set_up", __name__)
Answer = Response | str | tuple[str, int]


class AccountForm(Form):
    name = NameField(label=lazy_gettext("Name"), missing=lazy_gettext("Write your name."))
    password = PasswordField(label=lazy_gettext("Password"), missing=lazy_gettext("Choose a password."))


class ConfirmForm(Form):
    code = LineField(
        label=lazy_gettext("Code"), longest=40, missing=lazy_gettext("Write the code that your app shows.")
    )


class RenewForm(ConfirmForm):
    password = PasswordField(label=lazy_gettext("New password"), missing=lazy_gettext("Choose a password."))


@blueprint.route("/set-up", methods=["GET", "POST"])
def account() -> Answer:
    """The link's secret is swapped for an entry in the session, so that it stands in no history and no log."""
    if "key" in request.args:
        session[INVITATION] = request.args["key"]
        return redirect(url_for(".account"), code=303)
    person = _invited()
    if person is None:
        return _over()
    return _renew(person) if person.is_set_up else _begin(person)


def _begin(person: Staff) -> Answer:
    form = AccountForm(name=person.name)
    if form.validate_on_submit():
        try:
            accounts.accept(
                session[INVITATION], name=form.name.data, password=form.password.data, language=current_language()
            )
        except passwords.UnfitPassword as unfit:
            form.password.errors = [_why_unfit(unfit)]
        except refusals.Refusal:
            return _over()
        else:
            return redirect(url_for(".confirm"), code=303)
    return render_template("staff/set_up.html", form=form, person=person), 422 if form.errors else 200


def _renew(person: Staff) -> Answer:
    form = RenewForm()
    if form.validate_on_submit():
        try:
            token = accounts.renew_password(session[INVITATION], password=form.password.data, code=form.code.data)
        except passwords.UnfitPassword as unfit:
            form.password.errors = [_why_unfit(unfit)]
        except sign_in.SignInRefused:
            form.code.errors = [_wrong_code()]
        except refusals.Refusal:
            return _over()
        else:
            keep_signed_in(token)
            flash(gettext("You have a new password."))
            return redirect(url_for("staff.overview.events"), code=303)
    return render_template("staff/renew.html", form=form, person=person), 422 if form.errors else 200


@blueprint.route("/set-up/second-factor", methods=["GET", "POST"])
def confirm() -> Answer:
    """The recovery codes are the answer to the POST itself: they are shown once and kept nowhere to be shown again."""
    person = _invited()
    if person is None:
        return _over()
    if person.is_set_up or person.totp_secret is None:
        return redirect(url_for(".account"), code=303)
    form = ConfirmForm()
    if form.validate_on_submit():
        try:
            token, codes = accounts.confirm(session[INVITATION], form.code.data)
        except sign_in.SignInRefused:
            form.code.errors = [_wrong_code()]
        except refusals.Refusal:
            return _over()
        else:
            keep_signed_in(token)
            return render_template("staff/recovery_codes.html", codes=codes)
    page = render_template("staff/confirm.html", form=form, secret=person.totp_secret, code=_qr_code(person))
    return page, 422 if form.errors else 200


def _qr_code(person: Staff) -> Markup:
    """A drawing for the page: nothing leaves the site to make it."""
    issuer = "Malmö Summit" if current_app.config["PRODUCTION"] else "Malmö Summit (demo)"
    address = second_factor.address(person.totp_secret or "", email=person.email, issuer=issuer)
    drawing = segno.make(address, micro=False, error="m")
    return Markup(drawing.svg_inline(omitsize=True, light="#fff", svgclass="qr"))  # noqa: S704  made of modules, not of text


def _invited() -> Staff | None:
    try:
        return staff.invited(session.get(INVITATION, ""))
    except staff.InvitationOver:
        return None


def _over() -> Answer:
    limits.check_network("guess")
    return render_template("staff/invitation_over.html"), 410


def _wrong_code() -> str:
    return gettext("The code is not right. Check that the phone's clock is, wait for the next code and write that.")


def _why_unfit(unfit: passwords.UnfitPassword) -> str:
    if unfit.reason == "short":
        return gettext("The password is too short. Write at least %(n)s characters.", n=passwords.SHORTEST)
    if unfit.reason == "long":
        return gettext("The password is too long. Write at most %(n)s characters.", n=passwords.LONGEST)
    return gettext(
        "Many people have that password. Choose another, for example four words that do not belong together."
    )
