"""Who may come in: every staff page is behind ``staff_may`` or ``signed_in``; a test asks each one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec

from flask import abort, g, redirect, request, session, url_for
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from iclei_events.models import Event, SignIn, Staff, StaffRole
from iclei_events.services import log, programme, sign_in, staff

P = ParamSpec("P")

TOKEN: Final = "staff"  # noqa: S105  the name of the session's entry
INVITATION: Final = "invitation"
OWN_PATH: Final = re.compile(r"/(sv|en)/staff(/[A-Za-z0-9_-]+)*/?(\?[A-Za-z0-9_=&.,+-]*)?")
"""Where a sign-in may lead: staff pages of this site, in signs that mean nothing but themselves."""


def staff_may(role: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Let only those in who may do ``role``'s work at the event of the address; without one, at all events.

    The event is read from the database by the address and kept in ``g.event``; the role is asked of the server's
    own record each time. Nobody signed in: 303 to the sign-in. An unknown event: 404. Another role: 403.
    """
    wanted = StaffRole(role)

    def guard(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            person = current_staff()
            if person is None:
                return to_sign_in()
            g.event = _event_of_address(kwargs)
            if not staff.may(person, wanted, g.event):
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return guard


def signed_in(view: Callable[P, Any]) -> Callable[P, Any]:
    """Let in whoever is signed in, whatever the role."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        return to_sign_in() if current_staff() is None else view(*args, **kwargs)

    return guarded


def _event_of_address(values: dict[str, Any]) -> Event | None:
    """The event whose slug the address carries, taken out of the view's arguments."""
    if "event_slug" not in values:
        return None
    event = programme.find_event(values.pop("event_slug"))
    if event is None:
        abort(404)
    return event


def current_staff() -> Staff | None:
    """Who is signed in in this browser, as the server knows it."""
    if "sign_in" not in g:
        token = session.get(TOKEN)
        g.sign_in = sign_in.current(token) if isinstance(token, str) else None
    found: SignIn | None = g.sign_in
    return found.staff if found is not None else None


def signed_in_staff() -> Staff:
    """Who is signed in; only for views behind ``staff_may`` or ``signed_in``."""
    person = current_staff()
    if person is None:
        abort(403)
    return person


def by_staff() -> log.Actor:
    """The signed-in person as the log names them."""
    return log.staff(signed_in_staff().id)


def may(role: str, *, everywhere: bool = False) -> bool:
    """Whether the signed-in person may do a role's work at the event of the page, or ``everywhere``: at all events."""
    person = current_staff()
    event = None if everywhere else g.get("event")
    return person is not None and staff.may(person, StaffRole(role), event)


def to_sign_in() -> Response:
    """To the sign-in, and back here afterwards where here is a page and not an act."""
    here = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else ""
    return redirect(url_for("staff.sign_in.start", next=safe_next(here)), code=303)


def safe_next(path: str | None) -> str | None:
    """``path`` if it is one of our own staff pages, else None."""
    return path if path and OWN_PATH.fullmatch(path) else None


def keep_signed_in(token: str) -> None:
    """Hand the browser a new token; what it was given before a step is worth nothing after it."""
    session.pop(INVITATION, None)
    session.pop("csrf_token", None)
    session[TOKEN] = token


def template_names() -> dict[str, Any]:
    """What staff templates may ask: who is signed in, and what they may do. Error pages ask neither."""
    return {"current_staff": LocalProxy(current_staff), "staff_may": may}
