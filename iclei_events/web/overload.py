"""More requests than a worker can do at once wait in a short line before it, and what would wait too long is told so.

Without a bound every answer gets slower until all of them are too late. A page that has to wait is answered at once by
one that asks again by itself; what somebody has sent waits longer, for it would have to be sent anew.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask, g, render_template
from werkzeug.wrappers import Response

from iclei_events.config import AT_ONCE
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


class Turns:
    """A first-come line before so many places. Whoever comes while the first has waited too long is turned away."""

    def __init__(self, places: int) -> None:
        self._guard = threading.Lock()
        self._free = places
        self._waiting: deque[tuple[float, threading.Event]] = deque()

    def enter(self, seconds: float, *, patient: bool) -> bool:
        """Wait for a place at most so long; False: there was none. Who is not ``patient`` is turned away at once."""
        turn, now = threading.Event(), time.monotonic()
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            if not patient and self._waiting and now - self._waiting[0][0] > seconds:
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


def init_app(app: Flask) -> None:
    app.wsgi_app = Bounded(app, app.wsgi_app, Turns(AT_ONCE))  # type: ignore[method-assign]


class Bounded:
    """The application behind its turns."""

    def __init__(self, app: Flask, inner: WSGIApplication, turns: Turns) -> None:
        self._app = app
        self._inner = inner
        self._turns = turns
        self._pages: dict[tuple[Language, bool], str] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in ALWAYS:
            return self._inner(environ, start_response)
        asks = environ.get("REQUEST_METHOD") in {"GET", "HEAD"}
        if not self._turns.enter(PAGE_SECONDS if asks else SENT_SECONDS, patient=not asks):
            return self._busy(environ)(environ, start_response)
        try:
            return self._inner(environ, start_response)
        finally:
            self._turns.leave()

    def _busy(self, environ: WSGIEnvironment) -> Response:
        """For people a page that asks again by itself; for machines, and for what was sent, a 503."""
        people = environ.get("REQUEST_METHOD") == "GET" and "text/html" in environ.get("HTTP_ACCEPT", "")
        first = str(environ.get("PATH_INFO", "")).split("/", 2)[1:2]
        body = self._page(as_language(first[0] if first else None), people=people)
        response = Response(body, 200 if people else 503, HEADERS, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Refresh" if people else "Retry-After"] = str(AGAIN_SECONDS)
        if environ.get("REQUEST_METHOD") == "POST":
            response.headers["X-Booking-Outcome"] = "refused"
        return response

    def _page(self, language: Language, *, people: bool) -> str:
        """Rendered when it is first needed, then the same bytes for all: there is no time for more."""
        kept = self._pages.get((language, people))
        if kept is None:
            with self._app.test_request_context(f"/{language}/"):
                g.language, g.event = language, None
                template = "errors/busy.html" if people else "errors/error.html"
                kept = self._pages[language, people] = render_template(template, code=503, told_as=503)
        return kept
