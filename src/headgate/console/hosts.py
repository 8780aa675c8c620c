"""Whose console a host is: whoever runs the installation says so (`HEADGATE_CONSOLE_HOSTS`), and nobody else can."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from starlette.requests import HTTPConnection

from headgate.access import find_tenant
from headgate.kernel.errors import NotFound
from headgate.kernel.logger import Log
from headgate.store import Database
from headgate.ui.web import host_of

FRESH_SECONDS = 60.0
log = Log("headgate.console")


@dataclass(slots=True)
class ConsoleHosts:
    """The hosts that belong to one tenant, by its short name. A tenant that is found is remembered for a while."""

    database: Database
    slugs: Mapping[str, str]
    fresh: float = FRESH_SECONDS
    _known: dict[str, tuple[float, UUID | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tenant_of(self, request: HTTPConnection) -> UUID | None:
        """The tenant whose console is found under the request's host; None for a host of everybody."""
        slug = self.slugs.get(host_of(request.headers.get("host", ""))) if self.slugs else None
        if slug is None:
            return None
        with self._lock:
            read_at, found = self._known.get(slug, (float("-inf"), None))
        if monotonic() - read_at < self.fresh:
            return found
        found = self._find(slug)
        with self._lock:
            self._known[slug] = (monotonic(), found)
        return found

    def _find(self, slug: str) -> UUID | None:
        try:
            return find_tenant(self.database, slug)
        except NotFound:
            log.warning("HEADGATE_CONSOLE_HOSTS names a tenant that there is not", tenant=slug)
            return None
