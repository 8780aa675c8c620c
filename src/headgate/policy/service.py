"""Policy versions: drafting, review, approval by a second person, effect in time, and what is in force when."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from psycopg import Connection

from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.ledger import AuditDraft, append_audit
from headgate.policy import repo
from headgate.policy.core.compile import CompiledPolicy, compile_policy
from headgate.policy.core.examples import ExampleResult, run_examples
from headgate.policy.core.lifecycle import (
    PolicyVersion,
    Window,
    expect_digest,
    expect_second_person,
    expect_status,
    windows,
)
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.parse import parse_policy
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.lint import lint

MOST_KEPT = 512  # compiled texts, and sets of them

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A saved draft and what the lints remarked that does not stop it."""

    version: PolicyVersion
    remarks: tuple[Issue, ...]


class PolicyService:
    """Use cases over policy versions. It keeps compiled policies by digest, shared by all tenants, and nothing else.

    Whether the principal may author or approve is checked by the caller; that author and approver differ, here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: OrderedDict[bytes, CompiledPolicy] = OrderedDict()
        self._sets: OrderedDict[tuple[bytes, ...], PolicySet] = OrderedDict()

    def draft(self, conn: Connection, ctx: Context, text: str, *, file: str = "", pack: str = "") -> Drafted:
        """Save a text as a draft; its author may replace it until it is submitted. Saving the same text again is fine.

        Raises `Invalid` listing every error that parser and lints found, `Conflict` when that version number is taken.
        """
        table, issues = _linted(text, file or "policy.yaml")
        errors = [i for i in issues if i.severity == "error"]
        if errors:
            raise refuse(errors)
        saved = self._save(conn, ctx, table, text, pack)
        return Drafted(saved, tuple(i for i in issues if i.severity != "error"))

    def _save(self, conn: Connection, ctx: Context, table: PolicyTable, text: str, pack: str) -> PolicyVersion:
        known = _locked(conn, table.policy)
        same = next((v for v in known if v.version == table.version), None)
        if same is not None and same.digest == table.digest:
            return same
        if same is None and known and table.version < known[-1].version:
            raise Conflict(f"{table.policy} has a version {known[-1].version}; number this one {known[-1].version + 1}")
        row = conn.execute(
            repo.SAVE_DRAFT,
            {
                "policy": table.policy,
                "version": table.version,
                "title": table.title,
                "body": text,
                "digest": bytes.fromhex(table.digest),
                "author": ctx.principal.id,
                "now": ctx.now,
                "pack": pack,
            },
        ).fetchone()
        if row is None:
            raise Conflict(
                f"{table.policy} version {table.version} is {same.status if same else 'taken'} with another text; "
                f"number this one {(known[-1].version if known else table.version) + 1}"
            )
        saved = PolicyVersion(*row)
        _audit(conn, ctx, "policy.drafted", saved)
        return saved

    def submit(self, conn: Connection, ctx: Context, policy: str, version: int) -> PolicyVersion:
        """Hand a draft to review; from here on its text stands. Raises `NotFound`, `Conflict`."""
        found = _pick(_locked(conn, policy), policy, version)
        expect_status(found, "draft", "submit")
        after = _set_status(conn, found, "in_review")
        _audit(conn, ctx, "policy.submitted", after)
        return after

    def send_back(self, conn: Connection, ctx: Context, policy: str, version: int, reason: str) -> PolicyVersion:
        """Give a version under review back to its author. Raises `NotFound`, `Conflict`, `Invalid` without a reason."""
        if not reason.strip():
            raise invalid("reason", reason, "is missing", "Say what the author should change.")
        found = _pick(_locked(conn, policy), policy, version)
        expect_status(found, "in_review", "send back")
        after = _set_status(conn, found, "draft")
        _audit(conn, ctx, "policy.sent_back", after, reason=reason)
        return after

    def approve(
        self,
        conn: Connection,
        ctx: Context,
        policy: str,
        version: int,
        *,
        digest: str | None = None,
        on_behalf_of: str | None = None,
    ) -> PolicyVersion:
        """Approve a version under review; `digest` (hex) is of the text that the approver read.

        Raises `DutyConflict` when the approver, or whom they act for, is the author; `Stale` when the text is not the
        one read; `NotFound`, `Conflict`.
        """
        found = _pick(_locked(conn, policy), policy, version)
        expect_status(found, "in_review", "approve")
        expect_second_person(found, ctx.principal.id, on_behalf_of)
        expect_digest(found, digest)
        after = _set_status(conn, found, "approved", ctx.principal.id)
        _audit(conn, ctx, "policy.approved", after, on_behalf_of=on_behalf_of)
        return after

    def activate(
        self, conn: Connection, ctx: Context, policy: str, version: int, valid_from: datetime | None = None
    ) -> PolicyVersion:
        """Let an approved version decide from `valid_from` (left out: now) on; the one before ends there.

        Raises `Invalid` for a start in the past, `Conflict`, `NotFound`.
        """
        versions = _locked(conn, policy)
        found = _pick(versions, policy, version)
        expect_status(found, "approved", "activate")
        window, ended = windows(versions, version, valid_from or ctx.now, ctx.now)
        _set_windows(conn, policy, [window, *ended])
        after = _set_status(conn, found, "active")
        details = {
            "valid_from": window.valid_from,
            "valid_until": window.valid_until,
            "ends": [e.version for e in ended],
        }
        _audit(conn, ctx, "policy.activated", after, **details)
        return after

    def retire(self, conn: Connection, ctx: Context, policy: str, version: int, reason: str = "") -> PolicyVersion:
        """End an active version now; nothing takes its place. Raises `NotFound`, `Conflict`."""
        found = _pick(_locked(conn, policy), policy, version)
        expect_status(found, "active", "retire")
        assert found.valid_from is not None, "an active version has a start"
        until = ctx.now if found.valid_until is None else min(found.valid_until, ctx.now)
        # One that was still to start ends where it would have started, so it never decides.
        window = Window(version, found.valid_from, max(until, found.valid_from))
        _set_windows(conn, policy, [window])
        after = _set_status(conn, found, "retired")
        _audit(conn, ctx, "policy.retired", after, valid_until=window.valid_until, reason=reason)
        return after

    def install(self, conn: Connection, ctx: Context, text: str, *, file: str = "", pack: str) -> PolicyVersion:
        """Bring a pack's policy into force at once: the pack is its author, the principal approves and activates it.

        Does nothing when the tenant has that version or a newer one already, whatever it did with it. Raises as
        `draft`.
        """
        table = parse_policy(text, file or "policy.yaml")
        known = self.versions(conn, table.policy)
        newer = [v for v in known if v.version >= table.version]
        if newer:
            return newer[-1]
        packed = replace(ctx, principal=Principal(id=f"pack:{pack}", kind="system", name=pack))
        self.draft(conn, packed, text, file=file, pack=pack)
        self.submit(conn, packed, table.policy, table.version)
        self.approve(conn, ctx, table.policy, table.version)
        return self.activate(conn, ctx, table.policy, table.version)

    def list(self, conn: Connection) -> Sequence[PolicyVersion]:
        """Every version of every policy, newest version first within a policy."""
        return [PolicyVersion(*row) for row in conn.execute(repo.LIST)]

    def versions(self, conn: Connection, policy: str) -> Sequence[PolicyVersion]:
        """The versions of one policy, newest first; empty when there is none."""
        return [PolicyVersion(*row) for row in conn.execute(repo.VERSIONS, {"policy": policy})]

    def get(self, conn: Connection, policy: str, version: int) -> PolicyVersion:
        """One version. Raises `NotFound`."""
        row = conn.execute(repo.GET, {"policy": policy, "version": version}).fetchone()
        if row is None:
            raise _unknown(policy, version)
        return PolicyVersion(*row)

    def text(self, conn: Connection, policy: str, version: int) -> str:
        """The text as authored. Raises `NotFound`."""
        row = conn.execute(repo.BODY, {"policy": policy, "version": version}).fetchone()
        if row is None:
            raise _unknown(policy, version)
        (body,) = row
        return str(body)

    def compiled(self, conn: Connection, policy: str, version: int) -> CompiledPolicy:
        """A version ready to evaluate, whatever its status; its `table` is what the text says. Raises `NotFound`."""
        text = self.text(conn, policy, version)
        return self._compile({hashlib.sha256(text.encode()).digest(): text}).popitem()[1]

    def compiled_many(
        self, conn: Connection, versions: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], CompiledPolicy]:
        """Those of these (policy, version) that exist, ready to evaluate, whatever their status; one query."""
        pairs = sorted(set(versions))
        if not pairs:
            return {}
        rows = conn.execute(repo.BODIES_OF, {"policy": [p for p, _ in pairs], "version": [v for _, v in pairs]})
        found = self._compile({bytes(digest): body for digest, body in rows})
        return {(each.policy, each.version): each for each in found.values()}

    def run_tests(self, conn: Connection, policy: str, version: int) -> tuple[ExampleResult, ...]:
        """Run the examples that ship with a version. Raises `NotFound`."""
        return run_examples(self.compiled(conn, policy, version))

    def active(self, conn: Connection, at: datetime) -> PolicySet:
        """The policies in force at an instant: one small query, texts fetched and compiled once per digest."""
        key = tuple(bytes(digest) for (digest,) in conn.execute(repo.IN_FORCE, {"at": at}))
        with self._lock:
            made = self._sets.get(key)
            if made is not None:
                self._sets.move_to_end(key)
                return made
            missing = [digest for digest in key if digest not in self._compiled]
            compiled = {digest: self._compiled[digest] for digest in key if digest not in missing}
        if missing:
            rows = conn.execute(repo.BODIES, {"digests": missing}).fetchall()
            compiled |= self._compile({bytes(digest): body for digest, body in rows})
        made = PolicySet({compiled[digest].policy: compiled[digest] for digest in key})
        with self._lock:
            _keep(self._sets, key, made)
        return made

    def _compile(self, texts: Mapping[bytes, str]) -> dict[bytes, CompiledPolicy]:
        found: dict[bytes, CompiledPolicy] = {}
        for digest, text in texts.items():
            with self._lock:
                compiled = self._compiled.get(digest)
            if compiled is None:
                compiled = compile_policy(parse_policy(text, "stored policy"))
                with self._lock:
                    _keep(self._compiled, digest, compiled)
            found[digest] = compiled
        return found


@lru_cache(maxsize=64)
def _linted(text: str, file: str) -> tuple[PolicyTable, tuple[Issue, ...]]:
    """A text's table and what the lints say: the same for every tenant a pack is installed for."""
    table = parse_policy(text, file)
    return table, tuple(lint(table))


