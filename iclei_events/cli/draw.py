"""``flask --app app draw …``: draw the lots of a fair draw, and check a published one."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from iclei_events.services import draw_file, draw_results, draws, log, refusals, slots

commands = AppGroup("draw", help="Fair draws: draw the lots, check a published file.")


@commands.command("run")
@click.argument("slots_or_draws", metavar="SLOT…", nargs=-1, required=True)
@click.option("--seed", "public_value", metavar="TEXT", help="The public value that was named beforehand.")
def run(slots_or_draws: tuple[str, ...], public_value: str | None) -> None:
    """Draw the lots of the draws that these slots belong to, with the public value; twice is once."""
    value = public_value if public_value is not None else click.prompt("Public value")
    for slug in dict.fromkeys(_draw_of(name) for name in slots_or_draws):
        _run(slug, value)


def _draw_of(name: str) -> str:
    """The draw's slug, from that of one of its slots or its own."""
    slot = slots.find(name)
    if slot is not None and slot.draw is not None:
        return slot.draw.slug
    if draws.find(name) is None:
        raise click.ClickException(f"got {name}, which is no draw nor a slot of one; accepted: the slug of either")
    return name


def _run(slug: str, value: str) -> None:
    draw = draws.find(slug)
    if draw is None:
        raise click.ClickException(f"the draw {slug} is gone")
    try:
        summary = draw_results.run(draw.id, value, by=log.CLI)
    except refusals.Refusal as refusal:
        raise click.ClickException(f"{slug}: {type(refusal).__name__}: {refusal}") from refusal
    click.echo(f"{slug}: {summary.entries} parties entered, {summary.won} drew places")


@commands.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Check a published file by itself, without the database: hashes, seed, order, result. Exit 1 where one differs."""
    try:
        document = draw_file.read(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error
    found = draw_file.faults(document)
    for fault in found:
        click.echo(f"FAIL  {fault}")
    if not found:
        click.echo(f"ok    the list, the secret, the seed and all {len(document['result'])} results agree")
    sys.exit(1 if found else 0)
