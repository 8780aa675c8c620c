"""Which process versions a tenant has, parsed once per content and kept by digest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from headgate.kernel.canonical import digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Misconfigured, NotFound, invalid
from headgate.kernel.phrases import Phrase, phrase
from headgate.ledger import CONTROL_PREFIX, AuditDraft, append_audit
from headgate.policy import PolicyService, PolicySet, take_turn
from headgate.policy.core.model import refuse
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.definition import Definition, EventRule, fill, placeholders
from headgate.process.core.lint import Asked, Known, LintIssue, lint_process
from headgate.process.core.marks import marks_of
from headgate.process.core.parse import parse_definition, read_definition
from headgate.process.core.rules.finding import steps_of
from headgate.process.core.signature import Signature
from headgate.process.core.state import Case
from headgate.process.reading import as_issue
from headgate.store import Later

ALL = "select process, version, digest, status = 'active' from process_versions order by process, version desc"
BODIES = "select digest, body from process_versions where digest = any(%s)"
VERSIONS = """
select process, version, digest from process_versions
where (process, version) in (select * from unnest(%s::text[], %s::int[]))
"""
INSTALL = """
insert into process_versions (process, version, title, body, digest, status, author, pack, valid_from, created_at)
values (%s, %s, %s, %s, %s, 'active', %s, %s, %s, %s)
on conflict (tenant_id, process, version) do nothing returning version
"""
SAME = "select digest from process_versions where process = %s and version = %s"
NEWER = "select 1 from process_versions where process = %s and version > %s limit 1"
RETIRE = """
update process_versions set status = 'retired', valid_until = %s
where process = %s and version <> %s and status = 'active'
"""
# Whoever starts or moves cases shares it; whoever replaces a version has it alone.
HOLD = """
select pg_advisory_xact_lock_shared(hashtext('headgate.processes'), hashtext(current_setting('headgate.tenant')))
"""
ALONE = "select pg_advisory_xact_lock(hashtext('headgate.processes'), hashtext(current_setting('headgate.tenant')))"
LIST = """
select process, version, title, status, author, pack, valid_from, valid_until, created_at
from process_versions order by process, version desc
"""


@dataclass(frozen=True, slots=True)
class DefinitionSet:
    """The versions new cases start with, and the older ones that running cases keep."""

    current: Mapping[str, Definition]
    versions: Mapping[tuple[str, int], Definition]
    takers: Mapping[str, tuple[str, EventRule]]
    children: frozenset[str] = frozenset()  # processes that cases of others start

    def process_of(self, event_type: str) -> str | None:
        """The process that takes an event type, None when none does. What only an older version takes counts too: cases
        may still run on it."""
        found = self.takers.get(event_type)
        return found[0] if found else None

    def of(self, case: Case) -> Definition:
        """The version a case keeps. Raises `Misconfigured` when it is gone."""
        found = self.versions.get((case.process, case.version))
        if found is None:
            raise Misconfigured(f"{case.process}@{case.version} is gone, and case {case.case_id} still runs on it")
        return found


@dataclass(slots=True)
class Definitions:
    """Loads definition sets; parsed definitions are shared between tenants by content digest."""

    masters: frozenset[str] = frozenset()
    noted: frozenset[str] = frozenset()
    _parsed: dict[bytes, Definition] = field(default_factory=dict)

    def installed(self, conn: Connection[Any]) -> DefinitionSet:
        """The tenant's versions: the active ones, and all there are."""
        return self.ask_installed(conn)()

    def ask_installed(self, conn: Connection[Any]) -> Later[DefinitionSet]:
        """`installed`, not waited for yet."""
        asked = conn.execute(ALL)
        return lambda: self._set_of(conn, asked.fetchall())

    def _set_of(self, conn: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> DefinitionSet:
        self._fetch(conn, [bytes(r[2]) for r in rows])
        versions = {(r[0], r[1]): self._parsed[bytes(r[2])] for r in rows}
        current = {r[0]: versions[r[0], r[1]] for r in rows if r[3]}
        takers: dict[str, tuple[str, EventRule]] = {}
        # Active versions first, then older ones from the newest down.
        for definition in (*current.values(), *versions.values()):
            if definition.process in current:
                for event, rule in definition.events.items():
                    takers.setdefault(event, (definition.process, rule))
        children = frozenset[str]().union(*(d.children for d in versions.values()))
        return DefinitionSet(current, versions, takers, children)

    def versions(self, conn: Connection[Any], wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], Definition]:
        """Those of these stored versions that exist, parsed once per content."""
        pairs = sorted(wanted)
        rows = conn.execute(VERSIONS, ([p for p, _ in pairs], [v for _, v in pairs])).fetchall() if pairs else []
        self._fetch(conn, [bytes(r[2]) for r in rows])
        return {(r[0], r[1]): self._parsed[bytes(r[2])] for r in rows}

    def _fetch(self, conn: Connection[Any], digests: Iterable[bytes]) -> None:
        missing = [d for d in digests if d not in self._parsed]
        if missing:
            for key, body in conn.execute(BODIES, (missing,)).fetchall():
                self._parsed[bytes(key)] = read_definition(body, "stored definition")

    def key_for(self, conn: Connection[Any], event_type: str, data: dict[str, Any]) -> str:
        """The correlation key of an event. Raises Invalid for a type nothing understands or a key field left out."""
        return self.router(conn)(event_type, data)[0]

    def router(self, conn: Connection[Any]) -> Router:
        """A function from (type, data) to (correlation key, subject), for a whole request or file."""
        return Router(self.installed(conn), self.masters, self.noted)


