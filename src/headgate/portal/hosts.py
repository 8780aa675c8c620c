"""Whose portal a host is. Hosts are few and change seldom: all are read at once and kept for seconds."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import psycopg
from psycopg_pool import PoolClosed
from starlette.requests import HTTPConnection

from headgate.access import portal_hosts
from headgate.access.domains import NO_RULES, HostRules
from headgate.connectors.dns import rules_of
from headgate.kernel.errors import Busy
from headgate.kernel.settings import Settings
from headgate.store import Database
from headgate.ui.web import host_of

FRESH_SECONDS = 5.0


def hosts_for(database: Database, settings: Settings) -> Hosts:
    """The portals' hosts of an installation, without those of its console."""
    return Hosts(database, rules_of(settings))


@dataclass(slots=True)
class Hosts:
    """The hosts of all tenants' portals, read again when they are older than `fresh` seconds.

    One that `rules` reserve is no portal's, whatever a tenant has proved: the installation's console is found there.
    """

    database: Database
    rules: HostRules = NO_RULES
    fresh: float = FRESH_SECONDS
    _known: dict[str, UUID] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tenant_of(self, request: HTTPConnection) -> UUID | None:
        """The tenant whose portal is found under the request's host; None for a host that is no portal's."""
        return self.all().get(host_of(request.headers.get("host", "")))

    def all(self) -> dict[str, UUID]:
        """Every host with its tenant; those known before while the database cannot be asked."""
        with self._lock:
            if monotonic() - self._read_at >= self.fresh:
                # A database that does not answer is told by what a request is about, not by where it was sent.
                with suppress(psycopg.Error, PoolClosed, Busy, OSError):
                    self._known = portal_hosts(self.database, self.rules)
                self._read_at = monotonic()
            return self._known

    def known(self, host: str) -> bool | None:
        """Whether a host is a portal's, without asking the database; None when that has to be done first."""
        if monotonic() - self._read_at >= self.fresh:
            return None
        return host_of(host) in self._known
