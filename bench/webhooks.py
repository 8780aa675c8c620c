"""What the benches over HTTP share: a source that may sign, its events, and a run of the sender in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.channel import TENANT, Channel, orders
from bench.processes import ROOT
from headgate import access
from headgate.kernel.context import SYSTEM

CONNECTIONS = 64
SENDER_SECONDS = 600


class Sent(NamedTuple):
    """What became of one event, in seconds of the machine's monotonic clock."""

    due: float
    answered: float
    seq: int
    refused: int

    @property
    def milliseconds(self) -> float:
        """From when it was to be sent until it was answered."""
        return 1000 * (self.answered - self.due)


def new_source(channel: Channel, name: str) -> str:
    """A source of the bench's tenant; its secret."""
    with channel.database.transaction(TENANT) as conn:
        return access.create_source(
            conn, channel.context(SYSTEM), channel.app.envelope, source=name, name=name, types=("order.submitted",)
        )


def order_events(source: str, first: int, count: int) -> list[dict[str, Any]]:
    """Orders as CloudEvents, numbered from `first` so that runs on one database do not repeat each other."""
    made = []
    for number, incoming in enumerate(orders(count, seed=first + 11), first):
        name = f"{source.upper()}-{number}"
        data = {**incoming.data, "order": name, "customer_reference": f"PO-{name}"}
        made.append(
            {"specversion": "1.0", "id": f"e-{number}", "source": source, "type": "order.submitted", "data": data}
        )
    return made


def send(address: str, source: str, secret: str, events: Sequence[dict[str, Any]], *, rate: float = 0) -> Sender:
    """Start the sender over these events."""
    return Sender(
        {
            "address": address,
            "path": f"/v1/events?source=bench/{source}",
            "secret": secret,
            "events": list(events),
            "rate": rate,
            "connections": CONNECTIONS,
        }
    )


class Sender:
    """A sender under way in its own process."""

    def __init__(self, job: dict[str, Any]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="headgate-bench-", delete=False) as file:
            json.dump(job, file)
        self._file = Path(file.name)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.sender", str(self._file)], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )

    def results(self) -> list[Sent]:
        """Wait for the end; what became of each event."""
        try:
            _, said = self.process.communicate(timeout=SENDER_SECONDS)
            if self.process.returncode:
                raise RuntimeError(f"the sender broke: {said[-600:]}")
            return [Sent(*row) for row in json.loads(self._file.read_text(encoding="utf-8"))]
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._file.unlink(missing_ok=True)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
