"""What no form of ours sends is refused before it is read as one."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from flask import abort, current_app, request

URL_ENCODED: Final = "application/x-www-form-urlencoded"
FORM_TYPES: Final = frozenset({"", URL_ENCODED, "multipart/form-data"})
MAY_REPEAT: Final = frozenset({"challenges", "without"})
"""Fields of which one form may send several."""


def check_body() -> None:
    """Refuse other types and packed bodies (415), too much (413), and what cannot be read or comes twice (400)."""
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.routing_exception is not None:
        return
    if request.mimetype not in FORM_TYPES or "Content-Encoding" in request.headers:
        abort(415)
    readable = request.mimetype != URL_ENCODED or _is_text(request.get_data(parse_form_data=False))
    fields = list(request.form.lists())
    if _goes_on() or sum(len(values) for _, values in fields) > current_app.config["MAX_FORM_PARTS"]:
        abort(413)
    if not readable or (request.content_length and not fields):
        abort(400)
    if any(len(values) > 1 and name not in MAY_REPEAT for name, values in fields):
        abort(400)


def _is_text(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _goes_on() -> bool:
    """Whether a body sent without its length has more than was read: Werkzeug cuts it at the limit and says nothing."""
    return request.content_length is None and bool(request.environ["wsgi.input"].read(1))
