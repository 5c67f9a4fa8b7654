"""An empty form is rendered once for all who open it in the same second; each gets a token and a key of their own.

In a rush thousands open the same few forms. What a form says of the places may be a second old, as on the screen of
whoever reads it; the places themselves are asked when it is sent.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from flask import current_app, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from iclei_events.web import limits
from iclei_events.web.page_cache import KeptPage, PageCache, is_personal

TOKEN: Final = "\ue000token\ue001"  # noqa: S105  a mark, no secret
KEY: Final = "\ue000key\ue001"
"""Where a visitor's own token and key stand in the kept form: signs that no text of ours has."""

KEY_BYTES: Final = 16


def show(render: Callable[[str], Response]) -> Response:
    """The form that ``render`` makes with a new key, from memory where another visitor has just been given it."""
    key = secrets.token_urlsafe(KEY_BYTES)
    if not current_app.config["PAGE_CACHE_SECONDS"] or request.query_string or is_personal():
        limits.check_network("page")
        return render(key)
    cache: PageCache = current_app.extensions.setdefault("kept_forms", PageCache())
    token, stamp = generate_csrf(), (int(time.monotonic()),)
    kept = cache.find(request.path, stamp)
    if kept is None:
        with cache.turn_to_render(request.path):
            kept = cache.find(request.path, stamp)
            if kept is None:
                response = render(key)
                if response.status_code == 200:  # noqa: PLR2004  plain "OK"
                    _keep(cache, stamp, response.get_data(as_text=True), token, key)
                return response
    return Response(kept.coded("").decode().replace(TOKEN, token).replace(KEY, key), mimetype="text/html")


def _keep(cache: PageCache, stamp: tuple[int], text: str, token: str, key: str) -> None:
    cache.keep(request.path, KeptPage(text.replace(token, TOKEN).replace(key, KEY).encode(), stamp))
