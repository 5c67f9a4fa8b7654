"""What is installed is pinned to its bytes, and no lock says where to fetch it from."""

import json
import re
from pathlib import Path

import pytest

from iclei_events.config import ROOT

pytestmark = pytest.mark.check

LOCKS = sorted(ROOT.glob("requirements*.txt"))
WISHES = sorted(ROOT.glob("requirements*.in"))
NPM_LOCK = ROOT / "static" / "src" / "package-lock.json"
PIN = re.compile(r"^([a-z0-9-]+(?:\[[a-z,]+\])?)==([^\s;]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    return dict(PIN.findall(text))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_host_and_has_a_hash_for_every_package(lock: Path) -> None:
    text = lock.read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert "://" not in text
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
    assert len(packages) >= 1


@pytest.mark.parametrize("wish", WISHES, ids=lambda path: path.name)
def test_what_is_asked_for_is_an_exact_version_and_the_lock_has_it(wish: Path) -> None:
    text = wish.read_text()
    asked = [line for line in text.splitlines() if line and not line.startswith(("#", "-"))]
    locked = pins(wish.with_suffix(".txt").read_text())

    assert [line for line in asked if not PIN.fullmatch(line)] == []
    assert {re.sub(r"\[.*\]", "", name): version for name, version in pins(text).items()}.items() <= locked.items()


def test_development_runs_on_the_very_packages_of_production() -> None:
    production = pins(ROOT.joinpath("requirements.txt").read_text())
    development = pins(ROOT.joinpath("requirements-dev.txt").read_text())

    assert production.items() <= development.items()


def test_the_npm_lock_names_no_registry_and_pins_every_package() -> None:
    packages = json.loads(NPM_LOCK.read_text())["packages"]
    manifest = json.loads(NPM_LOCK.with_name("package.json").read_text())
    asked = manifest.get("dependencies", {}) | manifest.get("devDependencies", {})

    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, version in asked.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
