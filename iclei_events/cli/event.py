"""``flask --app app event …``: bring events in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

commands = AppGroup("event", help="Events and their content.")


@commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Create or update an event from the content pack FILE (YAML). The same file twice changes nothing."""
    # Here, since every process of the site knows this command, and Pydantic takes its share of their memory.
    from iclei_events.services.content.loading import load_pack  # noqa: PLC0415
    from iclei_events.services.content.problems import PackError  # noqa: PLC0415

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
