"""Events and lanes for the ledger's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from headgate.ledger import NewEvent

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LANES = 4


@pytest.fixture
def make_event() -> Callable[..., NewEvent]:
    """An event with sensible fields; give those that matter."""

    def make(event_id: str = "1", **changes: Any) -> NewEvent:
        fields: dict[str, Any] = {
            "source": "shop",
            "event_id": event_id,
            "type": "thing.happened",
            "subject": "T-1",
            "key": "thing:1",
            "time": None,
            "data": {"thing": "T-1", "amount": "12.50"},
            "actor": "source:shop",
        }
        return NewEvent(**{**fields, **changes})

    return make
