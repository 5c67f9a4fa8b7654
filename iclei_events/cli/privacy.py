"""``flask --app app privacy …``: give a person's data out, erase them, and erase what is due."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from iclei_events.services import data_export, privacy

commands = AppGroup("privacy", help="Personal data: give out, erase, purge.")


@commands.command("export")
@click.argument("email")
def export(email: str) -> None:
    """Print everything kept about the person with the address EMAIL, as JSON."""
    click.echo(json.dumps(data_export.export(_address(email)), ensure_ascii=False, indent=2))


@commands.command("erase")
@click.argument("email")
def erase(email: str) -> None:
    """Cancel what the person with the address EMAIL has booked and erase who they are. No mail is sent."""
    address = _address(email)
    erased = privacy.erase(address)
    click.echo("\n".join(f"{what}: {rows}" for what, rows in erased.items()))
    if data_export.is_staff(address):
        click.echo("There is a staff account with this address. Disable it; it is erased a year later.", err=True)


def _address(email: str) -> str:
    """The address as given, if it can be one. An empty one would be everybody's who booked by phone."""
    address = email.strip()
    if "@" not in address.strip("@"):
        raise click.ClickException(f"{email!r} is not an e-mail address")
    return address


@commands.command("purge")
def purge() -> None:
    """Erase whatever is due by the clock. Prints how many rows went at each deadline."""
    erased = privacy.purge()
    click.echo("\n".join(f"{until}: {rows}" for until, rows in erased.items()))
