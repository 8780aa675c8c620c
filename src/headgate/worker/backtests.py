"""The loop that weighs past decisions again: one run at a time, beside the lanes and never in their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from headgate.kernel.context import Context
from headgate.kernel.logger import Log
from headgate.worker.rounds import TenantLoop


@dataclass(slots=True)
class BacktestLoop(TenantLoop):
    """A run that is left when its next slice is read is begun anew by another loop."""

    due: ClassVar[LiteralString] = "select tenant_id from headgate_due_backtests(%s, %s)"
    log: ClassVar[Log] = Log("headgate.backtests")

    idle_seconds: float = 1.0

    def serve(self, ctx: Context) -> int:
        """One run; 1 when it came to an end."""
        app = self.app
        try:
            run = app.backtests.work(app.database, ctx, app.clock, self.owner, told=self._told)
        except _Stopped:
            return 0
        return 0 if run is None else 1

    def _told(self, _done: int, _total: int) -> None:
        if not self.goes_on():
            raise _Stopped


class _Stopped(BaseException):
    """The process ends; not an error of the run, so it is not marked as failed."""
