"""The first view of every public page: what a browser with nothing kept asks for, and how many bytes come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import brotli
from lxml import html

from tests.bench import load
from tests.bench.rounds import FORM, BrokenError
from tests.bench.sites import EVENT

LOADED: Final = (
    "//link[@rel='stylesheet' or @rel='icon' or @rel='preload' or @rel='manifest' or @rel='apple-touch-icon']/@href"
    " | //script/@src | //img/@src | //source/@src"
)
"""All a page names for loading: an upper bound, for no browser takes every icon."""

IN_STYLES: Final = re.compile(r"url\(\s*[\"']?(?!data:)([^\"')]+)")
UNLISTED: Final = (FORM, "/sv/my", "/sv/commitment/sign", f"/sv/{EVENT}/programme?view=grid")
"""Public pages that search engines are not told of."""

WORDS: Final = frozenset({"", "accessibility", "book", "commitment", "my", "party", "privacy", "programme", "sign",
                          "signatories", "slots", "tours"})  # fmt: skip
"""The parts of addresses that say what kind of page it is; the others say what it is about."""

LOCATION: Final = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


@dataclass(frozen=True, slots=True)
class Weight:
    """The first view of a page: ``size`` counts bytes as they were sent, without headers."""

    path: str
    requests: int
    size: int
    page: int

    @property
    def kind(self) -> str:
        """The path without what the page is about, the same for all pages made from one template."""
        path = self.path.partition("?")[0]
        return "/".join(part if part in WORDS else "*" for part in path.split("/")[2:])


def first_views(port: int) -> list[Weight]:
    """Every public page in both languages, the heaviest first."""
    scales = _Scales(port)
    return sorted((scales.weigh(path) for path in _public_pages(port)), key=lambda weight: -weight.size)


def _public_pages(port: int) -> Iterator[str]:
    answer = load.fetch(port, load.get("/sitemap.xml"))
    listed = [urlsplit(str(entry.text)).path for entry in ET.fromstring(answer.body).iter(LOCATION)]
    yield from dict.fromkeys([*listed, *UNLISTED, *(path.replace("/sv/", "/en/", 1) for path in UNLISTED)])


class _Scales:
    def __init__(self, port: int) -> None:
        self._port = port
        self._files: dict[str, tuple[int, frozenset[str]]] = {}

    def weigh(self, path: str) -> Weight:
        answer = load.fetch(self._port, load.get(path))
        if answer.status != 200:
            raise BrokenError(f"{path} answers {answer.status}")
        document = html.document_fromstring(_plain(answer))
        wanted: set[str] = {urljoin(path, str(address)) for address in document.xpath(LOADED)}
        for address in list(wanted):
            wanted |= self._file(address)[1]
        size = len(answer.body) + sum(self._file(address)[0] for address in wanted)
        return Weight(path, 1 + len(wanted), size, len(answer.body))

    def _file(self, address: str) -> tuple[int, frozenset[str]]:
        """The bytes of a file, and what it loads in its turn."""
        if address not in self._files:
            answer = load.fetch(self._port, load.get(address))
            if answer.status != 200:
                raise BrokenError(f"{address} answers {answer.status}")
            more: frozenset[str] = frozenset()
            if answer.header("Content-Type").startswith("text/css"):
                more = frozenset(urljoin(address, found) for found in IN_STYLES.findall(_plain(answer).decode()))
            self._files[address] = len(answer.body), more
        return self._files[address]


def _plain(answer: load.Answer) -> bytes:
    coding = answer.header("Content-Encoding")
    return brotli.decompress(answer.body) if coding == "br" else answer.body
