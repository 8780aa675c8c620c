"""The loop that writes exports: serves who asked, removes what is over, and leaves one when told to stop."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from headgate.access.tenancy import ask_export, list_exports
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.settings import Settings
from headgate.store import Database
from headgate.wiring import build
from headgate.worker import ExportLoop


@pytest.fixture
def loop(database: Database, tmp_path: Path, clock: FixedClock) -> ExportLoop:
    """A loop over the worker's database."""
    return ExportLoop(build(Settings(home=tmp_path), clock, database))


def ask(loop: ExportLoop, tenant: UUID) -> None:
    with loop.app.database.transaction(tenant) as conn:
        ask_export(conn, Context(tenant, SYSTEM, loop.app.clock.now()))


def status(loop: ExportLoop, tenant: UUID) -> str:
    with loop.app.database.transaction(tenant) as conn:
        return list_exports(conn)[0].status


def test_it_writes_what_was_asked_for_and_removes_what_is_over(
    loop: ExportLoop, tenant: UUID, clock: FixedClock
) -> None:
    ask(loop, tenant)
    assert loop._serve(tenant) == 1
    assert status(loop, tenant) == "ready"
    while loop.step():
        pass
    assert status(loop, tenant) == "ready", "its time is not over"
    clock.move(timedelta(days=7))
    while loop.step():
        pass
    assert status(loop, tenant) == "removed"


def test_told_to_stop_it_leaves_the_export_to_another_and_returns(loop: ExportLoop, tenant: UUID) -> None:
    ask(loop, tenant)
    loop.stop()
    assert loop._serve(tenant) == 0
    assert status(loop, tenant) == "running", "begun, and not marked as failed"
    loop.run()
