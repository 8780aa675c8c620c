"""A channel with a portal in front of it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headgate.entry.web import create_web
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.integration.portal.site import Portal, open_partners
from tests.scenarios.channel import Channel, open_channel


@pytest.fixture
def channel(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Channel:
    """A tenant that governs orders and deals, on Monday 2 March 2026, 10:00 in Berlin."""
    return open_channel(database, tenant, clock, tmp_path)


@pytest.fixture
def portal(channel: Channel) -> Portal:
    """Somebody in front of the portal, not signed in."""
    slug = open_partners(channel)
    return Portal(channel, create_web(channel.app), slug)
