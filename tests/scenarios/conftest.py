"""The channel of the scenarios."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.channel import Channel, open_channel


@pytest.fixture
def channel(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Channel:
    """A tenant ready to govern orders, on Monday 2 March 2026, 10:00 in Berlin."""
    return open_channel(database, tenant, clock, tmp_path)
