"""Rules of the house that neither the linter nor the import contracts can see."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from iclei_events.config import ROOT

pytestmark = pytest.mark.check

PACKAGE = ROOT / "iclei_events"
OF_THE_REQUEST = {"abort", "flash", "g", "request", "session"}
AT_THE_TOP = {
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "app.py",
    "iclei_events",
    "migrations",
    "pyproject.toml",
    "static",
    "templates",
    "tests",
}


def modules(*, outside: str) -> Iterator[tuple[str, ast.Module]]:
    """The package's modules but those under ``outside``: their path and what they say."""
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        if not where.is_relative_to(outside):
            yield str(where), ast.parse(path.read_text(encoding="utf-8"))


def test_the_request_exists_in_web_alone() -> None:
    found = [
        (where, name.name)
        for where, tree in modules(outside="web")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "flask"
        for name in node.names
        if name.name in OF_THE_REQUEST
    ]

    assert found == []


def test_commit_and_rollback_stand_in_db_alone() -> None:
    found = [
        f"{where}:{node.lineno}"
        for where, tree in modules(outside="db.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    ]

    assert found == []


def test_nothing_else_lies_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {Path(line).parts[0] for line in listed.stdout.splitlines()}

    assert {name for name in top if not name.startswith("requirements")} - AT_THE_TOP == set()
