"""The loop that looks whether the records that prove tenants' domains are still there, a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from headgate.kernel.context import Context
from headgate.kernel.logger import Log
from headgate.worker.rounds import TenantLoop


@dataclass(slots=True)
class DomainLoop(TenantLoop):
    """Domains that were taken and not looked at are due again when their lease is over."""

    due: ClassVar[LiteralString] = "select tenant_id from headgate_due_domains(%s, %s)"
    log: ClassVar[Log] = Log("headgate.domains")

    idle_seconds: float = 20.0

    def serve(self, ctx: Context) -> int:
        """How many were looked at."""
        return self.app.prover.round(ctx)
