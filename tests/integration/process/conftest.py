"""A tenant whose orders several runners share."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.channel import Channel, open_channel


@pytest.fixture
def channel(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Channel:
    """A tenant ready to govern orders."""
    return open_channel(database, tenant, clock, tmp_path)
