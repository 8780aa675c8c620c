"""Exports that a tenant's administrators ask for: one at a time, whole or not at all, for a week, and theirs alone."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.access import Envelope
from headgate.access.tenancy import (
    Exporter,
    LeftOff,
    Part,
    TenantExport,
    ask_export,
    bytes_of,
    check_export,
    end_export,
    exporting,
    forget_exports,
    get_export,
    list_exports,
    note_download,
    suspend_tenant,
    work_export,
)
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, NotFound
from headgate.ledger import audit_list, checkpoint_now
from headgate.store import Database, metadata
from tests.conftest import create_tenant
from tests.integration.access.conftest import NOW

ADMIN = "tenant_admin"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def exporter(database: Database, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exporter:
    """One that writes small pieces, so that there are several."""
    monkeypatch.setattr(exporting, "PIECE", 2048)
    envelope = Envelope.from_home(tmp_path)
    return Exporter(
        database,
        lambda: metadata,
        lambda conn, ctx: checkpoint_now(conn, ctx, envelope, lanes=4),
        clock,
        50_000_000,
        lambda *_: None,
    )


@pytest.fixture
def asked(database: Database, tenant: UUID, person: Any, acting: Callable[..., Context]) -> tuple[Context, UUID]:
    """An administrator, and the export that they asked for."""
    ada = acting(person("ada", ADMIN))
    with database.transaction(tenant) as conn:
        return ada, ask_export(conn, ada).export


def found(database: Database, tenant: UUID, export: UUID) -> TenantExport:
    with database.transaction(tenant, read_only=True) as conn:
        return get_export(conn, export)


def actions(database: Database, tenant: UUID) -> list[str]:
    """What was noted about exports, oldest first."""
    with database.transaction(tenant) as conn:
        return [e.action for e in audit_list(conn, subject_type="tenant_export", limit=50)][::-1]


def pieces(database: Database, tenant: UUID) -> int:
    with database.transaction(tenant) as conn:
        ((count,),) = conn.execute("select count(*) from tenant_export_pieces").fetchall()
    return int(count)


def test_it_is_asked_for_written_downloaded_and_removed_after_a_week(database, tenant, ctx, clock, exporter, asked):
    ada, export = asked
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="under way already"):
        ask_export(conn, ada)
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="is queued"):
        note_download(conn, ada, export)
    made = work_export(exporter, ctx, "w-1")
    assert made is not None
    assert made.status == "ready"
    assert work_export(exporter, ctx, "w-1") is None
    with database.transaction(tenant) as conn:
        taken = note_download(conn, ada, export)
    read = list(bytes_of(database, tenant, taken))
    assert len(read) == taken.pieces > 1
    assert max(map(len, read)) == 2048
    whole = b"".join(read)
    assert len(whole) == taken.size
    assert hashlib.sha256(whole).hexdigest() == taken.sha256
    manifest = check_export(io.BytesIO(whole))
    assert manifest["by"] == ada.principal.id
    assert (taken.tables_done, taken.entries) == (taken.tables, manifest["files"]["audit.bundle"]["rows"])
    assert taken.rows == sum(told["rows"] for name, told in manifest["files"].items() if name.startswith("tables/"))
    assert "tables/tenant_export_pieces.ndjson" not in manifest["files"]
    late = replace(ada, now=NOW + timedelta(days=7))
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="is removed"):
        note_download(conn, late, export)
    with database.transaction(tenant) as conn:
        assert forget_exports(conn, ctx) == 0
        assert forget_exports(conn, replace(ctx, now=late.now)) == 1
    assert pieces(database, tenant) == 0
    with pytest.raises(Conflict, match="while it was read"):
        list(bytes_of(database, tenant, taken))
    noted = ["asked", "made", "downloaded", "removed"]
    assert actions(database, tenant) == [f"tenant_export.{each}" for each in noted]


def test_only_so_many_are_kept_and_one_that_is_removed_makes_room(database, tenant, ctx, exporter, asked):
    ada, first = asked
    work_export(exporter, ctx, "w-1")
    for _ in range(2):
        with database.transaction(tenant) as conn:
            ask_export(conn, ada)
        work_export(exporter, ctx, "w-1")
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="Remove one first"):
        ask_export(conn, ada)
    before = pieces(database, tenant)
    with database.transaction(tenant) as conn:
        assert end_export(conn, ada, first).status == "removed"
        ask_export(conn, ada)
    assert pieces(database, tenant) < before
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="removed already"):
        end_export(conn, ada, first)


def test_one_whose_process_died_is_begun_anew_by_another_and_given_up_in_the_end(
    database, tenant, ctx, clock, exporter, asked
):
    _, export = asked
    told = iter([True, True, True, False])
    with pytest.raises(LeftOff):
        work_export(exporter, ctx, "w-1", lambda: next(told))
    left = pieces(database, tenant)
    assert left > 0
    assert found(database, tenant, export).status == "running"
    assert work_export(exporter, ctx, "w-2") is None, "its lease is not over"
    clock.move(timedelta(seconds=61))
    made = work_export(exporter, ctx, "w-2")
    assert made is not None
    assert (made.status, made.attempts) == ("ready", 2)
    check_export(io.BytesIO(b"".join(bytes_of(database, tenant, made))))
    with database.transaction(tenant) as conn:
        conn.execute("update tenant_exports set status = 'running', attempts = 3, lease_until = null")
    given_up = work_export(exporter, ctx, "w-3")
    assert given_up is not None
    assert given_up.status == "failed"
    assert "3 times" in given_up.error
    assert pieces(database, tenant) == 0


def test_one_that_is_cancelled_is_not_written(database, tenant, ctx, exporter, asked):
    ada, export = asked
    with database.transaction(tenant) as conn:
        end_export(conn, ada, export)
    assert work_export(exporter, ctx, "w-1") is None
    assert found(database, tenant, export).status == "cancelled"
    assert actions(database, tenant)[-1] == "tenant_export.cancelled"


def test_one_that_was_cancelled_behind_its_writer_s_back_is_let_go(database, tenant, ctx, exporter, asked):
    _, export = asked

    def sign(conn: Any, signer: Context) -> None:
        exporter.sign(conn, signer)
        with database.transaction(tenant) as other:
            other.execute("update tenant_exports set status = 'cancelled', owner = null where export = %s", [export])

    with pytest.raises(LeftOff):
        work_export(replace(exporter, sign=sign), ctx, "w-1")
    assert found(database, tenant, export).status == "cancelled"
    assert pieces(database, tenant) == 0


def test_one_that_grows_too_large_fails_and_says_why(database, tenant, ctx, exporter, asked):
    failed = work_export(replace(exporter, most_bytes=3000), ctx, "w-1")
    assert failed is not None
    assert failed.status == "failed"
    assert "headgate tenant export" in failed.error
    assert pieces(database, tenant) == 0
    assert actions(database, tenant)[-1] == "tenant_export.failed"


def test_what_is_no_error_of_ours_is_raised_and_the_export_marked(database, tenant, ctx, exporter, asked):
    def breaks(_conn: Any, _ctx: Context) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work_export(replace(exporter, sign=breaks), ctx, "w-1")
    assert found(database, tenant, asked[1]).error == "it broke; the log of the worker says how"


def test_nobody_else_has_any_of_it(database, tenant, ctx, exporter, asked):
    ada, export = asked
    made = work_export(exporter, ctx, "w-1")
    assert made is not None
    other = create_tenant(database)
    with database.transaction(other) as conn:
        assert list_exports(conn) == []
        with pytest.raises(NotFound):
            note_download(conn, replace(ada, tenant_id=other), export)
    with pytest.raises(Conflict):
        list(bytes_of(database, other, made))
    with database.transaction(tenant, partner="P-1") as conn:
        assert list_exports(conn) == []
        assert conn.execute("select count(*) from tenant_export_pieces").fetchone() == (0,)
    guest = replace(ada, principal=Principal("guest:westhafen/olga@x.example", "person", "Olga", frozenset({ADMIN})))
    with database.transaction(tenant) as conn:
        with pytest.raises(Forbidden, match="guests"):
            note_download(conn, guest, export)
        with pytest.raises(Forbidden, match="guests"):
            ask_export(conn, guest)


def test_a_tenant_that_is_shut_still_gets_its_export_and_other_places_pass_it_over(database, tenant, ctx, asked):
    due = "select tenant_id from headgate_due_exports(%s, 1000)"
    with database.transaction(tenant) as conn:
        suspend_tenant(conn, ctx, "unpaid")
        conn.execute("update tenants set residency = 'eu'")
    with database.scan() as conn:
        assert (tenant,) in conn.execute(due, [NOW]).fetchall()
        conn.execute("select set_config('headgate.residency', 'us', true)")
        assert (tenant,) not in conn.execute(due, [NOW]).fetchall()
        conn.execute("select set_config('headgate.residency', 'eu', true)")
        assert (tenant,) in conn.execute(due, [NOW]).fetchall()


def test_a_part_is_read_from_the_pieces_it_lies_in(
    database: Database, tenant: UUID, exporter: Exporter, asked: tuple[Context, UUID]
) -> None:
    ctx, export = asked
    work_export(exporter, ctx, "w")
    made = found(database, tenant, export)
    whole = b"".join(bytes_of(database, tenant, made))
    assert made.pieces > 2
    assert len(whole) == made.size
    for first, last in ((0, 0), (2047, 2048), (2048, 4095), (2049, 6000), (made.size - 1, made.size - 1)):
        assert b"".join(bytes_of(database, tenant, made, Part(first, last))) == whole[first : last + 1]
