"""What protects every page: our host name only, same-site forms with a token, bounded sizes, headers."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, abort, current_app, request
from flask_wtf import CSRFProtect
from werkzeug.exceptions import BadRequest, RequestURITooLarge
from werkzeug.wrappers import Response

from iclei_events.web import form_body, host_names

csrf = CSRFProtect()

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
TWO_YEARS: Final = 63072000
LONGEST_ADDRESS: Final = 4096
MOST_PARAMETERS: Final = 100
NEVER_IN_ADDRESSES: Final = "\0\r\n\ufffd"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: Flask) -> None:
    host_names.init_app(app)
    app.before_request(_check_address)
    app.before_request(_check_origin)
    app.before_request(form_body.check_body)
    csrf.init_app(app)
    app.after_request(_add_headers)


def _check_address() -> None:
    """Addresses of a size and of characters that no link of ours has are refused before any work."""
    if len(request.path) + len(request.query_string) > LONGEST_ADDRESS:
        raise RequestURITooLarge
    if request.query_string.count(b"&") >= MOST_PARAMETERS:
        raise BadRequest
    try:
        query = unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise BadRequest from None
    if any(sign in text for text in (request.path, query) for sign in NEVER_IN_ADDRESSES):
        raise BadRequest


def _check_origin() -> None:
    """A form of ours is sent from our own pages; anything else that changes something is refused."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        abort(403)
    origin = request.headers.get("Origin")
    if origin == "null" and site == "same-origin":
        return  # what a form on a page with Referrer-Policy no-referrer sends; the browser itself says it is ours
    if origin is not None and origin not in _own_origins():
        abort(403)


def _own_origins() -> set[str]:
    base_url = current_app.config["BASE_URL"]
    own = {f"{urlsplit(base_url).scheme}://{host_names.host_of(base_url)}"}
    return own if current_app.config["PRODUCTION"] else own | {request.host_url.rstrip("/")}


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["PRODUCTION"]:
        response.headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS}; includeSubDomains"
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response
