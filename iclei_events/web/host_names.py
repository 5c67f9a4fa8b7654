"""The host names the site answers to. No page, link or redirect is ever made from a name that somebody else sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
LAST_PORT: Final = 65535
ADDRESS: Final = re.compile(r"[0-9.]+|\[[0-9a-f:.]+\]")
AT_HOME: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
EVERYWHERE: Final = frozenset({"0.0.0.0", "[::]"})  # noqa: S104  compared with, not bound to
"""The demo's address when it listens on every network: it then answers to any address, but still to no other name."""

PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Asked by load balancers, which know the server by its address only; they make no links."""

FOREIGN: Final = "iclei_events.foreign_host"


def init_app(app: Flask) -> None:
    own = host_of(app.config["BASE_URL"])
    names = {name_of(own), *(() if app.config["PRODUCTION"] else AT_HOME)}
    app.wsgi_app = answer_as(own, names, app.wsgi_app)  # type: ignore[assignment, method-assign]
    app.before_request(_check_host)


def answer_as(own: str, names: Iterable[str], application: WSGIApplication) -> WSGIApplication:
    """Let ``application`` see none but our ``names``: a request for another is marked and carries ``own`` instead.

    Flask's own list of trusted hosts refuses before there is a request that an error page could be made for.
    """
    known = frozenset(names)
    any_address = not EVERYWHERE.isdisjoint(known)

    def is_ours(name: str) -> bool:
        return name in known or (any_address and ADDRESS.fullmatch(name) is not None)

    def under_own_name(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not is_ours(name_of(environ.get("HTTP_HOST", ""))):
            environ["HTTP_HOST"] = own
            environ[FOREIGN] = environ.get("PATH_INFO") not in PROBES
        return application(environ, start_response)

    return under_own_name


def host_of(base_url: str) -> str:
    """Name and port of the site's own address, as browsers write them. Raises ``ValueError`` where it has none."""
    host = urlsplit(base_url).netloc.encode("idna").decode("ascii").lower()
    if not name_of(host):
        raise ValueError(f"BASE_URL must be an address such as https://summit.example; got {base_url!r}")
    return host


def name_of(host: str) -> str:
    """The name in a Host header, without its port, in small letters; empty where it cannot be one."""
    found = HOST.fullmatch(host)
    return found[1].lower() if found and int(found[2] or 1) <= LAST_PORT else ""


def _check_host() -> None:
    if request.environ.get(FOREIGN, False):
        raise BadRequest
