"""The policies of a pack, brought into force together for a tenant that has had none of them.

Each takes the steps that a person's would take (drafted, submitted, approved, activated) and the audit chain keeps each
of them; only the rows are written once, as they are at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.ledger import AuditDraft, append_audit
from headgate.policy import repo
from headgate.policy.chaining import chain_misfits
from headgate.policy.checking import Checked
from headgate.policy.core.lifecycle import PolicyVersion, expect_second_person
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.versions import audit_entry


@dataclass(frozen=True, slots=True)
class Packed:
    """A policy of a pack: its text, and what was found in it, which was nothing wrong."""

    text: str
    checked: Checked

    @property
    def table(self) -> PolicyTable:
        return self.checked.table


def expect_fitting_together(packed: Sequence[Packed], beside: Mapping[datetime, PolicySet]) -> None:
    """Raises `Invalid` for all that would not fit among these, and between them and what is in force beside them at any
    of these instants."""
    ready = {p.table.policy: p.checked.compiled for p in packed if p.checked.compiled is not None}
    found: dict[Issue, None] = {}
    for others in beside.values():
        all_of_them = PolicySet({**others, **ready})
        for each in packed:
            found |= dict.fromkeys(chain_misfits(all_of_them, each.table))
    if found:
        raise refuse(list(found))


def bring_in(conn: Connection, ctx: Context, author: str, pack: str, packed: Sequence[Packed]) -> None:
    """Write them as active from now on: `author` wrote them, the principal approved them. Raises `DutyConflict` where
    the two are one.

    The caller holds the turn and has seen that the tenant has no version of any of them.
    """
    made = [_version(ctx, author, pack, each.table) for each in packed]
    for version in made:
        expect_second_person(version, ctx.principal.id, None)
    conn.execute(
        repo.BRING_IN,
        {
            "policy": [v.policy for v in made],
            "version": [v.version for v in made],
            "title": [v.title for v in made],
            "body": [each.text for each in packed],
            "digest": [bytes.fromhex(v.digest) for v in made],
            "author": author,
            "approver": ctx.principal.id,
            "pack": pack,
            "now": ctx.now,
        },
    )
    append_audit(conn, ctx.now, [entry for version in made for entry in _story(ctx, version)])


def _version(ctx: Context, author: str, pack: str, table: PolicyTable) -> PolicyVersion:
    return PolicyVersion(
        policy=table.policy,
        version=table.version,
        title=table.title,
        status="draft",
        digest=table.digest,
        author=author,
        approver=None,
        valid_from=None,
        valid_until=None,
        created_at=ctx.now,
        pack=pack,
    )


def _story(ctx: Context, version: PolicyVersion) -> Iterator[AuditDraft]:
    """What the chain keeps of one of them: the same as if each step had been taken by itself."""

    def step(action: str, status: str, actor: str, **details: object) -> AuditDraft:
        return audit_entry(actor, action, replace(version, status=status), **details)

    yield step("policy.drafted", "draft", version.author)
    yield step("policy.submitted", "in_review", version.author)
    yield step("policy.approved", "approved", ctx.principal.id, on_behalf_of=None, justification="")
    yield step("policy.activated", "active", ctx.principal.id, valid_from=ctx.now, valid_until=None, ends=[])
