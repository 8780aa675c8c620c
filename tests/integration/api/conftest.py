"""The API over a channel of this test's own, and over one that a file's tests share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.api.world import World, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def world(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> World:
    """A tenant with masters, people, keys, a signing source, and the API before it."""
    return open_world(database, tenant, clock, tmp_path)


@pytest.fixture(scope="module")
def shared(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same for tests that change nothing which others look at."""
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path_factory.mktemp("shared"))


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of rates stands still, so that nothing is earned back while a test runs, however slowly."""
    monkeypatch.setattr("headgate.api.limits.monotonic", lambda: 1000.0)
