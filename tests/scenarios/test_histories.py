"""What was decided once is decided the same way today, event for event, whatever the batches."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.ledger import verify_audit
from headgate.store import Database
from tests.histories import history
from tests.histories.plays import PLAYS
from tests.scenarios.channel import bare_channel

NAMES = sorted(file.parent.name for file in history.FOLDER.glob(f"*/{history.FILE}"))


def test_every_play_is_recorded() -> None:
    assert sorted(PLAYS) == NAMES


@pytest.mark.parametrize("batch", [1, 256])
@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_history_comes_out_the_same_today(
    database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path, name: str, batch: int
) -> None:
    recorded = history.load(name)
    channel = bare_channel(database, tenant, clock, tmp_path, history.pack_of(name))
    history.play(channel, recorded, batch)
    found = history.outcome(channel)
    for part, was in recorded["outcome"].items():
        assert found[part] == was, (
            f"{part} differs; is that meant? Then record it anew: scripts/record_history.py {name}"
        )
    assert set(found) == set(recorded["outcome"])
    with database.transaction(tenant) as conn:
        assert verify_audit(conn, checks=channel.app.content_checks()).ok
