"""The language of a page stands in its address: ``/sv/…`` or ``/en/…``; ``/`` picks one and redirects."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask_babel import Babel, get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.wrappers import Response

from iclei_events.i18n import DEFAULT_LANGUAGE, LANGUAGES, NAMES, Language, as_language, is_language

PREFIX = "/<any(sv, en):lang>"
"""The address prefix of every page that people read."""

LONGEST_HEADER = 200
MOST_TEXTS = 4096
"""More texts than the app has in both languages: only its own are looked up."""

babel = Babel()
blueprint = Blueprint("languages", __name__)


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=current_language)
    app.jinja_env.install_gettext_callables(_translate, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = _gettext
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_fill_in)
    app.context_processor(_template_names)
    app.add_template_global(alternate_url)
    app.register_blueprint(blueprint)


def current_language() -> Language:
    """The page's language, from its address; for addresses without one, what the reader asks for."""
    language: Language | None = g.get("language")
    if language is None:
        language = g.language = preferred_language()
    return language


def preferred_language() -> Language:
    """The language the browser asks for first among ours, Swedish when in doubt."""
    if len(request.headers.get("Accept-Language", "")) > LONGEST_HEADER:
        return DEFAULT_LANGUAGE
    wished = (wish.split("-")[0].lower() for wish, quality in request.accept_languages if quality > 0)
    return as_language(next((wish for wish in wished if is_language(wish)), None))


def alternate_url(language: str) -> str:
    """The address of this page in another language, its filters kept.

    A page that answers a form stands at ``g.shown_as``, the endpoint that shows it without one.
    """
    endpoint = g.get("shown_as", request.endpoint)
    if endpoint is None or not _expects(endpoint, "lang") or not _can_be_opened(endpoint):
        return url_for("events.index", lang=language)
    address = url_for(endpoint, **{**g.get("path_values", {}), "lang": language})
    # The query is no argument of url_for: "_anchor" or "endpoint" mean something there.
    return f"{address}?{urlencode(list(request.args.items(multi=True)))}" if request.args else address


def _can_be_opened(endpoint: str) -> bool:
    return any("GET" in (rule.methods or ()) for rule in current_app.url_map.iter_rules(endpoint))


@blueprint.get("/")
def choose() -> Response:
    response = redirect(url_for("events.index", lang=preferred_language()), code=302)
    response.vary.add("Accept-Language")
    return response


@pass_eval_context
def _gettext(context: EvalContext, text: str, /, **values: Any) -> str:
    """``_()`` of the templates: what Jinja's own does, at a quarter of its cost. A page has up to a hundred."""
    language = _language_in_force()
    if context.autoescape:
        return _ready(language, text) if not values else _as_markup(language, text) % values
    return _translated(language, text) % values


def _translate(text: str) -> str:
    return _translated(_language_in_force(), text)


def _ngettext(one: str, many: str, number: int) -> str:
    text: str = get_translations().ungettext(one, many, number)
    return text


def _language_in_force() -> str:
    """The page's language, or the one a mail is written in; none outside of both."""
    locale = get_locale()
    return locale.language if locale is not None else ""


@lru_cache(maxsize=MOST_TEXTS)
def _ready(language: str, text: str) -> Markup:
    """A text without placeholders as a page shows it."""
    return _as_markup(language, text) % {}


def _as_markup(language: str, text: str) -> Markup:
    return Markup(_translated(language, text))  # noqa: S704  our own text, as Jinja takes it; what is filled in is escaped


@lru_cache(maxsize=MOST_TEXTS)
def _translated(_language: str, text: str) -> str:
    """A text in the language in force, which is given so that each language is kept for itself."""
    translated: str = get_translations().ugettext(text)
    return translated


def _take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and "lang" in values:
        g.language = as_language(values.pop("lang"))
    g.path_values = dict(values or {})


def _fill_in(endpoint: str, values: dict[str, Any]) -> None:
    """Give links the page's own language and event where the link does not say another."""
    if "event_slug" not in values and g.get("event") is not None and _expects(endpoint, "event_slug"):
        values["event_slug"] = g.event.slug
    if "lang" not in values and _expects(endpoint, "lang"):
        values["lang"] = current_language()


def _expects(endpoint: str, name: str) -> bool:
    return current_app.url_map.is_endpoint_expecting(endpoint, name)


def _template_names() -> dict[str, Any]:
    language = current_language()
    return {"lang": language, "languages": LANGUAGES, "language_names": NAMES, "event": g.get("event")}
