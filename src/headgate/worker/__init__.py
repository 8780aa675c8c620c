"""F11: the loops that keep lanes, timers and reservations moving."""

from headgate.worker.loop import Worker

__all__ = ["Worker"]
