"""Contexts and master events for the tests of the channel's nouns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest

from headgate.kernel.context import Context, Principal
from headgate.ledger import StoredEvent

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Recorded = Callable[..., StoredEvent]


@pytest.fixture
def as_user(tenant: UUID) -> Callable[..., Context]:
    """A context of the test's tenant: whose, and when."""

    def context(name: str = "ana", now: datetime = NOW) -> Context:
        return Context(tenant, Principal(f"user:{name}", "person", name), now)

    return context


@pytest.fixture
def ctx(as_user: Callable[..., Context]) -> Context:
    """Ana, Monday 2 March 2026, 09:00 UTC."""
    return as_user()


@pytest.fixture
def recorded() -> Recorded:
    """Makes a stored master event out of items (or other data), one sequence number after the other."""
    numbers = count(1)

    def event(*items: object, time: datetime = NOW, data: dict | None = None) -> StoredEvent:
        seq = next(numbers)
        body = {"items": list(items)} if data is None else data
        return StoredEvent(
            seq, "erp", str(seq), "x.recorded", "x", "control:masters", -1, time, time, body, "source:erp", "00"
        )

    return event
