"""What the browser gets besides pages: built once, named by content, small."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from iclei_events.config import ROOT
from iclei_events.web import assets

SOURCES = ROOT / "static" / "src"
KILOBYTE = 1000
TEXT = {".css", ".js", ".svg"}


@pytest.fixture
def reader() -> Client:
    """Asks the assets in front of an app that says no to everything."""
    return Client(assets.wrap(Response("not a built file", status=404)))


def built(name: str) -> Path:
    return assets.BUILT / assets.NAMES[name]


def compressed_size(name: str) -> int:
    file = built(name)
    return (file.with_name(f"{file.name}.br") if file.suffix in TEXT else file).stat().st_size


def test_nothing_lies_in_the_built_folder_that_the_manifest_does_not_name() -> None:
    files = {file.name for file in assets.BUILT.iterdir()} - {"manifest.json"}
    texts = {name for name in assets.NAMES.values() if Path(name).suffix in TEXT}
    twins = {f"{name}{twin}" for name in texts for twin in (".br", ".gz")}
    assert files == set(assets.NAMES.values()) | twins


@pytest.mark.parametrize("name", assets.NAMES)
def test_a_built_file_may_be_kept_for_ever(reader: Client, name: str) -> None:
    answer = reader.get(assets.asset(name), buffered=True)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", [name for name in assets.NAMES if Path(name).suffix in TEXT])
def test_text_arrives_compressed(reader: Client, name: str) -> None:
    answer = reader.get(assets.asset(name), headers={"Accept-Encoding": "gzip, deflate, br"}, buffered=True)
    assert answer.headers["Content-Encoding"] == "br"
    assert len(answer.data) == compressed_size(name)


@pytest.mark.parametrize("address", ["manifest.json/../../src/package.json", "../src/package.json", "nope.css", ""])
def test_nothing_else_is_served(reader: Client, address: str) -> None:
    assert reader.get(assets.PREFIX + address).status_code == 404


def test_stylesheet_and_fonts_of_a_public_page_stay_within_57_kilobytes() -> None:
    names = ["public.css", "atkinson-next-text.woff2", "familjen-display.woff2"]
    assert sum(compressed_size(name) for name in names) <= 57 * KILOBYTE


def test_the_solver_of_proofs_stays_within_two_kilobytes() -> None:
    assert compressed_size("proof.js") <= 2 * KILOBYTE


@pytest.mark.parametrize("name", ["public.css", "staff.css"])
def test_stylesheets_hold_no_norwegian_and_ask_no_other_site(name: str) -> None:
    text = built(name).read_text(encoding="utf-8")
    assert re.findall(r"tegn igjen|for mye|Du er her|Bla i sider|:lang\(n[bno]\)", text) == []
    assert [found for found in re.findall(r"url\(([^)]*)\)", text) if "//" in found and "data:" not in found] == []


def test_every_property_of_ours_that_is_read_is_also_set() -> None:
    text = "".join(built(name).read_text(encoding="utf-8") for name in ("public.css", "staff.css"))
    read = {name for name in re.findall(r"var\((--[\w-]+)\)", text) if not name.startswith("--_ds")}
    assert sorted(read - set(re.findall(r"(--[\w-]+)\s*:", text))) == []


def test_the_packages_are_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["dependencies"].values())
    assert "resolved" not in (SOURCES / "package-lock.json").read_text(encoding="utf-8")
