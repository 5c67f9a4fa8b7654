"""Parts of pages that show nothing but the values given to them: written once for each, and kept in memory.

In the rush only counters change, so most words of a list are the same from one rendering to the next. A part is found
by what it shows: a changed text is another part, so none can ever be old. It holds nothing about a visitor.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Final

from flask import Flask, g
from jinja2.runtime import Macro
from markupsafe import Markup

from iclei_events.web.languages import current_language

MOST_PARTS: Final = 512
"""More than the lists of one event have in both languages: about a mebibyte."""


def init_app(app: Flask) -> None:
    app.add_template_global(kept)


def kept(part: Macro, *values: Hashable) -> Markup:
    """What a macro says of these values in the language of the page, with the times and addresses of its event.

    The macro may look at nothing else of the page or its visitor, and is not imported "with context".
    """
    event = g.get("event")
    if event is None:
        return _write(part, values, current_language())
    return _write(part, values, current_language(), event.slug, event.timezone)


@lru_cache(maxsize=MOST_PARTS)
def _write(part: Macro, values: tuple[Hashable, ...], *_page: str) -> Markup:
    return Markup(part(*values))  # noqa: S704  a macro's own words, escaped by it
