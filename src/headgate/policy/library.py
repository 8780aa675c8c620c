"""Stored policy versions as they are read: listed, their texts, compiled, and which are in force when."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg import Connection

from headgate.policy import repo
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.examples import ExampleResult, run_examples
from headgate.policy.core.lifecycle import PolicyVersion
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.kept import Kept
from headgate.policy.versions import read, unknown, version_of
from headgate.store import Later


class Library:
    """Reads versions. It keeps compiled policies by digest, shared by all tenants, and nothing else."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept or Kept()

    def list(self, conn: Connection) -> Sequence[PolicyVersion]:
        """Every version of every policy, newest version first within a policy."""
        return [version_of(row) for row in conn.execute(repo.LIST)]

    def to_review(self, conn: Connection, who: str, limit: int) -> Sequence[PolicyVersion]:
        """Versions in review that this principal has not written at, the longest waiting first."""
        return [version_of(row) for row in conn.execute(repo.IN_REVIEW, {"who": who, "limit": limit})]

    def versions(self, conn: Connection, policy: str) -> Sequence[PolicyVersion]:
        """The versions of one policy, newest first; empty when there is none."""
        return [version_of(row) for row in conn.execute(repo.VERSIONS, {"policy": policy})]

    def get(self, conn: Connection, policy: str, version: int) -> PolicyVersion:
        """One version. Raises `NotFound`."""
        return read(conn, policy, version)

    def text(self, conn: Connection, policy: str, version: int) -> str:
        """The text as authored. Raises `NotFound`."""
        row = conn.execute(repo.BODY, {"policy": policy, "version": version}).fetchone()
        if row is None:
            raise unknown(policy, version)
        (body,) = row
        return str(body)

    def texts(self, conn: Connection, versions: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """The texts of those of these (policy, version) that exist; one query."""
        pairs = sorted(set(versions))
        if not pairs:
            return {}
        wanted = {"policy": [p for p, _ in pairs], "version": [v for _, v in pairs]}
        return {(policy, version): body for policy, version, body in conn.execute(repo.TEXTS_OF, wanted)}

    def compiled(self, conn: Connection, policy: str, version: int) -> CompiledPolicy:
        """A version ready to evaluate, whatever its status; its `table` is what the text says. Raises `NotFound`."""
        text = self.text(conn, policy, version)
        return self._kept.compile({hashlib.sha256(text.encode()).digest(): text}).popitem()[1]

    def compiled_many(
        self, conn: Connection, versions: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], CompiledPolicy]:
        """Those of these (policy, version) that exist, ready to evaluate, whatever their status; one query."""
        pairs = sorted(set(versions))
        if not pairs:
            return {}
        rows = conn.execute(repo.BODIES_OF, {"policy": [p for p, _ in pairs], "version": [v for _, v in pairs]})
        found = self._kept.compile({bytes(digest): body for digest, body in rows})
        return {(each.policy, each.version): each for each in found.values()}

    def run_tests(self, conn: Connection, policy: str, version: int) -> tuple[ExampleResult, ...]:
        """Run the examples that ship with a version. Raises `NotFound`."""
        return run_examples(self.compiled(conn, policy, version))

    def active(self, conn: Connection, at: datetime) -> PolicySet:
        """The policies in force at an instant: one small query, texts fetched and compiled once per digest."""
        return self.ask_active(conn, at)()

    def ask_active(self, conn: Connection, at: datetime) -> Later[PolicySet]:
        """`active`, not waited for yet."""
        asked = conn.execute(repo.IN_FORCE, {"at": at})
        return lambda: self._kept.set_of(conn, tuple(bytes(digest) for (digest,) in asked))

    def during(self, conn: Connection, start: datetime, until: datetime | None = None) -> dict[datetime, PolicySet]:
        """The policies in force at an instant, and at each (before `until`) at which a version starts or ends."""
        rows = conn.execute(repo.DURING, {"start": start, "until": until}).fetchall()
        compiled = self._kept.known(conn, {bytes(digest) for digest, *_ in rows})
        found = {}
        turns = {at for _, *window in rows for at in window if at is not None and start < at}
        for at in sorted({start, *(at for at in turns if until is None or at < until)}):
            decide = [bytes(d) for d, begins, ends in rows if begins <= at and (ends is None or at < ends)]
            found[at] = PolicySet({compiled[digest].policy: compiled[digest] for digest in decide})
        return found