def _keep(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > MOST_KEPT:
        cache.popitem(last=False)


def _locked(conn: Connection, policy: str) -> list[PolicyVersion]:
    """All versions of a policy, oldest first, locked until the transaction ends."""
    return [PolicyVersion(*row) for row in conn.execute(repo.LOCK_VERSIONS, {"policy": policy})]


def _pick(versions: Sequence[PolicyVersion], policy: str, version: int) -> PolicyVersion:
    found = next((v for v in versions if v.version == version), None)
    if found is None:
        raise _unknown(policy, version)
    return found


def _unknown(policy: str, version: int) -> NotFound:
    return NotFound(f"there is no version {version} of policy {policy}")


def _set_status(conn: Connection, version: PolicyVersion, status: str, approver: str | None = None) -> PolicyVersion:
    wanted = {"policy": version.policy, "version": version.version, "status": status, "approver": approver}
    row = conn.execute(repo.SET_STATUS, wanted).fetchone()
    assert row is not None, "the row was locked"
    return PolicyVersion(*row)


def _set_windows(conn: Connection, policy: str, changed: Sequence[Window]) -> None:
    conn.execute(
        repo.SET_WINDOWS,
        {
            "policy": policy,
            "version": [w.version for w in changed],
            "valid_from": [w.valid_from for w in changed],
            "valid_until": [w.valid_until for w in changed],
        },
    )


def _audit(conn: Connection, ctx: Context, action: str, version: PolicyVersion, **details: Any) -> None:
    body = {
        "policy": version.policy,
        "version": version.version,
        "title": version.title,
        "digest": version.digest,
        "status": version.status,
        "author": version.author,
        **details,
    }
    append_audit(conn, ctx.now, [AuditDraft(action, "policy", version.policy, ctx.principal.id, body)])
