"""An empty form is rendered once for all who open it in the same second; each gets a token and a key of their own.

Where a proof of work is asked for, a challenge too. In a rush thousands open the same few forms. What a form says of
the places may be a second old, as on the screen of whoever reads it; the places themselves are asked when it is sent.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import current_app, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from iclei_events.web import limits, overload
from iclei_events.web.page_cache import KeptPage, PageCache, is_personal

TOKEN: Final = "\ue000token\ue001"  # noqa: S105  a mark, no secret
KEY: Final = "\ue000key\ue001"
CHALLENGE: Final = "\ue000challenge\ue001"
"""Where a visitor's own words stand in the kept form: signs that no text of ours has."""

KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Own:
    """What a visitor's form has that no other has; ``challenge`` is empty where no proof is asked for."""

    token: str
    key: str
    challenge: str

    def marks(self) -> dict[str, str]:
        """Each word with the mark that stands for it in the kept form."""
        words = {self.token: TOKEN, self.key: KEY, self.challenge: CHALLENGE}
        return {word: mark for word, mark in words.items() if word}


def show(render: Callable[[str, str], Response], challenge: str) -> Response:
    """The form that ``render`` makes with a new key and the challenge, from memory where it has just been made."""
    key = secrets.token_urlsafe(KEY_BYTES)
    if not current_app.config["PAGE_CACHE_SECONDS"] or request.query_string or is_personal():
        limits.check_network("page")
        overload.take_turn()
        return render(key, challenge)
    cache: PageCache = current_app.extensions.setdefault("kept_forms", PageCache())
    own, stamp = Own(generate_csrf(), key, challenge), (int(time.monotonic()), bool(challenge))
    kept = cache.find(request.path, stamp)
    if kept is None:
        with cache.turn_to_render(request.path):
            kept = cache.find(request.path, stamp)
            if kept is None:
                response = render(key, challenge)
                if response.status_code == 200:  # noqa: PLR2004  plain "OK"
                    _keep(cache, stamp, response.get_data(as_text=True), own)
                return response
    body = kept.coded("").decode()
    for word, mark in own.marks().items():
        body = body.replace(mark, word)
    return Response(body, mimetype="text/html")


def _keep(cache: PageCache, stamp: tuple[int, bool], text: str, own: Own) -> None:
    for word, mark in own.marks().items():
        text = text.replace(word, mark)
    cache.keep(request.path, KeptPage(text.encode(), stamp))
