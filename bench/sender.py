"""A storefront in a process of its own: signed webhooks over kept connections, as fast as answered or at a steady rate.

`python -m bench.sender FILE` reads a job (JSON), sends, and writes what happened to each event back into the file:
when it was due, when it was answered (seconds of the machine's monotonic clock), its place in the log, and how often it
was told to come again later.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from headgate.access import sign

AGAIN_SECONDS = 0.05


@dataclass(slots=True)
class Sending:
    """A job under way."""

    address: str
    path: str
    secret: str
    bodies: list[bytes]
    rate: float  # events per second; 0 sends the next as soon as a connection is free
    start: float = 0.0
    results: list[tuple[float, float, int, int]] = field(default_factory=list)
    next: int = 0


def main(file: Path) -> None:
    """Send what the file asks for."""
    job = json.loads(file.read_text(encoding="utf-8"))
    bodies = [json.dumps(event, separators=(",", ":")).encode() for event in job["events"]]
    sending = Sending(job["address"], job["path"], job["secret"], bodies, job["rate"])
    asyncio.run(_send(sending, job["connections"]))
    file.write_text(json.dumps(sending.results), encoding="utf-8")


async def _send(sending: Sending, connections: int) -> None:
    sending.start = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_connection(sending))


async def _connection(sending: Sending) -> None:
    place = urlsplit(sending.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    while sending.next < len(sending.bodies):
        number = sending.next
        sending.next += 1
        due = time.monotonic()
        if sending.rate:
            # From when it was to be sent: a server that falls behind is not spared by a sender that waits for it.
            due = sending.start + number / sending.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        refused = 0
        while True:
            status, answer = await _request(sending, reader, writer, number)
            if status == 202:
                break
            if status not in (429, 503):
                raise RuntimeError(f"answered {status}: {answer[:300]!r}")
            refused += 1
            await asyncio.sleep(AGAIN_SECONDS)
        sending.results.append((due, time.monotonic(), _seq(json.loads(answer)), refused))
    writer.close()


async def _request(
    sending: Sending, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
) -> tuple[int, bytes]:
    body, at, message = sending.bodies[number], datetime.now(UTC), f"msg-{number}"
    writer.write(
        (
            f"POST {sending.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/cloudevents+json\r\n"
            f"content-length: {len(body)}\r\nwebhook-id: {message}\r\nwebhook-timestamp: {int(at.timestamp())}\r\n"
            f"webhook-signature: {sign(sending.secret, message, at, body)}\r\n\r\n"
        ).encode()
        + body
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
    return int(head.split(" ", 2)[1]), await reader.readexactly(length)


def _seq(answer: Any) -> int:
    return int(answer["events"][0]["seq"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
