"""What the accessibility statement says about this site: kept here so that a test can see when it grows old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not work for everybody: what, why, and what to do instead."""

    what: LazyString
    why: LazyString
    instead: LazyString


@dataclass(frozen=True, slots=True)
class Statement:
    """The parts that change with each assessment."""

    assessed_on: date
    updated_on: date
    faults: tuple[Fault, ...]


STATEMENT: Final = Statement(
    assessed_on=date(2026, 11, 22),
    updated_on=date(2026, 11, 22),
    faults=(
        Fault(
            _l("The timetable has to be scrolled sideways on a narrow screen."),
            _l("A table of rooms and times is wider than a phone (WCAG 1.4.10)."),
            _l("The list of the programme has everything that the timetable has."),
        ),
        Fault(
            _l("Some titles and names of sessions are in English on Swedish pages and are read out as if in Swedish."),
            _l("They are proper names, and not each is marked with its language (WCAG 3.1.2)."),
            _l("The description of each session is in Swedish."),
        ),
        Fault(
            _l("When very many book at once, who has no JavaScript has half an hour to confirm a booking by mail."),
            _l("Otherwise bots could hold all the places. The time cannot be made longer (WCAG 2.2.1)."),
            _l("Book again, or call us, and we book for you."),
        ),
        Fault(
            _l("Pages we link to, such as the sources of the register, may not be accessible."),
            _l("They belong to others."),
            _l("Ask us, and we tell you what they say."),
        ),
    ),
)
