"""The reference for pages: a bare Flask page on the server that ``serve`` starts, with the same options."""

from __future__ import annotations

import os

from flask import Flask

from iclei_events.cli.web_server import web_server

app = Flask(__name__)


@app.get("/")
@app.get("/healthz")
def hello() -> str:
    return "hello"


if __name__ == "__main__":
    server = web_server("127.0.0.1", int(os.environ["PORT"]))
    server.target = "tests.bench.hello:app"
    server.serve()
