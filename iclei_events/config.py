"""Settings from the environment, each with a default that works for ``make run``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from iclei_events import clock
from iclei_events.db import engine_options

ROOT: Final = Path(__file__).resolve().parent.parent
DEMO_SECRET: Final = "demo-only-secret-not-for-production"  # noqa: S105  refused in production
SHORTEST_SECRET: Final = 32
AT_ONCE: Final = 3
"""Requests a web worker works for at once."""
AT_ONCE_ON_SQLITE: Final = 6
"""There most of them wait to be stored by one commit (see services.group_commit): of few at once, groups are small."""
MOST_IN_LINE: Final = 24
"""Those that wait to be worked for; a page beyond these is told at once to come again."""
SENT_IN_LINE: Final = 32
"""Forms that wait in a lane beside the pages; one beyond these is told at once to be sent again."""
LIGHT_AT_ONCE: Final = 2
"""Requests a web worker answers from memory at once, beside the others."""
LIGHT_IN_LINE: Final = 16
"""Those that wait for that."""


class UnsafeSettingError(ValueError):
    """A setting that would be unsafe in production; says which and what is accepted."""


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Flask configuration from the environment variables that README documents."""
    env = os.environ if environment is None else environment
    base_url = env.get("BASE_URL", f"http://{env.get('HOST', '127.0.0.1')}:{env.get('PORT', '8000')}").rstrip("/")
    production = base_url.startswith("https://")
    database_url = _database_url(env.get("DATABASE_URL", ""))
    starts_at = env.get(clock.STARTS_AT)
    settings: dict[str, Any] = {
        "PRODUCTION": production,
        "BASE_URL": base_url,
        "SECRET_KEY": env.get("SECRET_KEY", DEMO_SECRET).split(",")[0],
        "SECRET_KEY_FALLBACKS": env.get("SECRET_KEY", DEMO_SECRET).split(",")[1:],
        "SQLALCHEMY_DATABASE_URI": database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(database_url),
        "MIGRATIONS_DIR": str(ROOT / "migrations"),
        "MAIL_URL": env.get("MAIL_URL", f"file:{ROOT / 'instance' / 'mail'}"),
        "MAIL_FROM": env.get("MAIL_FROM", "Malmö Summit <summit@malmo.example>"),
        "CLOCK_STARTS_AT": datetime.fromisoformat(starts_at) if starts_at else None,
        "TRUSTED_PROXIES": int(env.get("TRUSTED_PROXIES", "0")),
        "LOG_FORMAT": env.get("LOG_FORMAT", "text"),
        "WORK_AT_ONCE": AT_ONCE_ON_SQLITE if database_url.startswith("sqlite") else AT_ONCE,
        "WEB_WORKERS": max(1, int(env.get("WEB_WORKERS", "2"))),
        "PAGE_CACHE_SECONDS": 0.25,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 128 * 1024,
        "MAX_FORM_PARTS": 200,
        "SESSION_COOKIE_NAME": "__Host-summit" if production else "summit",
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=60),
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "iclei_events" / "translations"),
        "BABEL_DEFAULT_LOCALE": "sv",
        "BABEL_DEFAULT_TIMEZONE": "Europe/Stockholm",
    }
    if production:
        _refuse_unsafe(settings)
    return settings


def _database_url(url: str) -> str:
    """The SQLAlchemy URL: SQLite under ``instance/`` when none is given, psycopg for PostgreSQL."""
    if not url:
        return f"sqlite:///{ROOT / 'instance' / 'summit.sqlite3'}"
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def _refuse_unsafe(settings: Mapping[str, Any]) -> None:
    """Production is an https ``BASE_URL``; there, what only a demo may have is refused with the reason."""
    keys = [settings["SECRET_KEY"], *settings["SECRET_KEY_FALLBACKS"]]
    if DEMO_SECRET in keys or min(map(len, keys)) < SHORTEST_SECRET:
        msg = f"when BASE_URL is https, each SECRET_KEY is at least {SHORTEST_SECRET} random characters, not the demo's"
        raise UnsafeSettingError(msg)
    if settings["CLOCK_STARTS_AT"] is not None:
        msg = "CLOCK_STARTS_AT is for demos: unset it when BASE_URL is https"
        raise UnsafeSettingError(msg)
    if settings["MAIL_URL"].startswith("file:"):
        msg = "MAIL_URL must be smtp://… or smtps://… when BASE_URL is https; file: keeps mails on disk"
        raise UnsafeSettingError(msg)
