"""A lane runner in a process of its own: `python runner_main.py <JSON>`.

Says `ready` and waits for a line before it begins. With `stop_at` it says `stopped` at the n-th time it comes to that
probe and stays there, in the middle of its transaction, to be killed or to be sent a line to go on. With `deadly` the
check of that order kills the process. Otherwise it works until nothing is left and prints how many events it applied.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from uuid import UUID

from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.process import ActionCall, ActionResult
from headgate.store import Database
from headgate.wiring import build


def main(given: dict[str, object]) -> None:
    """Run as told."""
    settings = Settings(
        home=Path(str(given["home"])), batch=int(str(given["batch"])), lease_seconds=int(str(given.get("lease", 15)))
    )
    database = Database(str(given["dsn"]), pool_size=3)
    app = build(settings, FixedClock(datetime.fromisoformat(str(given["now"]))), database=database)
    tenant, left = UUID(str(given["tenant"])), int(str(given.get("times", 1)))

    def probe(place: str) -> None:
        nonlocal left
        if place == given.get("stop_at"):
            left -= 1
            if left == 0:
                say("stopped")
                sys.stdin.readline()

    check = app.engine.registry.actions["order.check"]

    def act(call: ActionCall) -> ActionResult:
        if call.case.subject == given.get("deadly"):
            os.kill(os.getpid(), signal.SIGKILL)
        return check(call)

    app.engine.registry.actions["order.check"] = act
    runner = app.runner(str(given["owner"]), probe)
    say("ready")
    sys.stdin.readline()
    applied, idle = 0, 0
    while idle < 20:
        done = runner.run_tenant(tenant, wanted=int(str(given["wanted"])))
        applied += done.events
        idle = 0 if done.events else idle + 1
        if not done.events:
            threading.Event().wait(0.05)
    say(str(applied))
    app.close()


def say(text: str) -> None:
    """Tell the parent."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
