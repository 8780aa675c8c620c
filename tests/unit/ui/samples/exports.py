"""Exports of everything: none yet, one under way, and how they end."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.access.tenancy import TenantExport
from headgate.console.present.exports import exports_view
from headgate.console.present.names import Names
from tests.unit.ui.samples.base import NOW, ago

READY = TenantExport(
    UUID(int=1),
    "ready",
    "user:olga@nordwind.example",
    ago(days=1),
    ago(days=1),
    ago(hours=23),
    1,
    118,
    118,
    4_812_907,
    903_441,
    1_903_441_222,
    1_816,
    "9f" * 32,
    "3b" * 32,
    "",
    ago(days=-6),
    None,
    None,
)
FAILED = replace(
    READY,
    export=UUID(int=2),
    status="failed",
    size=0,
    sha256="",
    expires_at=None,
    error="it would be larger than 20,000 MB, which is as much as <b>this</b> installation keeps",
)
REMOVED = replace(READY, export=UUID(int=3), status="removed", ended_by="user:tom@nordwind.example", ended_at=NOW)
OVER = replace(READY, export=UUID(int=4), expires_at=ago(hours=1))
RUNNING = replace(READY, export=UUID(int=5), status="running", tables_done=40, sha256="", expires_at=None)
QUEUED = replace(RUNNING, status="queued", tables=0, tables_done=0, rows=0, size=0)
NAMES = Names({}, {})

NONE = exports_view([], NAMES, NOW)
UNDER_WAY = exports_view([RUNNING, READY, FAILED, REMOVED, OVER], NAMES, NOW)
WAITING = exports_view([QUEUED], NAMES, NOW)
FULL = exports_view([replace(READY, export=UUID(int=n)) for n in (6, 7, 8)], NAMES, NOW)
REFUSED = replace(UNDER_WAY, error="An export is under way already. Wait for it, or cancel it.")
