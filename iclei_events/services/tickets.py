"""Tickets: the code that proves a booking at the meeting point, its picture, and the page to print.

A code is the booking's reference and a proof made from its salt: it tells nothing about anybody, cannot be guessed from
the reference, and opens nothing but the staff's look at the ticket. A new salt makes old tickets worthless.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import segno

from iclei_events.models import Booking
from iclei_events.services import links

PURPOSE: Final = "ticket"
TEMPLATE: Final = Path(__file__).with_name("ticket.typ")
MASK: Final = 3
FOR_EVERYBODY: Final = "ua-1"
"""PDF/UA: tagged for screen readers, and refused by the typesetter where a text could not be shown."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What stands on a printed ticket, each text whole and in the language of the booking.

    ``facts`` are rows of label and value. ``code`` is the text in the QR code, ``code_says`` what a screen reader says
    instead of the picture.
    """

    language: str
    title: str
    event: str
    what: str
    time: str
    day: str
    party: str
    facts: tuple[tuple[str, str], ...]
    code: str
    code_says: str
    reference: str
    foot: tuple[str, ...]


def code_of(booking: Booking, key: str) -> str:
    """The text that names and proves a booking, such as ``K7M2P9QX-…``; ``key`` is the app's."""
    return f"{booking.reference}-{links.secret_for(PURPOSE, booking.salt, key)}"


def reference_in(code: str) -> str:
    """The reference a code begins with, whatever follows."""
    return code.partition("-")[0]


def proves(code: str, booking: Booking, keys: Sequence[str]) -> bool:
    """Whether the code was made for this booking under any of the keys."""
    return links.opens(code.partition("-")[2], PURPOSE, booking.salt, keys)


def picture(text: str) -> str:
    """The QR code as SVG to stand in a page: dark on white with its quiet zone, in light and dark alike."""
    return _code(text).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=True, svgclass="ticket-code__picture"
    )


def _code(text: str) -> segno.QRCode:
    """Any of the eight masks can be read; random text leaves no pattern for a better one to break.

    To try all eight took longer than all else on the page of a booking.
    """
    return segno.make(text, error="m", mask=MASK, micro=False)


def printed(ticket: Ticket) -> bytes:
    """The ticket as a PDF of one page (A5), black on white."""
    picture = io.BytesIO()
    _code(ticket.code).save(picture, kind="svg", border=4, dark="#000", light="#fff")
    inputs = {"ticket": json.dumps(asdict(ticket)), "picture": picture.getvalue().decode()}
    import typst  # noqa: PLC0415  6 MiB of machine code, for those alone who print

    try:
        return _typeset(inputs, FOR_EVERYBODY)
    except typst.TypstError:
        # A name in a script that the built-in letters lack: better a ticket with a box in it than none.
        return _typeset(inputs, None)


def _typeset(inputs: dict[str, str], standard: Literal["ua-1"] | None) -> bytes:
    import typst  # noqa: PLC0415  as above

    return typst.compile(_template(), format="pdf", ignore_system_fonts=True, sys_inputs=inputs, pdf_standards=standard)


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()
