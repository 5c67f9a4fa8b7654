"""The Malmö Commitment: what it says, who has signed, and the open register for machines."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort, current_app, g, jsonify, render_template, request, url_for
from flask_babel import gettext

from iclei_events import clock
from iclei_events.i18n import LANGUAGES
from iclei_events.models import Commitment, Signatory, SignatoryKind, Standing
from iclei_events.services import commitment, contact
from iclei_events.services.commitment import Register
from iclei_events.services.csv_text import csv_text
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.page_cache import cached_page

blueprint = Blueprint("commitment", __name__, url_prefix=f"{PREFIX}/commitment")
open_register = Blueprint("open_register", __name__, url_prefix="/commitment")

COLUMNS: Final = (
    "slug", "name", "country", "kind", "standing", "signed_on", "decided_by", "decided_on", "challenges", "sources",
)  # fmt: skip
DATA_SECONDS: Final = 60
"""How long a cache may answer for the open register."""


@blueprint.get("")
@cached_page()
def index() -> str:
    return _page("commitment/index.html", commitment=current_or_404(), register=_register(), now=clock.now())


@blueprint.get("/signatories")
@cached_page()
def signatories() -> str:
    return _page("commitment/signatories.html", commitment=current_or_404(), register=_register())


@blueprint.get("/signatories/<slug>")
@cached_page()
def signatory(slug: str) -> str:
    one = commitment.find_published(slug) or abort(404)
    titles = {challenge["slug"]: challenge["title"] for challenge in one.commitment.challenges}
    return _page(
        "commitment/signatory.html",
        signatory=one,
        country=commitment.country_name(one.country, current_language()),
        challenges=[titles[slug] for slug in one.challenges if slug in titles],
    )


@open_register.get("/signatories.json")
def as_json() -> Response:
    text, register = current_or_404(), commitment.register(LANGUAGES[0])
    return _open(
        jsonify(
            commitment={
                "version": text.version,
                "digest_sha256": text.digest,
                "title": text.title.as_dict(),
                "launched_on": text.launched_on.isoformat(),
            },
            count=register.count,
            signatories=[_record(one) for country in register.countries for one in country.signatories],
            announced_before_and_not_signed=[_record(one) for one in register.announced],
        )
    )


@open_register.get("/signatories.csv")
def as_csv() -> Response:
    current_or_404()
    records = [_record(one) for country in commitment.register(LANGUAGES[0]).countries for one in country.signatories]
    rows = ([_in_cell(record[column]) for column in COLUMNS] for record in records)
    response = Response(csv_text(COLUMNS, rows), content_type="text/csv; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = 'attachment; filename="signatories.csv"'
    return _open(response)


def current_or_404() -> Commitment:
    return commitment.current() or abort(404)


def _page(template: str, **names: Any) -> str:
    """Render a page of the commitment under the event that is on or comes next."""
    g.event = contact.event_to_ask()
    return render_template(template, **names)


def _register() -> Register:
    return commitment.register(current_language())


def _record(one: Signatory) -> dict[str, Any]:
    base = current_app.config["BASE_URL"]
    pages = {code: base + url_for("commitment.signatory", lang=code, slug=one.slug) for code in LANGUAGES}
    return commitment.open_record(one) | {"pages": pages}


def _in_cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _open(response: Response) -> Response:
    """Let anybody keep and reuse it: it is the same for all, and other sites may read it."""
    response.headers["Cache-Control"] = f"public, max-age={DATA_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.app_template_global()
def kind_name(kind: SignatoryKind) -> str:
    """City, region, state or metropolitan area in the page's language."""
    return {
        SignatoryKind.CITY: gettext("City, town or municipality"),
        SignatoryKind.REGION: gettext("Region or county"),
        SignatoryKind.STATE: gettext("Federal state"),
        SignatoryKind.METROPOLITAN_AREA: gettext("Metropolitan area"),
    }[kind]


@blueprint.app_template_global()
def standing_name(standing: Standing) -> str:
    """How a signatory came into the register, in the page's language."""
    return {
        Standing.EARLY_ADOPTER: gettext("Early adopter"),
        Standing.REPORTED: gettext("Reported in the press, not in the first list"),
        Standing.ANNOUNCED_BEFORE: gettext("Named before the signing only"),
        Standing.SIGNED_HERE: gettext("Signed here"),
    }[standing]
