"""The staff's sign-in: a password, then a code, then back to where one wanted to go."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import HiddenField

from iclei_events.services import sign_in
from iclei_events.services.refusals import TooManyTries
from iclei_events.web import limits, refusals
from iclei_events.web.forms import Form, LineField
from iclei_events.web.staff.access import TOKEN, current_staff, keep_signed_in, safe_next
from iclei_events.web.staff.fields import PasswordField

blueprint = Blueprint("sign_in", __name__)
Answer = Response | str | tuple[str, int]


class SignInForm(Form):
    email = LineField(label=lazy_gettext("E-mail"), longest=254, missing=lazy_gettext("Write your e-mail address."))
    password = PasswordField(label=lazy_gettext("Password"), missing=lazy_gettext("Write your password."))
    next = HiddenField()


class CodeForm(Form):
    code = LineField(
        label=lazy_gettext("Code"), longest=40, missing=lazy_gettext("Write the code that your app shows.")
    )
    next = HiddenField()


@blueprint.route("/sign-in", methods=["GET", "POST"])
def start() -> Answer:
    if request.method != "POST" and current_staff() is not None:
        return _onwards(request.args.get("next"))
    form = SignInForm(next=safe_next(request.args.get("next")))
    if form.validate_on_submit():
        try:
            limits.check_network("sign in")
            keep_signed_in(sign_in.start(form.email.data, form.password.data))
        except TooManyTries as refusal:
            form.form_errors.append(refusals.reply(refusal).sentence)
            return render_template("staff/sign_in.html", form=form), 429
        except sign_in.SignInRefused:
            form.form_errors.append(
                gettext(
                    "We cannot sign you in with that address and password. "
                    "After several tries it takes a few minutes before you can try again."
                )
            )
        else:
            return redirect(url_for(".second_factor", next=safe_next(form.next.data)), code=303)
    return render_template("staff/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
def second_factor() -> Answer:
    token = session.get(TOKEN, "")
    if not sign_in.is_pending(token):
        return _begin_again()
    form = CodeForm(next=safe_next(request.args.get("next")))
    if form.validate_on_submit():
        try:
            keep_signed_in(sign_in.finish(token, form.code.data))
        except sign_in.SignInRefused:
            form.code.errors = [
                gettext("The code is not right, or was used before. Wait for the next one and write that.")
            ]
        except sign_in.SignInEnded:
            return _begin_again()
        else:
            return _onwards(form.next.data)
    return render_template("staff/second_factor.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    sign_in.end(session.get(TOKEN, ""))
    session.clear()
    flash(gettext("You are signed out."))
    return redirect(url_for(".start"), code=303)


def _begin_again() -> Response:
    if current_staff() is not None:
        return _onwards(None)
    if session.pop(TOKEN, None) is not None:
        flash(gettext("Sign in again, from the beginning."), "error")
    return redirect(url_for(".start", next=safe_next(request.args.get("next"))), code=303)


def _onwards(wish: str | None) -> Response:
    return redirect(safe_next(wish) or url_for("staff.overview.events"), code=303)
