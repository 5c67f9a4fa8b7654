"""More than a worker can do at once waits in a short line before it, and what would wait too long is told so at once.

Without a bound every answer gets slower until all of them are too late. There are two lanes. What costs next to
nothing, such as a page from memory or a ticket to the waiting room, never waits behind what has to be worked for; in a
rush most ask for just that. Every page begins in the light lane and changes over where it turns out to be work.

A page that would have to wait is answered by one that asks again by itself. What somebody has sent waits longer, for it
would have to be sent anew.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import Flask, current_app, g, render_template, request
from werkzeug.wrappers import Response

from iclei_events.config import LIGHT_AT_ONCE, LIGHT_IN_LINE, MOST_IN_LINE, SENT_IN_LINE
from iclei_events.i18n import Language, as_language
from iclei_events.web.security import HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE_SECONDS: Final = 0.3
"""How long a page may wait for its turn before a page that asks again is given instead."""

SENT_SECONDS: Final = 4.0
"""How long what somebody has sent may wait."""

AGAIN_SECONDS: Final = 3
ALWAYS: Final = frozenset({"/healthz", "/readyz"})
"""Who watches over the server must learn that it lives."""

TURN: Final = "iclei_events.turn"
"""Where a request's environment holds its turn."""

LIGHT_TO_SEND: Final = "/waiting-room"
"""How the address ends to which a form goes that is answered by one statement."""

View = TypeVar("View", bound=Callable[..., Any])


class TooBusyError(Exception):
    """There was no turn to be had in time: nothing has been done."""


class Turns:
    """A first-come line before so many places.

    Whoever comes is turned away while so many wait already; who is not patient, also while the first of them has waited
    too long. The patient find room in line where others do not.
    """

    def __init__(self, places: int, most_in_line: int, patient_in_line: int = SENT_IN_LINE) -> None:
        self._guard = threading.Lock()
        self._free = places
        self._most_in_line = {False: most_in_line, True: most_in_line + patient_in_line}
        self._waiting: deque[tuple[float, threading.Event]] = deque()

    def enter(self, seconds: float, *, patient: bool) -> bool:
        """Wait for a place at most so long; False: there was none. Who is not ``patient`` is turned away at once."""
        turn, now = threading.Event(), time.monotonic()
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            is_late = bool(self._waiting) and now - self._waiting[0][0] > seconds
            if len(self._waiting) >= self._most_in_line[patient] or (is_late and not patient):
                return False
            self._waiting.append((now, turn))
        if turn.wait(seconds):
            return True
        with self._guard:
            if (now, turn) in self._waiting:
                self._waiting.remove((now, turn))
                return False
        return True  # the turn came in the very moment the wait ran out: it is ours

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft()[1].set()
            else:
                self._free += 1


class Lanes:
    """The two lanes of a worker."""

    def __init__(self, light: Turns, work: Turns) -> None:
        self.light = light
        self.work = work


class Turn:
    """A request's place in one of the lanes; ``asks`` is one for a page, which comes again by itself."""

    def __init__(self, lanes: Lanes, *, asks: bool) -> None:
        self._lanes = lanes
        self._asks = asks
        self._held: Turns | None = None

    def enter(self, *, light: bool) -> bool:
        return self._take(self._lanes.light if light else self._lanes.work)

    def change_to_work(self) -> bool:
        """Leave the light lane for the other; where that is full, False: then neither is held."""
        if self._held is self._lanes.work:
            return True
        self.leave()
        return self._take(self._lanes.work)

    def leave(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.leave()

    def _take(self, turns: Turns) -> bool:
        if turns.enter(PAGE_SECONDS if self._asks else SENT_SECONDS, patient=not self._asks):
            self._held = turns
            return True
        return False


def init_app(app: Flask) -> None:
    app.before_request(_change_over)
    app.register_error_handler(TooBusyError, _tell_busy)
    light, work = Turns(LIGHT_AT_ONCE, LIGHT_IN_LINE), Turns(app.config["WORK_AT_ONCE"], MOST_IN_LINE)
    app.extensions["lanes"] = Lanes(light, work)
    app.wsgi_app = Bounded(app, app.wsgi_app)  # type: ignore[method-assign]


class Bounded:
    """The application behind its lanes."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app = app
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path in ALWAYS:
            return self._inner(environ, start_response)
        asks = environ.get("REQUEST_METHOD") in {"GET", "HEAD"}
        turn = environ[TURN] = Turn(self._app.extensions["lanes"], asks=asks)
        if not turn.enter(light=asks or path.endswith(LIGHT_TO_SEND)):
            return self._busy(environ, path)(environ, start_response)
        try:
            return self._inner(environ, start_response)
        finally:
            turn.leave()

    def _busy(self, environ: WSGIEnvironment, path: str) -> Response:
        """Answered before anything else is done: in a rush this has to be the quickest of all answers."""
        with self._app.app_context():
            method, accepted = str(environ.get("REQUEST_METHOD")), str(environ.get("HTTP_ACCEPT", ""))
            response = busy(method, path, accepted)
        response.headers.update(HEADERS)
        if method == "POST":
            response.headers["X-Booking-Outcome"] = "refused"
        return response


def light(view: View) -> View:
    """Let a view stay in the light lane: it answers from memory, or changes over itself where it has to work."""
    view.is_light = True  # type: ignore[attr-defined]
    return view


def take_turn() -> None:
    """Change over to the lane of what has to be worked for. Raises ``TooBusyError`` where there is no room in time."""
    turn: Turn | None = request.environ.get(TURN)
    if turn is not None and not turn.change_to_work():
        raise TooBusyError


def _change_over() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "is_light", False):
        take_turn()


def _tell_busy(_error: TooBusyError) -> Response:
    return busy(request.method, request.path, request.headers.get("Accept", ""))


def busy(method: str, path: str, accepted: str) -> Response:
    """For people a page that asks again by itself; for machines, and for what was sent, a 503."""
    people = method == "GET" and "text/html" in accepted
    first = path.split("/", 2)[1:2]
    body = _busy_page(as_language(first[0] if first else None), people=people)
    response = Response(body, 200 if people else 503, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Refresh" if people else "Retry-After"] = str(AGAIN_SECONDS)
    return response


def _busy_page(language: Language, *, people: bool) -> str:
    """Rendered when it is first needed, then the same bytes for all: there is no time for more."""
    pages: dict[tuple[Language, bool], str] = current_app.extensions.setdefault("busy_pages", {})
    kept = pages.get((language, people))
    if kept is None:
        with current_app.test_request_context(f"/{language}/"):
            g.language, g.event = language, None
            template = "errors/busy.html" if people else "errors/error.html"
            kept = pages[language, people] = render_template(template, code=503, told_as=503)
    return kept
