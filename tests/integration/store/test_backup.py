"""A backup taken under load and brought back elsewhere: every row, the numbers given out, the secrets, the chain."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Conflict, Invalid, Misconfigured
from headgate.kernel.settings import Settings
from headgate.ledger import AuditDraft, NewEvent, append_audit, append_events, verify_audit
from headgate.store import Database, embedded, local_secret, open_database
from headgate.store.backup import Manifest, back_up, read_manifest, restore
from headgate.store.backup.manifest import MANIFEST, SECRETS
from scripts.schema import load_tables
from tests.conftest import NOW, create_tenant

pytestmark = pytest.mark.slow

PASSPHRASE = "correct horse battery staple"
KEY = "a-key-that-seals-everything"


def write(database: Database, tenant: UUID, number: int) -> None:
    """An event with its entry, with characters that a text format might lose."""
    with database.transaction(tenant) as conn:
        data = {"note": f"line\nbreak\ttab \\N \\. é 漢 {number}", "n": number}
        append_events(
            conn, NOW, [NewEvent("shop", uuid4().hex, "x.happened", "s", "k:1", None, data, "system")], lanes=4
        )
        append_audit(conn, NOW, [AuditDraft("x.noted", "thing", str(number), SYSTEM.id, data)])


@pytest.fixture
def filled(fresh_settings: Settings, fresh_database: Database) -> Settings:
    """An installation with two tenants and a secret."""
    local_secret(fresh_settings.home, "app_role_password")
    (fresh_settings.home / "secrets" / "envelope_key").write_text(KEY)
    for _ in range(2):
        tenant = create_tenant(fresh_database)
        for number in range(5):
            write(fresh_database, tenant, number)
    return fresh_settings


@pytest.fixture
def made(filled: Settings, tmp_path: Path) -> tuple[Path, Manifest]:
    """A backup of it."""
    path = tmp_path / "b.hgb"
    return path, back_up(filled, path, NOW, passphrase=PASSPHRASE)


@pytest.fixture
def elsewhere(server_home: Path) -> Settings:
    """An installation of its own, with an embedded server that has nothing in it."""
    return Settings(home=server_home)


@pytest.fixture
def opened(elsewhere: Settings) -> Iterator[Callable[[], Database]]:
    """Opens the database there."""
    databases: list[Database] = []

    def open_() -> Database:
        databases.append(open_database(elsewhere, load_tables))
        return databases[-1]

    yield open_
    for each in databases:
        each.close()


def contents(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table as text, read by who may read everything."""
    found = {}
    with psycopg.connect(settings.database_url) as conn:
        conn.execute("set role headgate_backup")
        names = [r[0] for r in conn.execute("select tablename from pg_tables where schemaname = 'public'")]
        for name in names:
            found[name] = sorted(r[0] for r in conn.execute(f'select t::text from "{name}" t'.encode()))
    return found


def test_everything_comes_back_in_another_server_and_the_chains_hold(
    filled: Settings, made: tuple[Path, Manifest], elsewhere: Settings, opened: Callable[[], Database]
) -> None:
    path, manifest = made
    assert path.stat().st_mode & 0o777 == 0o600
    restore(elsewhere, path, load_tables, passphrase=PASSPHRASE)
    database = opened()
    server = embedded.start(elsewhere.home)
    there = contents(replace(elsewhere, database_url=server.dsn()))
    server.release()
    assert there == contents(filled)
    assert len(there["events"]) == 10
    assert (elsewhere.home / "secrets" / "envelope_key").read_text() == KEY
    assert (elsewhere.home / "secrets" / "envelope_key").stat().st_mode & 0o777 == 0o600
    assert not (elsewhere.home / "secrets" / "app_role_password").exists()
    assert len(manifest.heads) == 2
    for head in manifest.heads:
        with database.transaction(UUID(head.tenant_id), read_only=True) as conn:
            report = verify_audit(conn)
        assert report.ok
        assert (report.head_seq, report.head_hash) == (head.seq, head.hash)


def test_numbers_go_on_where_they_were_and_row_security_stands(
    filled: Settings, made: tuple[Path, Manifest], elsewhere: Settings, opened: Callable[[], Database]
) -> None:
    path, manifest = made
    restore(elsewhere, path, load_tables, passphrase=PASSPHRASE)
    database = opened()
    first, second = (UUID(head.tenant_id) for head in manifest.heads)
    write(database, first, 99)
    with database.transaction(first, read_only=True) as conn:
        seqs = [r[0] for r in conn.execute("select seq from events order by seq")]
    with database.transaction(second, read_only=True) as conn:
        assert conn.execute("select count(*) from events").fetchone() == (5,)
    assert len(seqs) == 6
    assert seqs[-1] == 11


