"""The loop that writes the exports that tenants ask for, one at a time, and removes those whose time is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from headgate.access.tenancy import LeftOff, forget_exports, work_export
from headgate.kernel.context import Context
from headgate.kernel.logger import Log
from headgate.worker.rounds import TenantLoop


@dataclass(slots=True)
class ExportLoop(TenantLoop):
    """An export that is left at its next piece is begun anew by another loop."""

    due: ClassVar[LiteralString] = "select tenant_id from headgate_due_exports(%s, %s)"
    log: ClassVar[Log] = Log("headgate.exports")

    def serve(self, ctx: Context) -> int:
        """How many exports were written or removed."""
        with self.app.database.transaction(ctx.tenant_id) as conn:
            removed = forget_exports(conn, ctx)
        try:
            made = work_export(self.app.exporter, ctx, self.owner, self.goes_on)
        except LeftOff:
            return 0
        return removed + (made is not None)
