"""A draw's own page: its rules, what was published when, the result, and the file to check it by."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.models import Draw
from iclei_events.services import draw_fates, draw_file, draws, own_entries
from iclei_events.services.own_entries import OwnEntry
from iclei_events.web import access
from iclei_events.web.events import event_or_404
from iclei_events.web.languages import PREFIX
from iclei_events.web.page_cache import cached_page, do_not_keep

blueprint = Blueprint("draws", __name__, url_prefix=PREFIX + "/<event_slug>/draws")

ON_A_PAGE: Final = 100


@blueprint.get("/<draw_slug>")
@cached_page("page")
def show(event_slug: str, draw_slug: str) -> str:
    draw = _draw_or_404(event_slug, draw_slug)
    results, page, pages = _results(draw)
    return render_template(
        "draws/show.html",
        draw=draw,
        state=state_of(draw),
        titles={slot.slug: slot for slot in draw.slots},
        results=results,
        page=page,
        pages=pages,
        own=_own_entries(draw),
        entries=_entries(draw),
        answer_hours=int(draw_fates.ANSWER_TIME.total_seconds() // 3600),
    )


@blueprint.get("/<draw_slug>/entered")
def entered(event_slug: str, draw_slug: str) -> str:
    """Say the same to everybody who has sent an entry: whether the address was known is for its owner to read."""
    draw = _draw_or_404(event_slug, draw_slug)
    to_confirm = "to_confirm" in request.args
    return render_template("draws/entered.html", draw=draw, state=state_of(draw), to_confirm=to_confirm)


@blueprint.get("/<draw_slug>/entries.json")
def entries(event_slug: str, draw_slug: str) -> Response:
    """The frozen list, byte for byte what the published hash was made of."""
    return _file(_draw_or_404(event_slug, draw_slug).entry_list)


@blueprint.get("/<draw_slug>/draw.json")
def published(event_slug: str, draw_slug: str) -> Response:
    return _file(_draw_or_404(event_slug, draw_slug).published)


def state_of(draw: Draw) -> str:
    """not_yet, open, closed (the lots are not drawn yet) or drawn."""
    if draw.drawn_at is not None:
        return "drawn"
    now = clock.now()
    if draw.closed_at is not None or now >= draw.closes_at:
        return "closed"
    return "open" if now >= draw.opens_at else "not_yet"


def _draw_or_404(event_slug: str, draw_slug: str) -> Draw:
    event = event_or_404(event_slug)
    draw = draws.find(draw_slug)
    if draw is None or draw.event_id != event.id:
        abort(404)
    return draw


def _results(draw: Draw) -> tuple[list[dict[str, Any]], int, int]:
    """One page of the result list, with its number and how many there are."""
    if draw.published is None:
        return [], 1, 1
    document = draw_file.read(draw.published)
    sizes = {one["pseudonym"]: one["size"] for one in document["list"]["entries"]}
    result = [one | {"size": sizes[one["pseudonym"]]} for one in document["result"]]
    pages = max(1, -(-len(result) // ON_A_PAGE))
    asked = request.args.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < len(str(ON_A_PAGE)) + 3 else 1
    if not 1 <= page <= pages:
        do_not_keep()
        page = 1
    return result[(page - 1) * ON_A_PAGE : page * ON_A_PAGE], page, pages


def _entries(draw: Draw) -> int | None:
    """How many parties stand in the frozen list."""
    return len(draw_file.read(draw.entry_list)["entries"]) if draw.entry_list is not None else None


def _own_entries(draw: Draw) -> list[OwnEntry]:
    """The reader's own, if they came by the link to their booking."""
    return [own for own in own_entries.in_draw(draw, access.remembered()) if access.may_open(own)]


def page_with(own: OwnEntry) -> str:
    """The address of the page of the result list on which an entry stands."""
    values: dict[str, Any] = {"event_slug": own.draw.event.slug, "draw_slug": own.draw.slug}
    if own.position is not None and own.position > ON_A_PAGE:
        values["page"] = (own.position - 1) // ON_A_PAGE + 1
    return url_for("draws.show", **values, _anchor=f"code-{own.pseudonym}" if own.position else None)


def _file(text: str | None) -> Response:
    if text is None:
        abort(404)
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request.environ)
