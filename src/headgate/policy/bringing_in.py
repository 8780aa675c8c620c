"""Bring policies of foreign files into a tenant: numbered after what is there, with the tests that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, invalid, shorten
from headgate.kernel.phrases import phrase
from headgate.policy.checking import check_text
from headgate.policy.core.examples import ExampleResult
from headgate.policy.core.lifecycle import PolicyVersion
from headgate.policy.core.model import Issue, PolicyTable
from headgate.policy.core.parse import parse_policy
from headgate.policy.exchange import Exported, Imported, Notice, read_tables, write_table
from headgate.policy.service import PolicyService


@dataclass(frozen=True, slots=True)
class Looked:
    """An imported policy as it would be drafted: its text, what was changed on the way, what lints and tests say."""

    policy: PolicyTable
    text: str
    notices: tuple[Notice, ...]
    issues: tuple[Issue, ...]
    tests: tuple[ExampleResult, ...]

    @property
    def sound(self) -> bool:
        """Whether it can be drafted: no lint error, and every test passes."""
        return not any(i.severity == "error" for i in self.issues) and all(t.passed for t in self.tests)


def look_into(
    policies: PolicyService, conn: Connection, data: bytes, filename: str, *, policy: str = "", decision: str = ""
) -> tuple[Looked, ...]:
    """What importing the file would draft; nothing is stored.

    `policy` names the policy that a spreadsheet changes: its newest version gives what the sheet does not say.
    `decision` takes one of several in a model, by the name it has here; what it is chained to has to be there already
    before it comes into force. Raises `Invalid` listing every place that cannot be read, `NotFound` for a policy that
    is not there.
    """
    base = _newest(policies, conn, policy) if policy else None
    if policy and base is None:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    found = _picked(read_tables(data, filename, base), decision)
    known = {i.policy.policy: _newest(policies, conn, i.policy.policy) for i in found}
    return tuple(_looked(_fitted(item, known)) for item in found)


def _picked(found: Sequence[Imported], decision: str) -> Sequence[Imported]:
    """All of them, or the one of a name. Raises `Invalid` that says which there are."""
    if not decision:
        return found
    chosen = [item for item in found if item.policy.policy == decision]
    if not chosen:
        names = ", ".join(item.policy.policy for item in found[:20])
        raise invalid(
            "decision", shorten(decision), "is not in the file", phrase("Choose one of %(names)s.", names=names)
        )
    return chosen


def draft_all(
    policies: PolicyService, conn: Connection, ctx: Context, looked: tuple[Looked, ...]
) -> list[PolicyVersion]:
    """Save each as a draft; the caller's transaction makes it all or none. Raises `Invalid` with every lint error.

    Drafts are not submitted: their author looks at the notices first.
    """
    return [policies.draft(conn, ctx, item.text, file=f"{item.policy.policy}.yaml").version for item in looked]


def export(policies: PolicyService, conn: Connection, policy: str, form: str, version: int = 0) -> Exported:
    """A version (the newest, where none is named) as a file. Raises `NotFound`, `Invalid` for an unknown format."""
    chosen = version or max((v.version for v in policies.versions(conn, policy)), default=0)
    if not chosen:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    return write_table(parse_policy(policies.text(conn, policy, chosen), f"{policy}.yaml"), form)


def _newest(policies: PolicyService, conn: Connection, policy: str) -> PolicyTable | None:
    version = max((v.version for v in policies.versions(conn, policy)), default=0)
    return parse_policy(policies.text(conn, policy, version), f"{policy}.yaml") if version else None


def _fitted(item: Imported, known: Mapping[str, PolicyTable | None]) -> Imported:
    table, notices = item.policy, list(item.notices)
    before = known[table.policy]
    if before is None:
        return item
    if table.version <= before.version:
        notices.append(Notice("version", f"{table.version} is taken; the draft is version {before.version + 1}"))
        table = replace(table, version=before.version + 1)
    if table.owner == "unowned":
        notices = [n for n in notices if n.place != "owner"]
        table = replace(table, owner=before.owner)
    if not table.tests and before.tests:
        notices.append(Notice("tests", f"those of version {before.version} are kept"))
        table = replace(table, tests=before.tests)
    return Imported(table, tuple(notices))


def _looked(item: Imported) -> Looked:
    checked = check_text(item.text, f"{item.policy.policy}.yaml")
    return Looked(checked.table, item.text, item.notices, checked.issues, checked.results)
