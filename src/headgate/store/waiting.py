"""Wait for what may come from several places at once."""

from __future__ import annotations

import select


def wait_for_any(files: list[int], seconds: float) -> bool:
    """Return when one of these open files has something to be read, or after so many seconds; whether one has.

    `select` would refuse a file beyond the 1024th that this process has open, and a server with that many connections
    has such files.
    """
    waiting = select.poll()
    for file in files:
        waiting.register(file, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
