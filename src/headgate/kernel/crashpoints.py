"""Named places at which a test kills this process, to prove that nothing is lost there.

They do nothing unless the environment says so: `HEADGATE_CRASHPOINT=advance.before_commit` makes the process end by
SIGKILL when it first comes by that place, `…@3` when it does for the third time. Never set it where work matters.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headgate.kernel.errors import Misconfigured

VARIABLE: Final = "HEADGATE_CRASHPOINT"

# Every place there is, and what has happened by then. tests/scenarios/crash kills a process at each of them.
POINTS: Final[Mapping[str, str]] = {
    "ingest.checked": "events are checked and routed, none is stored",
    "ingest.appended": "events are appended and not committed",
    "ingest.answering": "events are durable and the sender has no answer yet",
    "lanes.claimed": "lanes are leased and nothing is applied",
    "advance.fetched": "events are read and nothing is applied",
    "advance.half_written": "records are written; cases, commands and audit entries are not",
    "advance.applied": "everything is written and the events still stand in the inbox",
    "advance.before_commit": "everything is written and acknowledged, and not committed",
    "advance.after_commit": "the batch is durable and its lanes are still leased",
    "advance.put_off": "a failure is noted and not committed",
    "timers.taken": "due clocks are taken and their events are appended, not committed",
    "timers.committed": "due clocks have become events that nobody has applied",
    "jobs.done": "a periodic job is done and not committed",
    "backtest.weighed": "a slice of decisions is weighed again and nobody was told",
    "backtest.finished": "a backtest's whole result is written and not committed",
    "approval.voted": "a decision is appended and not committed",
    "approval.settling": "a decision is durable and not applied",
    "held.carrying": "a held decision has ended and become an event, not committed",
    "held.carried": "a held decision is durable as an event and not applied",
    "outbox.claimed": "commands are claimed and not handed over",
    "outbox.sent": "a command was handed over, and nobody wrote that down",
    "provisioning.planned": "the steps of a run are written and none is taken",
    "provisioning.sent": "a step was taken in the outside system, and nobody wrote that down",
    "provisioning.noted": "a step and its link are durable, and the run goes on",
    "outbox.marked": "how a delivery went is durable, and its case has not heard of it",
}


@dataclass(slots=True)
class _Armed:
    """The place to die at and how many more times it is passed alive."""

    name: str
    left: int


_lock = threading.Lock()


def _read(value: str) -> _Armed | None:
    if not value:
        return None
    name, _, times = value.partition("@")
    if name not in POINTS or (times and not (times.isdecimal() and int(times))):
        raise Misconfigured(f"{VARIABLE}={value!r} names no crash point; unset it")
    return _Armed(name, int(times or 1))


_armed = _read(os.environ.get(VARIABLE, ""))


def crashpoint(name: str) -> None:
    """End this process here, without any clean-up, if it was started to end here. Costs a comparison otherwise."""
    if _armed is None or _armed.name != name:
        return
    with _lock:
        _armed.left -= 1
        if _armed.left:
            return
        os.write(2, f"killed at crash point {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


__all__ = ["POINTS", "VARIABLE", "crashpoint"]
