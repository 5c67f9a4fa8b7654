"""``flask --app app staff …``: let people in."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from iclei_events.models import StaffRole
from iclei_events.services import accounts, log, programme, refusals, staff

commands = AppGroup("staff", help="People who manage the events.")


@commands.command("invite")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in StaffRole]), help="What they may do.")
@click.option("--event", "event_slug", help="At which event (its slug); without it at all events.")
def invite(email: str, role: str, event_slug: str | None) -> None:
    """Print a one-time link that lets EMAIL set up an account with a role. It works for seven days."""
    event = programme.find_event(event_slug) if event_slug is not None else None
    if event_slug is not None and event is None:
        known = ", ".join(event.slug for event in programme.events())
        raise click.ClickException(f"there is no event {event_slug!r}; there are: {known or 'none yet'}")
    if "@" not in email.strip("@"):
        raise click.ClickException(f"{email!r} is not an e-mail address")
    try:
        invitation = staff.invite(email.strip(), StaffRole(role), event, by=log.CLI)
    except refusals.NotActive:
        raise click.ClickException(f"the account of {email} is disabled; enable it on the page for people") from None
    click.echo(invitation.link(current_app.config["BASE_URL"]))


@commands.command("forget-second-factor")
@click.argument("email")
def forget_second_factor(email: str) -> None:
    """Let EMAIL, who lost phone and recovery codes, set the account up anew; prints a one-time link."""
    try:
        invitation = accounts.forget_second_factor(email.strip(), by=log.CLI)
    except refusals.NotActive:
        raise click.ClickException(f"there is no account of {email} in use") from None
    click.echo(invitation.link(current_app.config["BASE_URL"]))
