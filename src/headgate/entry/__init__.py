"""F12: the process. Puts edges together that run side by side: console and API in one server, a worker beside them."""

from headgate.entry.main import main

__all__ = ["main"]
