"""How often one may try: first for an address that is written to, then, as a last resort, for a network.

Counted in this process's memory and nowhere else: nothing is written while booking opens, and a client's address is
neither kept nor logged. Keys are hashes under a secret that dies with the process. Networks are spread over the
processes, so each gives out its share; a person's browser stays with one, so an address has the whole in each.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from typing import Final, Literal, NoReturn

from flask import Flask, abort, current_app, g, request
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.services.allowances import Allowance, Counts, network_of
from iclei_events.services.refusals import TooManyTries
from iclei_events.web.security import SAFE_METHODS

FORM: Final = Allowance(at_once=1, a_minute=0.1)
"""One form counts once for its address within ten minutes, however often it is sent: a double click, a lost answer."""

Form = Literal["book", "sign"]
To = Literal[Form, "ask for links", "change address"]
From = Literal[Form, "ask for links", "report", "sign in", "guess", "page", "read", "print", "send"]

TO_ADDRESS: Final[dict[To, Allowance]] = {
    "book": Allowance(at_once=20, a_minute=2),
    "sign": Allowance(at_once=20, a_minute=2),
    "ask for links": Allowance(at_once=60, a_minute=6),
    "change address": Allowance(at_once=5, a_minute=0.1),
}
"""For one e-mail address. Mails have limits of their own beside these (see ``my_bookings.BETWEEN_MAILS``)."""

FROM_NETWORK: Final[dict[From, Allowance]] = {
    "book": Allowance(at_once=240, a_minute=60),
    "sign": Allowance(at_once=60, a_minute=20),
    "ask for links": Allowance(at_once=120, a_minute=30),
    "report": Allowance(at_once=10, a_minute=1),
    "sign in": Allowance(at_once=60, a_minute=20),
    "guess": Allowance(at_once=30, a_minute=10),
    "page": Allowance(at_once=600, a_minute=600),
    "read": Allowance(at_once=120, a_minute=300),
    "print": Allowance(at_once=30, a_minute=30),
    "send": Allowance(at_once=900, a_minute=300),
}
"""For one network. A library, a school or a whole city may stand behind one address, so these are wide."""

COSTLY: Final[dict[str, From]] = {
    "bookings.receipt": "page",
    "my.index": "page",
    "bookings.printed_ticket": "print",
    "bookings.exported": "read",
    "calendar.slot": "read",
    "calendar.booking": "read",
    "calendar.event": "read",
    "open_register.as_json": "read",
    "open_register.as_csv": "read",
    "draws.entries": "read",
    "draws.published": "read",
}
"""What is made for each who asks. Public pages are counted where one is made for a single reader (``page_cache``);
those that are kept for everybody cost next to nothing. What a mailed link leads to is counted once it has opened, for
that link (``check_opened``)."""

OPENED: Final = Allowance(at_once=60, a_minute=30)
"""For what one secret link has opened. Not for a network: others there shall not keep its reader out."""


@dataclass(slots=True)
class Limits:
    """What one process has counted."""

    counts: Counts = field(default_factory=Counts)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    has_warned: bool = False

    def key(self, what: str, whom: bytes) -> bytes:
        return blake2b(what.encode() + whom, key=self.secret, digest_size=16).digest()


def init_app(app: Flask) -> None:
    app.before_request(_warn_of_unnamed_proxy)
    app.before_request(_check_request)
    app.after_request(_add_retry_after)


def check_form(what: Form, email_key: str, form_key: str) -> None:
    """Raise ``TooManyTries`` where an address has sent too many forms, or else the network it comes from."""
    limits, now = _limits(), clock.now().timestamp()
    form = limits.key("form ", f"{email_key} {form_key}".encode())
    if not limits.counts.is_known(form, now):
        check_address(what, email_key)
    check_network(what)
    limits.counts.take(form, FORM, now)


def check_address(what: To, email_key: str) -> None:
    """Raise ``TooManyTries`` where this has been done too often for an e-mail address. None given is nobody's."""
    if email_key:
        _take(f"{what} to ", email_key.encode(), TO_ADDRESS[what])


def check_network(what: From) -> None:
    """Raise ``TooManyTries`` where this has been done too often from the network that the request comes from."""
    network = network_of(request.remote_addr or "")
    if network is not None:
        _take(f"{what} from ", network, FROM_NETWORK[what].shared_by(current_app.config["WEB_WORKERS"]))


def check_opened(reference: str) -> None:
    """Raise ``TooManyTries`` where what a right link opens is asked for too often, wherever from."""
    _take("opened ", reference.encode(), OPENED)


def wrong_link() -> NoReturn:
    """404 for a secret that opens nothing, 429 where too many came from there. A right one is never counted so."""
    check_network("guess")
    abort(404)


def say_when(refusal: TooManyTries) -> None:
    """Let the answer tell a program, too, how long to wait."""
    g.retry_after = refusal.seconds


def _take(what: str, whom: bytes, allowance: Allowance) -> None:
    limits = _limits()
    wait = limits.counts.take(limits.key(what, whom), allowance, clock.now().timestamp())
    if wait:
        refusal = TooManyTries(ceil(wait))
        say_when(refusal)
        raise refusal


def _check_request() -> None:
    if request.method not in SAFE_METHODS:
        check_network("send")
    elif request.endpoint is not None and (what := COSTLY.get(request.endpoint)):
        check_network(what)


def _warn_of_unnamed_proxy() -> None:
    """Say once that a proxy speaks which the settings do not know: then all its clients would look like one."""
    if "X-Forwarded-For" in request.headers and not current_app.config["TRUSTED_PROXIES"]:
        limits = _limits()
        if not limits.has_warned:
            limits.has_warned = True
            current_app.logger.warning("X-Forwarded-For is not believed: TRUSTED_PROXIES is 0 (see README, Deploy)")


def _add_retry_after(response: Response) -> Response:
    if response.status_code == 429 and "retry_after" in g:  # noqa: PLR2004  too many requests
        response.headers["Retry-After"] = str(g.retry_after)
    return response


def _limits() -> Limits:
    found: Limits = current_app.extensions.setdefault("limits", Limits())
    return found
