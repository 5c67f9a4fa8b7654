"""The people of the staff: invite, give and take roles, disable. For those who manage all events."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from iclei_events.models import Event, Staff, StaffRole
from iclei_events.services import programme, refusals, staff
from iclei_events.web.contact_fields import EmailField
from iclei_events.web.filters import tr
from iclei_events.web.forms import Form
from iclei_events.web.languages import current_language
from iclei_events.web.staff.access import by_staff, staff_may
from iclei_events.web.staff.fields import ChoiceField

blueprint = Blueprint("people", __name__, url_prefix="/people")
Answer = Response | str | tuple[str, int]
ID = "<int(max=2147483647):staff_id>"
ALL_EVENTS = "all"


ROLES: Final = {
    StaffRole.ADMIN: lazy_gettext("Administrator: everything, and who may do what"),
    StaffRole.EDITOR: lazy_gettext("Editor: texts, and what an organiser does"),
    StaffRole.ORGANISER: lazy_gettext("Organiser: places and bookings"),
    StaffRole.DOOR: lazy_gettext("Door: who comes, and what they need"),
    StaffRole.VIEWER: lazy_gettext("Viewer: sees, changes nothing"),
}
"""What each role is for, in words."""


class GrantForm(Form):
    role = ChoiceField(
        label=lazy_gettext("Role"),
        choices=[SelectChoice(role.value, words) for role, words in ROLES.items()],
        unknown=lazy_gettext("Choose one of the roles."),
    )
    event_slug = ChoiceField(label=lazy_gettext("Event"), choices=[], unknown=lazy_gettext("Choose one of the events."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        events = [SelectChoice(event.slug, tr(event.name)) for event in programme.events()]
        self.event_slug.choices = [SelectChoice(ALL_EVENTS, gettext("All events")), *events]

    @property
    def event(self) -> Event | None:
        return programme.find_event(self.event_slug.data)


class InviteForm(GrantForm):
    email = EmailField(label=lazy_gettext("E-mail"), missing=lazy_gettext("Write whom to invite."))


@blueprint.get("")
@staff_may("admin")
def index() -> Answer:
    return _show(InviteForm(formdata=None, role=StaffRole.ORGANISER.value, event_slug=ALL_EVENTS))


@blueprint.post("")
@staff_may("admin")
def invite() -> Answer:
    """The link is the answer to the POST itself: it is shown once and kept nowhere to be shown again."""
    form = InviteForm()
    if not form.validate():
        return _show(form), 422
    try:
        invitation = staff.invite(
            form.email.data, StaffRole(form.role.data), form.event, by=by_staff(), language=current_language()
        )
    except refusals.NotActive:
        form.email.errors = [gettext("That account is disabled. Enable it first.")]
        return _show(form), 409
    link = invitation.link(current_app.config["BASE_URL"], current_language())
    return render_template("staff/people/invited.html", email=form.email.data, link=link)


@blueprint.route(f"/{ID}", methods=["GET"])
@staff_may("admin")
def person(staff_id: int) -> Answer:
    return _show_person(_person_or_404(staff_id), GrantForm(formdata=None, role="organiser", event_slug=ALL_EVENTS))


@blueprint.post(f"/{ID}/roles")
@staff_may("admin")
def grant(staff_id: int) -> Answer:
    someone = _person_or_404(staff_id)
    form = GrantForm()
    if not form.validate():
        return _show_person(someone, form), 422
    staff.grant(staff_id, StaffRole(form.role.data), form.event, by=by_staff())
    flash(gettext("The role is given."))
    return redirect(url_for(".person", staff_id=staff_id), code=303)


@blueprint.post(f"/{ID}/roles/<int(max=2147483647):grant_id>/take")
@staff_may("admin")
def revoke(staff_id: int, grant_id: int) -> Answer:
    someone = _person_or_404(staff_id)
    if grant_id not in {given.id for given in someone.grants}:
        abort(404)
    return _decide(lambda: staff.revoke(grant_id, by=by_staff()), staff_id, gettext("The role is taken away."))


@blueprint.post(f"/{ID}/disable")
@staff_may("admin")
def disable(staff_id: int) -> Answer:
    _person_or_404(staff_id)
    done = gettext("The account is disabled and signed out everywhere.")
    return _decide(lambda: staff.disable(staff_id, by=by_staff()), staff_id, done)


@blueprint.post(f"/{ID}/enable")
@staff_may("admin")
def enable(staff_id: int) -> Answer:
    _person_or_404(staff_id)
    return _decide(lambda: staff.enable(staff_id, by=by_staff()), staff_id, gettext("The account is enabled."))


def _decide(verb: Any, staff_id: int, done: str) -> Answer:
    try:
        verb()
    except refusals.NotPermitted:
        form = GrantForm(formdata=None, role="organiser", event_slug=ALL_EVENTS)
        return _show_person(_person_or_404(staff_id), form, last_admin=True), 409
    flash(done)
    return redirect(url_for(".person", staff_id=staff_id), code=303)


def _person_or_404(staff_id: int) -> Staff:
    someone = staff.find(staff_id)
    if someone is None:
        abort(404)
    return someone


def _show(form: InviteForm) -> str:
    return render_template("staff/people/index.html", form=form, people=staff.everybody(), roles=ROLES)


def _show_person(someone: Staff, form: GrantForm, **more: Any) -> str:
    return render_template("staff/people/person.html", person=someone, form=form, roles=ROLES, **more)