@dataclass(frozen=True, slots=True)
class Router:
    """Finds the correlation key and subject of events by the active definitions."""

    definitions: DefinitionSet
    masters: frozenset[str]
    noted: frozenset[str]

    @property
    def understood(self) -> list[str]:
        """Every event type that can be sent from outside."""
        return sorted({*self.definitions.takers, *self.masters})

    def __call__(self, event_type: str, data: Mapping[str, Any]) -> tuple[str, str]:
        if event_type in self.masters:
            return CONTROL_PREFIX + event_type, event_type
        if event_type in self.noted:
            return f"noted:{event_type}", event_type
        taken = self.definitions.takers.get(event_type)
        if taken is None:
            raise invalid(
                "type",
                event_type,
                "is not an event that is understood here",
                f"Use one of {', '.join(self.understood)}.",
            )
        rule = taken[1]
        for name in placeholders(rule.key):
            if not isinstance(data.get(name), str) or not data[name]:
                raise invalid(
                    f"data.{name}", data.get(name), "is needed to know what the event is about", "Send it as text."
                )
        return fill(rule.key, data), fill(rule.subject, data)


def hold_versions(conn: Connection[Any]) -> None:
    """Until the transaction ends, no version of a process that it finds active is replaced.

    A case that starts on a version keeps it. Whoever ends what only that version asks looks at the cases that run on
    it, so the case has to be there for all to see before another version takes its place. Taken before the versions
    are read; shared, so that cases do not wait for each other, and unanswered, so that nothing waits for the question.
    """
    conn.execute(HOLD)


def replace_in_turn(conn: Connection[Any]) -> None:
    """`take_turn`, and wait for those who start cases on the versions that are active now; who comes later waits for
    this transaction and finds what it installed.

    Like the turn it is taken before anything else of the change is locked: they may wait for that, the audit chain
    above all.
    """
    take_turn(conn)
    conn.execute(ALONE)


def install(
    conn: Connection[Any],
    ctx: Context,
    text: str,
    file: str,
    policies: PolicyService,
    actions: Mapping[str, Signature],
    pack: str = "",
) -> Definition:
    """Store a definition as the active version. Where the tenant has a newer one, or this one, nothing is done.

    Raises `Conflict` for this version with other content (versions are never edited in place), and for an event that
    another active process takes already; `Invalid` where it, or one of the `actions` it runs (by name, what each takes,
    gives and asks), reads what the policies in force, or scheduled, do not give.
    """
    definition = parse_definition(text, file)
    content = digest(text)
    replace_in_turn(conn)
    if conn.execute(NEWER, (definition.process, definition.version)).fetchone() is not None:
        return definition
    installed = Definitions().installed(conn).current
    _check_takers(installed, definition, text, file)
    _check_children(installed, definition, text, file)
    done = conn.execute(
        INSTALL,
        (
            definition.process,
            definition.version,
            definition.title,
            text,
            content,
            ctx.principal.id,
            pack,
            ctx.now,
            ctx.now,
        ),
    ).fetchone()
    if done is None:
        stored = conn.execute(SAME, (definition.process, definition.version)).fetchone()
        if stored is not None and bytes(stored[0]) != content:
            raise _clash(definition, text, file, "", phrase("is installed with other content; raise the version"))
        return definition
    _check_decisions(definition, text, file, policies.during(conn, ctx.now).values(), actions)
    conn.execute(RETIRE, (ctx.now, definition.process, definition.version))
    append_audit(
        conn,
        ctx.now,
        [
            AuditDraft(
                action="process.activated",
                subject_type="process",
                subject=definition.process,
                actor=ctx.principal.id,
                body={"version": definition.version, "digest": content.hex(), "pack": pack},
            )
        ],
    )
    return definition


