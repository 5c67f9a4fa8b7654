"""Pages go out compressed in what the browser takes: kept pages once for everybody, long forms for each visitor."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

import brotli
from flask import Flask, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

CODINGS: Final = ("br", "gzip")
BROTLI_QUALITY: Final = 3
"""Half the time of 4 for a list, which in a rush is made anew for every few bookings; 4 % more bytes."""
GZIP_LEVEL: Final = 6

LONG_FORMS: Final = frozenset({"bookings.book", "signing.sign"})
"""Pages with a token that hold nothing of a stranger's choice beside it. Together, the size of what is compressed
would tell one of the other (BREACH); so no other page of one visitor's own belongs here."""


def init_app(app: Flask) -> None:
    app.after_request(_compress_long_form)


@lru_cache(maxsize=64)
def best_coding(accepted: str) -> str:
    """The best coding for an Accept-Encoding header; empty for none. Browsers send few different ones."""
    wishes = parse_accept_header(accepted, Accept)
    return next((coding for coding in CODINGS if wishes.quality(coding) > 0), "")


def compress(body: bytes, coding: str) -> bytes:
    """Put bytes into one of ``CODINGS``."""
    if coding == "br":
        compressed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
        return compressed
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def _compress_long_form(response: Response) -> Response:
    """Compress an empty form. An address with a query is left alone: the page repeats it in its links."""
    if request.endpoint not in LONG_FORMS or request.method == "POST" or request.query_string:
        return response
    response.vary.add("Accept-Encoding")
    coding = best_coding(request.headers.get("Accept-Encoding", ""))
    if coding and response.status_code == 200:  # noqa: PLR2004  plain "OK"
        response.set_data(compress(response.get_data(), coding))
        response.headers["Content-Encoding"] = coding
    return response
