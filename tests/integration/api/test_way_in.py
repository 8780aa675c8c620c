"""The way in as its senders meet it: rates, changed secrets, traces, and a database that comes and goes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from headgate import access
from headgate.kernel import telemetry
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Invalid
from headgate.kernel.settings import Settings
from headgate.ledger import event_list
from headgate.store import Database, embedded
from tests.integration.api.conftest import NOW
from tests.integration.api.wire import connected, exchange, one, post, serving, signed
from tests.scenarios.api.world import BATCH, SOURCE, STRUCTURED, World, bearer, event, new_tenant, open_world, order

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OWN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def good(event_id: str, **changes: Any) -> bytes:
    """A good event of this id."""
    return json.dumps(event(event_id, order(event_id, customer_reference=event_id), **changes)).encode()


def stored(world: World) -> dict[str, Any]:
    """The order events in the log, by id."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return {e.event_id: e for e in event_list(conn, limit=500) if e.type.startswith("order.")}


def change(world: World, act: Callable[[Any], Any]) -> Any:
    """Act as an administrator, in another process as it were."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return act(conn)


# ── Rates ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("standing")
def test_a_source_that_sends_too_fast_is_told_how_long_to_rest_and_others_are_not(
    database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path
) -> None:
    world = open_world(database, tenant, clock, tmp_path, source_rate=1)
    assert world.send(*(event(f"b-{n}", order(f"B-{n}", customer_reference=str(n))) for n in range(40))).is_success
    refused = world.signed(good("e-1"))
    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/busy"
    assert int(refused.headers["retry-after"]) == 40
    assert "events per second" in refused.json()["detail"]
    other = world.client.post(
        "/v1/events", content=good("e-2"), headers={**bearer(world.keys["erp"]), "content-type": STRUCTURED}
    )
    assert other.status_code == 202
    assert "e-1" not in stored(world)


@pytest.mark.usefixtures("standing")
def test_a_tenant_shares_its_rate_among_its_sources_and_with_no_other_tenant(
    database: Database, tenant: UUID, make_tenant: Callable[[], UUID], clock: FixedClock, tmp_path: Path
) -> None:
    world = open_world(database, tenant, clock, tmp_path, tenant_rate=1)
    assert world.send(*(event(f"b-{n}", order(f"B-{n}", customer_reference=str(n))) for n in range(40))).is_success
    headers = {**bearer(world.keys["erp"]), "content-type": STRUCTURED}
    assert world.client.post("/v1/events", content=good("e-1"), headers=headers).status_code == 429
    app, slug = world.channel.app, ""
    other = make_tenant()
    with database.transaction(other) as conn:
        slug = access.get_tenant(conn).slug
        ctx = Context(other, SYSTEM, clock.now())
        secret = access.create_source(conn, ctx, app.envelope, source=SOURCE, name="Shop")
    answer = world.signed(json.dumps([]).encode(), source=f"{slug}/{SOURCE}", secret=secret, content_type=BATCH)
    assert answer.status_code == 202


@pytest.mark.usefixtures("standing")
def test_a_rate_of_its_own_holds_from_the_next_event_on_and_within_the_quota(world: World) -> None:
    assert world.signed(good("e-1")).status_code == 202
    change(world, lambda conn: access.set_rate(conn, world.context(), 1, most=100, source=SOURCE))
    assert world.signed(good("e-2")).status_code == 202
    world.send(*(event(f"b-{n}", order(f"B-{n}", customer_reference=str(n))) for n in range(40)))
    assert world.signed(good("e-3")).status_code == 429
    change(world, lambda conn: access.set_rate(conn, world.context(), 5, most=100))
    with pytest.raises(Invalid, match="between 1 and 5"):
        change(world, lambda conn: access.set_rate(conn, world.context(), 6, most=100, source=SOURCE))


@pytest.mark.slow
@pytest.mark.usefixtures("standing")
def test_a_key_that_asks_too_often_is_told_so_and_another_is_not(
    database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path
) -> None:
    world = open_world(database, tenant, clock, tmp_path, api_rate=1)
    statuses = [world.get("carl", "/v1/orders").status_code for _ in range(6)]
    assert statuses[:2] == [200, 200]
    refused = world.get("carl", "/v1/orders")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert world.get("cora", "/v1/orders").status_code == 200
    assert world.client.get("/health/live").status_code == 200


# ── What is kept of senders ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_that_is_disabled_sends_nothing_more_from_that_moment(world: World) -> None:
    assert world.signed(good("e-1")).status_code == 202
    change(world, lambda conn: access.set_source(conn, world.context(), SOURCE, status="disabled"))
    assert world.signed(good("e-2")).status_code == 401
    change(world, lambda conn: access.set_source(conn, world.context(), SOURCE, status="active"))
    assert world.signed(good("e-3")).status_code == 202
    assert set(stored(world)) == {"e-1", "e-3"}


def test_secrets_change_without_a_gap_and_a_retired_one_ends_at_once(world: World) -> None:
    app = world.channel.app
    assert world.signed(good("e-1")).status_code == 202
    fresh = change(world, lambda conn: access.rotate_source_secret(conn, world.context(), app.envelope, SOURCE))
    assert world.signed(good("e-2"), secret=fresh).status_code == 202
    assert world.signed(good("e-3")).status_code == 202
    change(world, lambda conn: access.retire_source_secrets(conn, world.context(), SOURCE))
    assert world.signed(good("e-4")).status_code == 401
    assert world.signed(good("e-5"), secret=fresh).status_code == 202


def test_a_source_is_known_as_soon_as_it_is_made(world: World) -> None:
    app = world.channel.app
    named = f"{world.slug}/late"
    assert world.signed(good("e-1"), source=named).status_code == 401
    secret = change(
        world, lambda conn: access.create_source(conn, world.context(), app.envelope, source="late", name="Late")
    )
    assert world.signed(good("e-1"), source=named, secret=secret).status_code == 202


def test_types_that_are_given_or_taken_count_from_the_next_event_on(world: World) -> None:
    returned = json.dumps(event("e-1", {"order": "O-1"}, type="return.submitted")).encode()
    assert world.signed(returned).status_code == 403
    change(world, lambda conn: access.set_source(conn, world.context(), SOURCE, types=["return.*"]))
    assert world.signed(returned).status_code == 422  # taken as far as its data
    assert world.signed(good("e-2")).status_code == 403


def test_a_key_that_is_revoked_sends_nothing_more_from_that_moment(world: World) -> None:
    headers = {**bearer(world.keys["erp"]), "content-type": STRUCTURED}
    assert world.client.post("/v1/events", content=good("e-1"), headers=headers).status_code == 202
    _, key_id, _ = access.parse_api_key(world.keys["erp"])
    change(world, lambda conn: access.revoke_api_key(conn, world.context(), key_id))
    assert world.client.post("/v1/events", content=good("e-2"), headers=headers).status_code == 401
    assert set(stored(world)) == {"e-1"}


# ── Traces and counts ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_trace_of_a_request_goes_on_in_its_events(world: World) -> None:
    for event_id, headers, extension in (
        ("e-1", {"traceparent": PARENT}, {}),
        ("e-2", {"traceparent": PARENT}, {"traceparent": OWN}),
        ("e-3", {"traceparent": "nonsense"}, {"traceparent": "nonsense"}),
        ("e-4", {"x-request-id": "r-4"}, {}),
    ):
        assert world.signed(good(event_id, **extension), headers=headers).status_code == 202
    found = {event_id: e.trace for event_id, e in stored(world).items()}
    assert (found["e-1"], found["e-2"], found["e-4"]) == (PARENT, OWN, "r-4")
    assert len(found["e-3"]) == 32


def test_what_comes_in_is_counted(world: World) -> None:
    telemetry.start_metrics()
    try:
        world.signed(good("e-1"))
        world.signed(good("e-1"))
        world.signed(good("e-1", subject="other"))
        world.signed(good("e-2"), secret="whsec_" + "QUFB" * 10)
        assert telemetry.sample("events_accepted_total") == 1
        assert telemetry.sample("events_repeated_total") == 1
        assert telemetry.sample("events_refused_total", reason="conflict") == 1
        assert telemetry.sample("events_refused_total", reason="unauthenticated") == 1
        assert telemetry.sample("ingest_group_size_count") == 3
    finally:
        telemetry.stop_metrics()


# ── A database that comes and goes ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def lonely(cluster: embedded.Server, fresh_settings: Settings, tmp_path: Path) -> Iterator[World]:
    """A world with a database of its own, which may be shut without anybody else noticing."""
    database = Database(fresh_settings.app_database_url, pool_size=4)
    yield open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path, ingest_seconds=60)
    database.close()


@contextmanager
def as_superuser(cluster: embedded.Server, settings: Settings) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A connection beside the database of these settings, and its name."""
    name = conninfo_to_dict(settings.database_url)["dbname"]
    with psycopg.connect(cluster.admin_dsn(), autocommit=True) as conn:
        yield conn, str(name)


