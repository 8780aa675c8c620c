"""The loop that writes exports: serves who asked, removes what is over, and leaves one when told to stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from headgate.access import create_person, grant_role, load_principal
from headgate.access.mailing import choose_language, want_kind
from headgate.access.tenancy import ask_export, list_exports
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.settings import Settings
from headgate.ledger import outbox_list
from headgate.store import Database
from headgate.wiring import App, build
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
    assert loop.serve_one(tenant) == 1
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
    assert loop.serve_one(tenant) == 0
    assert status(loop, tenant) == "running", "begun, and not marked as failed"
    loop.run()


def test_who_asked_is_written_to_once_it_is_ready_or_has_failed(
    tenant: UUID, database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    app = build(Settings(home=tmp_path, public_url="https://hg.example"), clock, database)
    who = "user:ada@nordwind.example"
    with database.transaction(tenant) as conn:
        ctx = Context(tenant, SYSTEM, clock.now())
        create_person(conn, ctx, email="ada@nordwind.example", name="Ada")
        grant_role(conn, ctx, who, "tenant_admin")
        choose_language(conn, replace(ctx, principal=load_principal(conn, who, clock.now())), "de")

    def ask_and_work(working: App) -> list[Written]:
        with database.transaction(tenant) as conn:
            ask_export(conn, Context(tenant, load_principal(conn, who, clock.now()), clock.now()))
        ExportLoop(working).serve_one(tenant)
        ExportLoop(working).serve_one(tenant)
        with database.transaction(tenant) as conn:
            return [opened(working.envelope, row.payload)[0] for row in outbox_list(conn, target="mail")]

    tight = replace(app, exporter=replace(app.exporter, most_bytes=1000))
    [failed] = ask_and_work(tight)
    assert (failed.to, failed.subject) == ("ada@nordwind.example", "Ihr Export ist fehlgeschlagen")
    ready = next(each for each in ask_and_work(app) if each != failed)
    assert ready.subject == "Ihr Export ist fertig"
    assert ready.link == "https://hg.example/exports"
    assert "/mails/" in ready.stop
    with database.transaction(tenant) as conn:
        want_kind(conn, Context(tenant, SYSTEM, clock.now()), who, "exports", wanted=False, by="test")
    assert len(ask_and_work(app)) == 2, "not who wants none"
