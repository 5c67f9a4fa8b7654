"""Every sentence of the app exists in Swedish, whole and with the same placeholders."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from iclei_events.config import ROOT

pytestmark = pytest.mark.check

SWEDISH = ROOT / "iclei_events" / "translations" / "sv" / "LC_MESSAGES" / "messages.po"
KEYWORDS = ("_l", "lazy_gettext", "lazy_ngettext:1,2")


@cache
def swedish() -> Catalog:
    with SWEDISH.open("rb") as file:
        return read_po(file, locale="sv")


@cache
def said_by_the_app() -> Catalog:
    """What the code and the templates say, extracted as they stand."""
    with TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        keywords = [option for keyword in KEYWORDS for option in ("-k", keyword)]
        extract = ["-q", "extract", "-F", "pyproject.toml", *keywords, "-o", str(template), "."]
        subprocess.run([sys.executable, "-m", "babel.messages.frontend", *extract], check=True, cwd=ROOT)
        with template.open("rb") as file:
            return read_po(file)


def sentences(catalog: Catalog) -> set[tuple[str, ...]]:
    """What stands in a catalogue: its context, the sentence, and its plural where it has one."""
    return {(message.context or "", *several(message.id)) for message in catalog if message.id}


def several(texts: object) -> tuple[str, ...]:
    """A sentence and its plural forms alike."""
    return tuple(map(str, texts)) if isinstance(texts, list | tuple) else (str(texts or ""),)


def test_the_catalogue_knows_every_sentence_and_no_other() -> None:
    assert sentences(said_by_the_app()) - sentences(swedish()) == set(), "not in the catalogue"
    assert sentences(swedish()) - sentences(said_by_the_app()) == set(), "no longer said"


def test_every_sentence_is_translated_for_certain() -> None:
    missing = [message.id for message in swedish() if message.id and not all(several(message.string))]
    doubtful = [message.id for message in swedish() if message.id and message.fuzzy]

    assert missing == []
    assert doubtful == []


def test_translations_carry_the_placeholders_of_their_sentence() -> None:
    wrong = [(message.id, str(error)) for message in swedish() for error in message.check(swedish())]

    assert wrong == []


def test_swedish_is_addressed_plainly() -> None:
    texts = [text for message in swedish() if message.id for text in several(message.string)]

    assert [text for text in texts if "vänligen" in text.lower() or "!" in text] == []