@pytest.mark.slow
def test_a_database_that_is_gone_is_503_and_what_comes_after_it_is_back_is_stored_once(
    lonely: World, cluster: embedded.Server, fresh_settings: Settings
) -> None:
    app = lonely.channel.app
    hurried = replace(app, settings=replace(app.settings, ingest_seconds=2))
    with serving(hurried) as port, as_superuser(cluster, fresh_settings) as (conn, name):

        def send(event_id: str) -> Any:
            body = good(event_id)
            (answer,) = exchange(port, post(signed(lonely, body), body))
            return answer

        def send_until_taken(event_id: str) -> None:
            """As senders do: again after each 503, which is all that they are told."""
            for _ in range(60):
                status = send(event_id).status
                if status == 202:
                    return
                assert status == 503
            raise AssertionError("never taken")

        send_until_taken("e-1")
        conn.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(name)))
        conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        for number in range(3):
            gone = send(f"gone-{number}")
            assert gone.status == 503
            assert gone.problem()["type"] == "/problems/unavailable"
            assert int(gone.headers["retry-after"]) >= 1
        conn.execute(sql.SQL("alter database {} allow_connections true").format(sql.Identifier(name)))
        send_until_taken("e-2")
        send_until_taken("e-3")
    assert set(stored(lonely)) == {"e-1", "e-2", "e-3"}


