"""Settings: read once at start by the edge, passed in, never changed afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from headgate.kernel.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can choose.

    home: data folder of the embedded server and of generated secrets.
    database_url: owner's URL of an external PostgreSQL 15+; empty means the embedded server.
    app_database_url: URL of the restricted application role; empty means derived from `database_url`.
    """

    home: Path
    database_url: str = ""
    app_database_url: str = ""
    lanes: int = 16
    batch: int = 256
    lease_seconds: int = 15
    event_max_bytes: int = 1_000_000
    request_max_bytes: int = 8_000_000
    webhook_tolerance_seconds: int = 300
    pool_size: int = 10
    secure_cookies: bool = False


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `HEADGATE_*` variables. Raises `Misconfigured` naming the variable that cannot be used."""
    env = os.environ if environ is None else environ
    home = env.get("HEADGATE_HOME") or platformdirs.user_data_dir("headgate", appauthor=False)
    return Settings(
        home=Path(home).expanduser().absolute(),
        database_url=env.get("HEADGATE_DATABASE_URL", ""),
        app_database_url=env.get("HEADGATE_APP_DATABASE_URL", ""),
        lanes=_integer(env, "HEADGATE_LANES", 16, 1, 256),
        batch=_integer(env, "HEADGATE_BATCH", 256, 1, 5000),
        lease_seconds=_integer(env, "HEADGATE_LEASE_SECONDS", 15, 1, 3600),
        event_max_bytes=_integer(env, "HEADGATE_EVENT_MAX_BYTES", 1_000_000, 1_000, 50_000_000),
        request_max_bytes=_integer(env, "HEADGATE_REQUEST_MAX_BYTES", 8_000_000, 1_000, 100_000_000),
        webhook_tolerance_seconds=_integer(env, "HEADGATE_WEBHOOK_TOLERANCE_SECONDS", 300, 1, 86_400),
        pool_size=_integer(env, "HEADGATE_POOL_SIZE", 10, 1, 200),
        secure_cookies=env.get("HEADGATE_SECURE_COOKIES", "") in {"1", "true", "yes"},
    )


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name, "")
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise Misconfigured(f"{name}={raw!r} is not a whole number; unset it or use {default}") from None
    if not low <= value <= high:
        raise Misconfigured(f"{name}={value} is out of range; use {low} to {high}")
    return value
