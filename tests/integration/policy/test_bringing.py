"""A pack's policies come into force together for a tenant that is new to them, as if one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import DutyConflict, Invalid
from headgate.ledger import audit_list, verify_audit
from headgate.packs import find_pack, read_pack
from headgate.policy import PolicyService
from headgate.store import Database
from tests.integration.chained import LIMITS, RELEASE

FILES = read_pack(find_pack("order_governance")).policies
ROWS = "select to_jsonb(v) - 'tenant_id' from policy_versions v order by policy, version"
TEXTS = "select to_jsonb(t) - 'tenant_id' from policy_texts t order by policy, version"


@dataclass
class Shelf:
    """A tenant, and the service that brings policies to it."""

    database: Database
    tenant: UUID
    clock: FixedClock
    who: str = "user:bo"

    def __post_init__(self) -> None:
        self.service = PolicyService()

    def install(self, files: Sequence[tuple[str, str]], pack: str = "shipped@1") -> None:
        with self.database.transaction(self.tenant) as conn:
            self.service.install_all(conn, self.context, files, pack=pack)

    def install_each(self, files: Sequence[tuple[str, str]], pack: str = "shipped@1") -> None:
        with self.database.transaction(self.tenant) as conn:
            for file, text in files:
                self.service.install(conn, self.context, text, file=file, pack=pack)

    @property
    def context(self) -> Context:
        return Context(self.tenant, Principal(id=self.who, kind="user", name="Bo"), self.clock.now())

    def rows(self, query: str) -> list[Any]:
        with self.database.transaction(self.tenant) as conn:
            return [row for (row,) in conn.execute(query)]

    def story(self) -> list[tuple[Any, ...]]:
        with self.database.transaction(self.tenant) as conn:
            assert verify_audit(conn).ok
            entries = audit_list(conn, limit=1_000)
        return [(e.at, e.actor, e.action, e.subject_type, e.subject, e.body) for e in reversed(entries)]


@pytest.fixture
def shelf(database: Database, tenant: UUID, clock: FixedClock) -> Shelf:
    return Shelf(database, tenant, clock)


def test_together_they_leave_the_rows_texts_and_audit_entries_of_one_by_one(
    shelf: Shelf, make_tenant: Callable[[], UUID]
) -> None:
    other = Shelf(shelf.database, make_tenant(), shelf.clock)
    shelf.install(FILES)
    other.install_each(FILES)
    assert len(shelf.rows(ROWS)) == len(FILES)
    assert shelf.rows(ROWS) == other.rows(ROWS)
    assert shelf.rows(TEXTS) == other.rows(TEXTS)
    assert shelf.story() == other.story()
    assert len(shelf.story()) == 4 * len(FILES)


def test_they_are_brought_once_and_newer_ones_take_their_place_one_by_one(shelf: Shelf) -> None:
    shelf.install(FILES)
    before = shelf.rows(ROWS)
    shelf.clock.move(timedelta(days=1))
    shelf.install(FILES)
    assert shelf.rows(ROWS) == before
    file, text = FILES[0]
    name = before[0]["policy"]
    newer = text.replace("version: 1\n", "version: 7\n", 1)
    assert newer != text
    shelf.install(((file, newer), *FILES[1:]))
    after = shelf.rows(ROWS)
    assert len(after) == len(before) + 1
    changed = {r["policy"] for r in after if r not in before}
    assert len(changed) == 1, (name, changed)
    old, new = (next(r for r in after if r["policy"] in changed and r["version"] in v) for v in ((1,), (7,)))
    assert old["valid_until"] == new["valid_from"]


def test_nothing_comes_where_one_of_them_does_not_fit(shelf: Shelf) -> None:
    file, text = FILES[0]
    with pytest.raises(Invalid, match="no_such_hit"):
        shelf.install((*FILES[1:], (file, text.replace("hit: ", "hit: no_such_hit # ", 1))))
    assert shelf.rows(ROWS) == []
    assert shelf.story() == []


def test_a_source_that_is_nowhere_is_named_and_nothing_comes(shelf: Shelf) -> None:
    with pytest.raises(Invalid, match="limits"):
        shelf.install((("release.yaml", RELEASE),))
    assert shelf.rows(ROWS) == []
    shelf.install((("release.yaml", RELEASE), ("limits.yaml", LIMITS)))
    assert len(shelf.rows(ROWS)) == 2


def test_who_installs_cannot_be_the_pack(shelf: Shelf) -> None:
    shelf.who = "pack:shipped@1"
    with pytest.raises(DutyConflict):
        shelf.install(FILES)
    assert shelf.rows(ROWS) == []
