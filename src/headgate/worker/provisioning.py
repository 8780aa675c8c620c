"""The loop that provisions people to outside systems: the runs that were asked for, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from headgate.kernel.context import Context
from headgate.kernel.logger import Log
from headgate.worker.rounds import TenantLoop


@dataclass(slots=True)
class ProvisioningLoop(TenantLoop):
    """A run that is left after a step is gone on with by another loop."""

    due: ClassVar[LiteralString] = "select tenant_id from headgate_due_provisioning(%s, %s)"
    log: ClassVar[Log] = Log("headgate.provisioning")

    def serve(self, ctx: Context) -> int:
        """1 when a run was worked on."""
        from headgate.connectors.provisioning.working import work_run  # loads a SCIM client, and few have a run

        return int(work_run(self.app.provisioner, ctx, self.owner, self._sleep, self.goes_on) is not None)

    def _sleep(self, seconds: float) -> bool:
        return not self._stop.wait(seconds)