def test_what_is_written_meanwhile_is_wholly_in_or_wholly_out(
    filled: Settings, fresh_database: Database, tmp_path: Path, elsewhere: Settings, opened: Callable[[], Database]
) -> None:
    tenants = {head.tenant_id for head in back_up(filled, tmp_path / "1", NOW, passphrase=None).heads}

    def meanwhile(_step: str, _done: int, _total: int) -> None:
        for tenant in tenants:
            write(fresh_database, UUID(tenant), 7)

    made = back_up(filled, tmp_path / "2", NOW, passphrase=None, progress=meanwhile)
    assert {table.rows for table in made.tables if table.name in ("events", "inbox", "audit_entries")} == {10}
    restore(elsewhere, tmp_path / "2", load_tables, passphrase=None)
    for tenant in tenants:
        with opened().transaction(UUID(tenant), read_only=True) as conn:
            assert verify_audit(conn).ok


def test_secrets_are_not_in_the_file_in_the_clear(made: tuple[Path, Manifest]) -> None:
    with zipfile.ZipFile(made[0]) as archive:
        assert all(KEY.encode() not in archive.read(name) for name in archive.namelist())
        assert SECRETS in archive.namelist()


def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(filled: Settings, tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_text("mine")
    with pytest.raises(Conflict, match="overwrites nothing"):
        back_up(filled, path, NOW, passphrase=PASSPHRASE)
    assert path.read_text() == "mine"

    def fail(step: str, _done: int, _total: int) -> None:
        if step == "outbox":
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        back_up(filled, tmp_path / "c", NOW, passphrase=PASSPHRASE, progress=fail)
    assert {each.name for each in tmp_path.iterdir()} == {"b", "home"}


def test_a_restore_overwrites_no_database(filled: Settings, made: tuple[Path, Manifest], tmp_path: Path) -> None:
    before = contents(filled)
    with pytest.raises(Conflict, match="not empty"):
        restore(filled, made[0], load_tables, passphrase=PASSPHRASE)
    assert contents(filled) == before


def test_a_restore_overwrites_no_other_installations_secrets(made: tuple[Path, Manifest], elsewhere: Settings) -> None:
    local_secret(elsewhere.home, "envelope_key")
    with pytest.raises(Conflict, match="another secret"):
        restore(elsewhere, made[0], load_tables, passphrase=PASSPHRASE)
    assert not (elsewhere.home / "pgdata").exists()


def test_a_wrong_passphrase_changes_nothing(made: tuple[Path, Manifest], elsewhere: Settings) -> None:
    with pytest.raises(Invalid, match="does not open"):
        restore(elsewhere, made[0], load_tables, passphrase="another passphrase")
    assert list(elsewhere.home.iterdir()) == []


def test_a_short_passphrase_is_refused(filled: Settings, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="fewer than 12"):
        back_up(filled, tmp_path / "b", NOW, passphrase="short")
    assert not (tmp_path / "b").exists()


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a backup with some of its members changed, or left out (None)."""
    made = path.with_suffix(".changed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return made


def test_an_altered_row_is_noticed_and_nothing_is_restored(made: tuple[Path, Manifest], elsewhere: Settings) -> None:
    path = rewritten(made[0], lambda n, d: d.replace(b"x.happened", b"x.invented") if n == "tables/events.copy" else d)
    with pytest.raises(Invalid, match=r"another checksum.*events"):
        restore(elsewhere, path, load_tables, passphrase=PASSPHRASE)
    restore(elsewhere, made[0], load_tables, passphrase=PASSPHRASE)


def test_a_missing_table_and_a_file_that_is_no_backup_are_named(made: tuple[Path, Manifest], tmp_path: Path) -> None:
    path = rewritten(made[0], lambda n, d: None if n == "tables/events.copy" else d)
    with pytest.raises(Invalid, match=r"lacks tables/events\.copy"):
        read_manifest(path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Invalid, match="not a usable backup"):
        read_manifest(tmp_path / "text")


def test_a_backup_of_a_newer_release_is_refused(made: tuple[Path, Manifest], elsewhere: Settings) -> None:
    def newer(name: str, data: bytes) -> bytes:
        return json.dumps({**json.loads(data), "revision": "9999"}).encode() if name == MANIFEST else data

    with pytest.raises(Misconfigured, match="newer release"):
        restore(elsewhere, rewritten(made[0], newer), load_tables, passphrase=PASSPHRASE)


def test_a_format_of_the_future_is_refused(made: tuple[Path, Manifest]) -> None:
    def later(name: str, data: bytes) -> bytes:
        return json.dumps({**json.loads(data), "format": 2}).encode() if name == MANIFEST else data

    with pytest.raises(Invalid, match="format 2"):
        read_manifest(rewritten(made[0], later))


def test_the_applications_url_alone_cannot_back_up(fresh_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="HEADGATE_DATABASE_URL"):
        back_up(replace(fresh_settings, database_url=""), tmp_path / "b", NOW, passphrase=PASSPHRASE)
