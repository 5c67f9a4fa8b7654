"""How the app's log looks: one event on one line, as text or as JSON (``LOG_FORMAT``). It holds no personal data."""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog
from structlog.typing import Processor

FORMATS: Final = ("text", "json")
LOGGER: Final = "iclei_events"
"""The name of Flask's logger of this app; what libraries log stays theirs."""


def configure(log_format: str) -> None:
    """Let our own events and Flask's go to standard error in the same form."""
    if log_format not in FORMATS:
        msg = f"LOG_FORMAT is {' or '.join(FORMATS)}; got {log_format!r}"
        raise ValueError(msg)
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        # Asked for at each event: whoever has turned standard error elsewhere since finds the log there.
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    logging.getLogger(LOGGER).handlers = [handler]
