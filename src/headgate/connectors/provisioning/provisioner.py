"""What runs of provisioning are done with. Wired at each start, so it loads nothing of SCIM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headgate.access import Sealer
from headgate.connectors.delivery import Rules, Wire
from headgate.kernel.clock import Clock
from headgate.store import Database


@dataclass(frozen=True, slots=True)
class Provisioner:
    """What is needed to do runs."""

    database: Database
    wire: Wire
    sealer: Sealer
    clock: Clock
    chance: Callable[[], float]

    @property
    def rules(self) -> Rules:
        """Where this installation may send to."""
        return self.wire.rules
