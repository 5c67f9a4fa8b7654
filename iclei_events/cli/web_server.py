"""The web server under the site: how many requests, connections and processes it has."""

from __future__ import annotations

import os
import resource
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from iclei_events.config import (
    AT_ONCE,
    AT_ONCE_ON_SQLITE,
    LIGHT_AT_ONCE,
    LIGHT_IN_LINE,
    MOST_IN_LINE,
    ROOT,
    SENT_IN_LINE,
)

TELLING: Final = 8
"""Threads that are always there to tell who comes beyond what a worker has room for."""

THREADS: Final = (
    max(AT_ONCE, AT_ONCE_ON_SQLITE) + MOST_IN_LINE + LIGHT_AT_ONCE + LIGHT_IN_LINE + 2 * SENT_IN_LINE + TELLING
)

CONNECTIONS: Final = 4096
"""Open connections of a worker, and those that may wait to be taken. Browsers keep theirs open between two pages: at
the server's own default of a thousand in all, a crowd that only reads would keep everybody else out."""

FILES_BESIDE: Final = 256
"""What a worker has open besides connections."""

LAST_SECONDS: Final = 10
"""How long what is under way may take to end when the server is asked to stop."""


def _connections_allowed() -> int:
    """As many connections as wanted, or as the system lets a process have files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES_BESIDE
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - FILES_BESIDE)


def web_server(host: str, port: int) -> MPServer:
    return MPServer(
        "app:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(os.environ.get("WEB_WORKERS", "2")),
        backlog=CONNECTIONS,
        backpressure=_connections_allowed(),
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_SECONDS,
        log_level=LogLevels.error,
        working_dir=ROOT,
    )
