"""For search engines: which pages there are, in which languages, and which are nobody's business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from flask import Blueprint, current_app, url_for
from werkzeug.wrappers import Response

from iclei_events.i18n import DEFAULT_LANGUAGE, LANGUAGES
from iclei_events.models import Activity, ActivityKind
from iclei_events.services import programme
from iclei_events.services.listing import TOURS

blueprint = Blueprint("sitemap", __name__)

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
PRIVATE = ("/*/bookings/", "/*/slots/", "/*/my", "/*/sign-in", "/*/staff/")
PLAIN_PAGES = ("events.index", "commitment.index", "commitment.signatories", "pages.privacy", "pages.accessibility")

Page = tuple[str, dict[str, Any]]


@blueprint.get("/robots.txt")
def robots() -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), ""]
    lines.append(f"Sitemap: {current_app.config['BASE_URL']}{url_for('sitemap.index')}")
    return _public("\n".join(lines) + "\n", "text/plain")


@blueprint.get("/sitemap.xml")
def index() -> Response:
    ET.register_namespace("", SITEMAP)
    ET.register_namespace("xhtml", XHTML)
    root = ET.Element(f"{{{SITEMAP}}}urlset")
    for endpoint, values in _pages():
        for language in LANGUAGES:
            entry = ET.SubElement(root, f"{{{SITEMAP}}}url")
            ET.SubElement(entry, f"{{{SITEMAP}}}loc").text = _address(endpoint, values, language)
            for other in LANGUAGES:
                link = {"rel": "alternate", "hreflang": other, "href": _address(endpoint, values, other)}
                ET.SubElement(entry, f"{{{XHTML}}}link", link)
    return _public(ET.tostring(root, encoding="unicode", xml_declaration=True), "application/xml")


def _pages() -> Iterator[Page]:
    yield from ((endpoint, {}) for endpoint in PLAIN_PAGES if endpoint in current_app.view_functions)
    for event in programme.events():
        here = {"event_slug": event.slug}
        yield from ((endpoint, here) for endpoint in ("events.start", "programme.index", "tours.index"))
    for activity in programme.activities():
        yield _page_of(activity)


def _page_of(activity: Activity) -> Page:
    here = {"event_slug": activity.event.slug}
    if activity.kind is ActivityKind.PARTY:
        return "tours.party", here
    endpoint = "tours.show" if activity.kind in TOURS else "programme.show"
    return endpoint, here | {"activity_slug": activity.slug}


def _address(endpoint: str, values: dict[str, Any], language: str = DEFAULT_LANGUAGE) -> str:
    return str(current_app.config["BASE_URL"]) + url_for(endpoint, **values, lang=language)


def _public(body: str, mimetype: str) -> Response:
    return Response(body, mimetype=mimetype, headers={"Cache-Control": "public, max-age=3600"})
