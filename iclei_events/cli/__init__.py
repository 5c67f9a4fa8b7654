"""The command line: one module for each group of commands."""

from flask import Flask

from iclei_events.cli import draw, event, privacy, seats, serve, staff, worker


def init_app(app: Flask) -> None:
    """Register the command groups."""
    for command in (
        draw.commands,
        event.commands,
        privacy.commands,
        seats.commands,
        serve.serve,
        staff.commands,
        worker.worker,
    ):
        app.cli.add_command(command)