def test_a_full_disk_is_503_with_nothing_half_written_and_it_recovers(
    lonely: World, cluster: embedded.Server, fresh_settings: Settings
) -> None:
    with (
        serving(lonely.channel.app) as port,
        as_superuser(cluster, fresh_settings) as (_, name),
        psycopg.connect(cluster.admin_dsn(name), autocommit=True) as conn,
    ):
        # After the event is written and before it is queued: the worst moment.
        conn.execute(
            "create function full_disk() returns trigger language plpgsql as"
            " $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$"
        )
        conn.execute("create trigger full_disk before insert on inbox for each row execute function full_disk()")
        body = good("e-1")
        (answer,) = exchange(port, post(signed(lonely, body), body))
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert b"extend file" not in answer.body
        assert stored(lonely) == {}
        conn.execute("drop trigger full_disk on inbox")
        (answer,) = exchange(port, post(signed(lonely, body), body))
        assert answer.status == 202
    assert set(stored(lonely)) == {"e-1"}


def test_many_senders_at_once_are_each_answered_and_every_event_is_there_once(world: World) -> None:
    with serving(world.channel.app) as port:

        def talk(who: int) -> list[int]:
            with connected(port) as made:
                found = []
                for number in range(25):
                    body = good(f"s-{who % 8}-{number}")  # two of each: every event is sent twice
                    made.sendall(post(signed(world, body), body, close=False))
                    found.append(one(made).status)
                return found

        with ThreadPoolExecutor(16) as pool:
            statuses = [s for part in pool.map(talk, range(16)) for s in part]
    assert statuses == [202] * 400
    assert len(stored(world)) == 200


def test_answers_are_sent_without_delay(world: World) -> None:
    with serving(world.channel.app) as port, connected(port) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        # Head and body in one piece: in two, the second would wait for the first to be acknowledged.
        assert made.recv(65536).endswith(b'{"status":"ok"}')
