"""F11: the loops that keep lanes, timers, jobs, deliveries, backtests, exports, provisioning and domains moving."""

from headgate.worker.backtests import BacktestLoop
from headgate.worker.columns import ColumnLoop
from headgate.worker.delivery import Deliveries
from headgate.worker.domains import DomainLoop
from headgate.worker.exports import ExportLoop
from headgate.worker.jobs import JobLoop
from headgate.worker.loop import Worker
from headgate.worker.provisioning import ProvisioningLoop
from headgate.worker.sweeping import SweepLoop

__all__ = [
    "BacktestLoop",
    "ColumnLoop",
    "Deliveries",
    "DomainLoop",
    "ExportLoop",
    "JobLoop",
    "ProvisioningLoop",
    "SweepLoop",
    "Worker",
]
