"""Of a large batch parts are written while the rest is decided; what comes of it is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from headgate.ledger import NewEvent, verify_audit
from headgate.process import SubjectPort
from headgate.process.engine import PARTS, STREAMED
from headgate.process.registry import StreamingPort
from tests.scenarios.channel import Channel

MANY = PARTS * STREAMED + 6


@dataclass
class Counting:
    """Notes how many records were sent ahead at a time."""

    inner: StreamingPort
    sent: list[int] = field(default_factory=list)

    def load(self, *given: Any) -> object:
        return self.inner.load(*given)

    def apply(self, facts: object, records: Sequence[object]) -> None:
        self.inner.apply(facts, records)

    def send(self, conn: Connection[Any], facts: object, records: Sequence[object]) -> None:
        self.sent.append(len(records))
        self.inner.send(conn, facts, records)

    def flush(self, *given: Any) -> Sequence[NewEvent]:
        return self.inner.flush(*given)


def test_orders_that_were_sent_ahead_end_as_the_last_event_leaves_them(channel: Channel) -> None:
    ports: dict[str, SubjectPort] = channel.app.engine.registry.ports
    orders = ports["order"]
    assert isinstance(orders, StreamingPort)
    counting = ports["order"] = Counting(orders)
    for number in range(MANY):
        channel.order(f"O-{number}", ("S-1", str(number + 1), "10.00"))
    channel.amend("O-0", ("S-1", "7", "10.00"), ("S-2", "1", "10.00"))
    channel.send("order.cancelled", order="O-1", reason="never mind")
    assert channel.runner.drain(channel.tenant).events == MANY + 2
    assert counting.sent
    assert all(counting.sent)
    with channel.app.database.transaction(channel.tenant) as conn:
        orders_now = {row[0]: row[1:] for row in conn.execute("select order_no, revision, status from orders")}
        lines = conn.execute(
            "select product, quantity from order_lines where order_no = 'O-0' order by line"
        ).fetchall()
        stages = dict(conn.execute("select subject, stage from cases").fetchall())
        released = conn.execute("select subject from outbox where type = 'order.release' order by subject").fetchall()
        held = conn.execute("select distinct order_no from reservations where status = 'held'").fetchall()
        assert verify_audit(conn, checks=channel.app.content_checks()).ok
    assert {number for number, (revision, _) in orders_now.items() if revision == 2} == {"O-0"}
    assert [(product, str(quantity)) for product, quantity in lines] == [("S-1", "7"), ("S-2", "1")]
    assert orders_now["O-1"][1] == "cancelled"
    named = {"held": "exception", "flagged": "released"}
    assert {number: named.get(status, status) for number, (_, status) in orders_now.items()} == stages
    standing = {number for number, (_, status) in orders_now.items() if status in ("released", "flagged")}
    assert standing
    assert {number for (number,) in held} == standing
    assert {number for (number,) in released} >= standing
