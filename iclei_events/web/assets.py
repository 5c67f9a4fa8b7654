"""Stylesheets, fonts and scripts: their built names, and how they reach the browser.

``static/built`` is made by ``make assets``. Each name there carries its content's hash, so a browser may keep it for
ever, and every text file lies there compressed. WhiteNoise answers for them before Flask is asked at all: the web
server's own file mount was tried and sends the uncompressed file, without an ETag, and not as immutable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from wsgiref.headers import Headers

    from _typeshed.wsgi import WSGIApplication

BUILT: Final = Path(__file__).resolve().parents[2] / "static" / "built"
PREFIX: Final = "/static/built/"
NAMES: Final[Mapping[str, str]] = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
"""Each file's plain name and the name it was built under."""


def init_app(app: Flask) -> None:
    app.add_template_global(asset)
    app.wsgi_app = wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]


def asset(name: str) -> str:
    """The address of a built file: ``asset("public.css")`` gives ``/static/built/public-<hash>.css``."""
    return PREFIX + NAMES[name]


def wrap(application: WSGIApplication) -> WSGIApplication:
    """Let ``application`` see only what is not a built file."""
    served: WSGIApplication = WhiteNoise(
        application,
        root=str(BUILT),
        prefix=PREFIX,
        allow_all_origins=False,
        immutable_file_test=is_immutable,
        add_headers_function=add_headers,
    )
    return served


def is_immutable(_path: str, url: str) -> bool:
    return url.removeprefix(PREFIX) in NAMES.values()


def add_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
