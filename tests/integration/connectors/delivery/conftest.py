"""A tenant that may deliver to this machine, with a clock that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.access import Envelope
from headgate.connectors.delivery import (
    Courier,
    Done,
    Errand,
    Rules,
    Target,
    TargetDraft,
    WebhookPort,
    Wire,
    connections,
    create_target,
)
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import Command, CommandDraft, outbox_add, outbox_list
from headgate.store import Database
from tests.integration.connectors.delivery.receiver import Receiver, receiving

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = Rules(networks=(ip_network("127.0.0.0/8"),))


@dataclass(slots=True)
class Post:
    """An installation that delivers, as the tests speak of it."""

    database: Database
    tenant: UUID
    clock: FixedClock
    envelope: Envelope
    courier: Courier

    @property
    def ctx(self) -> Context:
        return Context(self.tenant, SYSTEM, self.clock.now())

    def target(self, url: str, code: str = "erp", **changes: Any) -> Target:
        purpose = changes.pop("purpose", "commands")
        with self.database.transaction(self.tenant) as conn:
            made, _ = create_target(
                conn,
                self.ctx,
                self.envelope,
                self.courier.ports,
                TargetDraft(code=code, url=url, **changes),
                purpose=purpose,
            )
        return made

    def want(self, *keys: str, target: str = "erp", **changes: Any) -> list[UUID]:
        drafts = [
            CommandDraft(
                **{
                    "target": target,
                    "type": "thing.release",
                    "subject": f"T-{key}",
                    "payload": {"amount": Decimal("1.10"), "key": key},
                    "idempotency_key": key,
                    **changes,
                }
            )
            for key in keys
        ]
        with self.database.transaction(self.tenant) as conn:
            return outbox_add(conn, self.clock.now(), drafts)

    def claim(self, code: str = "erp", slots: int = 10) -> list[Errand]:
        return self.courier.claim(self.tenant, code, slots)

    def deliver(self, code: str = "erp", slots: int = 10) -> list[Done]:
        done = [self.courier.send(errand) for errand in self.claim(code, slots)]
        if done:
            self.courier.record(self.tenant, done)
        return done

    def due(self) -> list[str]:
        """Targets of this tenant with something to send."""
        return [code for tenant, code in self.courier.due() if tenant == self.tenant]

    def commands(self, **filters: Any) -> list[Command]:
        with self.database.transaction(self.tenant) as conn:
            return outbox_list(conn, **filters)

    def state(self, code: str = "erp") -> Any:
        with self.database.transaction(self.tenant) as conn:
            return next(c for c in connections(conn, self.clock.now()) if c.target.code == code)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.transaction(self.tenant) as conn:
            return conn.execute(query.encode()).fetchall()

    def pass_time(self, **by: float) -> None:
        self.clock.move(timedelta(**by))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def post(database: Database, tenant: UUID, tmp_path: Path) -> Post:
    """Delivers for a tenant of the test's own, to this machine; jitter takes the whole pause."""
    clock = FixedClock(NOW)
    envelope = Envelope.from_home(tmp_path)
    courier = Courier(database, {"webhook": WebhookPort(HERE, Wire(HERE))}, envelope, clock, 4, lambda: 1.0)
    return Post(database, tenant, clock, envelope, courier)


@pytest.fixture
def make_post(post: Post) -> Callable[[Rules, Wire], Post]:
    """The same with other rules."""

    def make(rules: Rules, wire: Wire) -> Post:
        courier = Courier(
            post.database, {"webhook": WebhookPort(rules, wire)}, post.envelope, post.clock, 4, lambda: 1.0
        )
        return Post(post.database, post.tenant, post.clock, post.envelope, courier)

    return make
