"""A channel with a console in front of it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headgate.console.app import create_console
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.integration.console.site import Visitor, open_accounts
from tests.scenarios.channel import Channel, open_channel


@pytest.fixture
def channel(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Channel:
    """A tenant ready to govern orders, on Monday 2 March 2026, 10:00 in Berlin."""
    return open_channel(database, tenant, clock, tmp_path)


@pytest.fixture
def visitor(channel: Channel) -> Visitor:
    """Somebody in front of the console, not signed in."""
    return Visitor(channel, create_console(channel.app), open_accounts(channel))


@pytest.fixture
def held(visitor: Visitor) -> Visitor:
    """The same, with order O-1 held 20 % below contract: a channel manager decides, then the finance director."""
    visitor.channel.order("O-1", ("S-1", "10", "8.00"), ("S-2", "1", "100.00"), customer_reference="PO 1")
    visitor.channel.govern()
    return visitor
