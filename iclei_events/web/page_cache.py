"""Public pages are rendered once and kept as bytes until what they show has changed.

A page is kept under its address, with the *stamp* of what it was made from: the revision of all content and a few
seconds of the clock, so that opening and closing times show. Every visitor may get it, so it holds nothing personal:
who has bookings in this browser, or is signed in, gets a page of their own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import Any, Final

from flask import current_app, g, request, session
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.services import revisions
from iclei_events.web import limits, overload
from iclei_events.web.compression import best_coding, compress

MOST_PAGES: Final = 256
MOST_BYTES: Final = 32 * 2**20
CLOCK_STEP: Final = 5
"""Seconds that a page may lag behind the clock. Divides a minute: what opens at a full minute shows at once."""

TURNS: Final = 64
LONGEST_TURN: Final = 1.0
"""Seconds that one waits for another's rendering; should the database be slow, all wait for it side by side."""

IMPERSONAL: Final = frozenset({"csrf_token", "_permanent", "line"})
"""What a session may hold without changing what public pages show."""

View = Callable[..., str]
Stamp = tuple[object, ...]


class KeptPage:
    """A page's bytes, plain and compressed; a coding is made when it is first asked for."""

    def __init__(self, body: bytes, stamp: Stamp = ()) -> None:
        self.stamp = stamp
        self.tag = sha256(body).hexdigest()[:20]
        self._coded = {"": body}

    @property
    def size(self) -> int:
        """Bytes it may come to take: the compressed copies together are smaller than the page itself."""
        return 2 * len(self._coded[""])

    def coded(self, coding: str) -> bytes:
        body = self._coded.get(coding)
        if body is None:
            body = compress(self._coded[""], coding)
            self._coded[coding] = body
        return body


class PageCache:
    """The kept pages of one process, the least recently wanted first; bounded in number and bytes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._pages: OrderedDict[str, KeptPage] = OrderedDict()
        self._bytes = 0
        self._turns = [threading.Lock() for _ in range(TURNS)]
        self._revision: revisions.Revision = ()
        self._asked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._pages)

    def stamp(self, seconds: float) -> Stamp:
        """What a page made now is made from; the database is asked at most once in so many seconds."""
        if time.monotonic() - self._asked_at > seconds:
            # The time is taken before the answer: a change in between is then seen by the next asker.
            asked_at, self._revision = time.monotonic(), revisions.current()
            self._asked_at = asked_at
        return (*self._revision, int(clock.now().timestamp()) // CLOCK_STEP)

    def find(self, address: str, stamp: Stamp) -> KeptPage | None:
        with self._guard:
            page = self._pages.get(address)
            if page is None or page.stamp != stamp:
                return None
            self._pages.move_to_end(address)
            return page

    def keep(self, address: str, page: KeptPage) -> None:
        with self._guard:
            self._drop(address)
            self._pages[address] = page
            self._bytes += page.size
            while self._pages and (len(self._pages) > MOST_PAGES or self._bytes > MOST_BYTES):
                self._drop(next(iter(self._pages)))

    @contextmanager
    def turn_to_render(self, address: str) -> Iterator[None]:
        """Let visitors to a page render it one after another, so that those after the first find it made.

        In a rush a page is out of date several times a second for all who ask just then.
        """
        turn = self._turns[hash(address) % len(self._turns)]
        had = turn.acquire(timeout=LONGEST_TURN)
        try:
            yield
        finally:
            if had:
                turn.release()

    def _drop(self, address: str) -> None:
        page = self._pages.pop(address, None)
        self._bytes -= page.size if page is not None else 0


def cached_page(*parameters: str) -> Callable[[View], Callable[..., Response]]:
    """Keep what the view renders for everybody, one page for each value of these query parameters.

    A view whose page is not worth keeping, say for a search, says so with ``do_not_keep``.
    """

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def answer(**values: Any) -> Response:
            if is_personal():
                _begin_work()
                return _personal(view(**values))
            return _shared(_kept_page(view, values, parameters))

        return overload.light(answer)

    return decorate


def do_not_keep() -> None:
    """Let the page of this request be forgotten: too many addresses lead to pages like it."""
    limits.check_network("page")
    g.page_is_kept = False


def is_personal() -> bool:
    """Whether this visitor's pages may show what is theirs alone: their places, a message, being signed in."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return False
    return not IMPERSONAL.issuperset(session)


def _kept_page(view: View, values: dict[str, Any], parameters: tuple[str, ...]) -> KeptPage:
    """The page from memory, else rendered and, if it may be, kept."""
    seconds = current_app.config["PAGE_CACHE_SECONDS"]
    may_keep = bool(seconds) and all(name in parameters and len(given) == 1 for name, given in request.args.lists())
    if not may_keep:
        _begin_work()
        return KeptPage(view(**values).encode())
    cache: PageCache = current_app.extensions.setdefault("page_cache", PageCache())
    address = f"{request.path}?{sorted(request.args.items())}"
    stamp = cache.stamp(seconds)
    page = cache.find(address, stamp)
    if page is not None:
        return page
    if request.args:
        overload.take_turn()
    with cache.turn_to_render(address):
        page = cache.find(address, stamp)
        if page is None:
            page = KeptPage(view(**values).encode(), stamp)
            # A page that changed the session has begun something with this one visitor, such as a form.
            if g.get("page_is_kept", True) and not session.modified:
                cache.keep(address, page)
        return page


def _begin_work() -> None:
    """Before a page is made for one visitor alone."""
    limits.check_network("page")
    overload.take_turn()


def _personal(body: str) -> Response:
    response = Response(body, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-store"
    response.vary.add("Cookie")
    return response


def _shared(page: KeptPage) -> Response:
    """The page in the coding the browser takes; 304 if it has the same already."""
    coding = best_coding(request.headers.get("Accept-Encoding", ""))
    response = Response(page.coded(coding), mimetype="text/html")
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    response.set_etag(f"{page.tag}-{coding}" if coding else page.tag)
    return response.make_conditional(request.environ)
