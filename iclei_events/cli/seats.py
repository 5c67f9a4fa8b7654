"""``flask --app app seats …``: recount and print what is held."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from iclei_events.services import audit as recount

commands = AppGroup("seats", help="Places: recount them, print them.")


@commands.command("audit")
def audit() -> None:
    """Check every invariant of places and counters; exit 1 when one is broken."""
    checks = recount.audit()
    for check in checks:
        click.echo(f"{'ok  ' if check.holds else 'FAIL'}  {check.name}")
        for broken in check.broken:
            click.echo(f"      {broken}")
    failed = sum(not check.holds for check in checks)
    click.echo(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


@commands.command("dump")
def dump() -> None:
    """Print every slot and booking as JSON lines, slots first."""
    for record in recount.dump():
        click.echo(json.dumps(record, ensure_ascii=False))