def _clash(definition: Definition, text: str, file: str, where: str, said: Phrase) -> Conflict:
    """What contradicts what is installed, with its place: in a stage or event, else that of the version."""
    top = next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith("version:")), 1)
    line, column = marks_of(text).place(where, said) if where else (top, 1)
    issue = as_issue(LintIssue("installed", "error", said, "", file, line, column, where), definition)
    return Conflict(issue.told, problems=[issue.as_problem()])


def _check_takers(installed: Mapping[str, Definition], definition: Definition, text: str, file: str) -> None:
    for other in installed.values():
        both = sorted(set(other.events) & set(definition.events)) if other.process != definition.process else []
        if both:
            told = phrase(
                "takes %(events)s, which is taken by process %(process)s already",
                events=", ".join(both),
                process=other.process,
            )
            raise _clash(definition, text, file, both[0], told)


def _check_children(installed: Mapping[str, Definition], definition: Definition, text: str, file: str) -> None:
    """Processes that start each other's cases in a round would never come to an end."""
    known = {**installed, definition.process: definition}
    ways: dict[str, tuple[str, ...]] = {definition.process: (definition.process,)}
    waiting = [definition.process]
    while waiting:
        here = waiting.pop()
        for child in sorted(known[here].children & known.keys()):
            if child == definition.process:
                round_ = (*ways[here], child)
                first = round_[1]
                stage = next(
                    stage.id
                    for stage in definition.stages.values()
                    if any(step.kind == "subcase" and step.name == first for step in steps_of(stage))
                )
                told = phrase(
                    "starts cases of '%(first)s', and %(round)s start each other's cases without end",
                    first=first,
                    round=" → ".join(round_),
                )
                raise _clash(definition, text, file, stage, told)
            if child not in ways:
                ways[child] = (*ways[here], child)
                waiting.append(child)


def _check_decisions(
    definition: Definition, text: str, file: str, policies: Iterable[PolicySet], actions: Mapping[str, Signature]
) -> None:
    """Nothing is read of a decision that its policy, as it is in force or will be, does not give, and none is asked
    that will end with nothing in its place. Of a policy that is not in force nothing is known."""
    found: dict[LintIssue, None] = {}
    seen: set[str] = set()
    for each in policies:
        seen |= each.keys()
        gone = Asked(gone=frozenset(seen - each.keys()))
        known = Known(
            signatures=actions, decides=policy_signatures(policy.table for policy in each.values()), asks=gone
        )
        found |= dict.fromkeys(i for i in lint_process(text, file, known) if i.severity == "error")
    wrong = sorted(found, key=lambda issue: (issue.line, issue.column, issue.code))
    if wrong:
        raise refuse([as_issue(issue, definition) for issue in wrong])


def list_versions(conn: Connection[Any]) -> list[dict[str, Any]]:
    """All process versions of the tenant, newest first within each process."""
    names = ("process", "version", "title", "status", "author", "pack", "valid_from", "valid_until", "created_at")
    return [dict(zip(names, row, strict=True)) for row in conn.execute(LIST).fetchall()]


def get_definition(conn: Connection[Any], process: str, version: int) -> Definition:
    """One stored version. Raises NotFound."""
    return read_definition(source_of(conn, process, version), f"{process}@{version}")


def source_of(conn: Connection[Any], process: str, version: int) -> str:
    """The text of a stored version, as it was written. Raises NotFound."""
    row = conn.execute(
        "select body from process_versions where process = %s and version = %s", (process, version)
    ).fetchone()
    if row is None:
        raise NotFound(phrase("process %(process)s@%(version)s is not installed", process=process, version=version))
    return str(row[0])
