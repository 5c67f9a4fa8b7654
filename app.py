"""The entry point that servers and ``flask --app app`` load."""

from iclei_events import create_app

app = create_app()
