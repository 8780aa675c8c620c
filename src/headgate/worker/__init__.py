"""F11: the loops that keep lanes, timers, reservations and deliveries moving."""

from headgate.worker.delivery import Deliveries
from headgate.worker.loop import Worker

__all__ = ["Deliveries", "Worker"]
