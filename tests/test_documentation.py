"""README documents every setting, every command and every target of the Makefile."""

import ast
import re
from collections.abc import Iterator

import click
import pytest

from iclei_events import clock, create_app
from iclei_events.config import ROOT

pytestmark = pytest.mark.check

README = ROOT / "README.md"
BETWEEN_PROCESSES = {clock.STARTED}
"""Variables that the server sets for its own children."""


def settings_read() -> set[str]:
    """The environment variables that the package asks for by name."""
    names: set[str] = {clock.STARTS_AT}
    for path in (ROOT / "iclei_events").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=mapping, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                    pass
                case ast.Subscript(value=mapping, slice=ast.Constant(value=str(name))):
                    pass
                case _:
                    continue
            if ast.unparse(mapping) in {"env", "environment", "os.environ"}:
                names.add(name)
    return names - BETWEEN_PROCESSES


def own_commands() -> Iterator[str]:
    """The commands of ``flask --app app``, such as ``event load``, without Flask's own and Flask-Migrate's ``db``."""
    for name, command in sorted(create_app().cli.commands.items()):
        if name == "db":
            continue
        if isinstance(command, click.Group):
            yield from (f"{name} {below}" for below in command.commands)
        else:
            yield name


def test_readme_documents_every_setting() -> None:
    readme = README.read_text(encoding="utf-8")

    assert {name for name in settings_read() if f"`{name}`" not in readme} == set()
    assert {"DATABASE_URL", "SECRET_KEY", "BASE_URL", "MAIL_URL"} <= settings_read()


def test_readme_documents_every_command() -> None:
    readme = README.read_text(encoding="utf-8")

    assert [command for command in own_commands() if not re.search(rf"`[^`]*\b{command}\b", readme)] == []


def test_readme_documents_every_target_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    readme = README.read_text(encoding="utf-8")

    assert [target for target in targets if f"make {target}" not in readme] == []
