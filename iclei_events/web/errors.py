"""What a page says when something is wrong: what happened, what can be done, in the reader's language."""

from __future__ import annotations

from typing import Final

from flask import Flask, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from iclei_events.db import DatabaseBusyError, is_busy
from iclei_events.i18n import is_language
from iclei_events.services.refusals import TooManyTries

COME_BACK: Final = {429: 60, 503: 5}
"""After how many seconds, where nobody has said it better."""
KNOWN: Final = frozenset({400, 403, 404, 405, 409, 410, 413, 414, 415, 429, 500, 501, 503})


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(TooManyTries, show_too_many)
    app.register_error_handler(DatabaseBusyError, show_busy)
    app.register_error_handler(PoolTimeoutError, show_busy)
    app.register_error_handler(DBAPIError, show_database_error)
    app.register_error_handler(Exception, show_fault)
    app.after_request(_say_when_to_come_back)


def show_http_error(error: HTTPException) -> Response:
    response = error.get_response()
    lost_token = isinstance(error, CSRFError)
    code = 403 if lost_token else error.code or 500
    if 300 <= code < 400:  # noqa: PLR2004  werkzeug's redirects travel as exceptions
        return response
    page = _page(code, told_as=400 if lost_token else None)
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def show_too_many(_refusal: TooManyTries) -> Response:
    return _page(429)


def show_busy(_error: DatabaseBusyError | PoolTimeoutError) -> Response:
    current_app.logger.warning("the database could not be had at %s", request.endpoint)
    return _page(503)


def show_database_error(error: DBAPIError) -> Response:
    return show_busy(DatabaseBusyError()) if is_busy(error) else show_fault(error)


def show_fault(error: Exception) -> Response:
    current_app.logger.error("fault at %s", request.endpoint, exc_info=error)
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS", False):
        raise error
    return _page(500)


def _page(code: int, told_as: int | None = None) -> Response:
    """The error page itself, with the words for ``told_as``; it asks nothing of the database."""
    first = request.path.split("/", 2)[1] if "/" in request.path else ""
    if g.get("language") is None and is_language(first):
        g.language = first
    g.event = None
    code_shown = code if code in KNOWN else 500 if code >= 500 else 400  # noqa: PLR2004
    told = {"code": code_shown, "told_as": told_as or code_shown}
    page = current_app.make_response((render_template("errors/error.html", **told), code))
    if not is_language(first):
        page.vary.add("Accept-Language")
    return page


def _say_when_to_come_back(response: Response) -> Response:
    if response.status_code in COME_BACK:
        response.headers.setdefault("Retry-After", str(COME_BACK[response.status_code]))
    return response
