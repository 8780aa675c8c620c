"""Periodic jobs: done for every tenant, one runner at a time, and none breaks another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from structlog.testing import capture_logs

from headgate.kernel.context import Context
from headgate.ledger import NewEvent, event_list
from tests.scenarios.channel import Channel


def told(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    """A job that tells the same thing each time."""
    data = {"order": "O-1", "reason": "the job says so"}
    return [NewEvent("job", "once", "order.recheck_requested", "O-1", "order:O-1", ctx.now, data, "system")]


def broken(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    conn.execute("select 1 / 0")
    return ()


def test_a_job_runs_within_its_tenant_and_its_events_enter_the_log(channel: Channel) -> None:
    seen: list[Any] = []

    def look(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        seen.append((ctx.tenant_id, ctx.principal.id, ctx.now))
        seen.append(conn.execute("select count(*) from tenants").fetchone())
        return told(conn, ctx)

    channel.app.engine.registry.jobs["look"] = look
    assert channel.runner.run_jobs(channel.tenant) == 1
    assert seen == [(channel.tenant, "system", channel.clock.now()), (1,)]
    with channel.app.database.transaction(channel.tenant) as conn:
        assert event_list(conn, source="job")[0].data["reason"] == "the job says so"


def test_a_job_that_breaks_is_told_of_and_stops_no_other(channel: Channel) -> None:
    channel.app.engine.registry.jobs |= {"a": broken, "b": told}
    with capture_logs() as logs:
        assert channel.runner.run_jobs(channel.tenant) == 1
    assert [(entry["job"], "division by zero" in entry["error"]) for entry in logs] == [("a", True)]


def test_a_lost_database_is_for_the_worker_to_wait_for(channel: Channel) -> None:
    def lost(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        raise psycopg.OperationalError("server closed the connection")

    channel.app.engine.registry.jobs["lost"] = lost
    with pytest.raises(psycopg.OperationalError):
        channel.runner.run_jobs(channel.tenant)


def test_two_runners_never_do_the_same_job_of_a_tenant_at_once(channel: Channel) -> None:
    other, rounds = channel.app.runner("other"), []

    def meet(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        rounds.append(ctx.now)
        if len(rounds) == 1:
            assert other.run_jobs(channel.tenant) == 0
        return ()

    channel.app.engine.registry.jobs["meet"] = meet
    channel.runner.run_jobs(channel.tenant)
    assert len(rounds) == 1
    other.run_jobs(channel.tenant)
    assert len(rounds) == 2
