"""``flask --app app event …``: bring events in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from iclei_events.services.content.loading import load_pack
from iclei_events.services.content.problems import PackError

commands = AppGroup("event", help="Events and their content.")


@commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Create or update an event from the content pack FILE (YAML). The same file twice changes nothing."""
    try:
        result = load_pack(file)
    except PackError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    for kept in result.kept:
        click.echo(f"kept: {kept}")
    click.echo(
        f"{file.name}: {result.created} created, {result.changed} changed, "
        f"{result.removed} removed, {result.unchanged} unchanged"
    )
