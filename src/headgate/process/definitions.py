"""Which process versions a tenant has, parsed once per content and kept by digest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from headgate.kernel.canonical import digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Misconfigured, NotFound, invalid
from headgate.ledger import CONTROL_PREFIX, AuditDraft, append_audit
from headgate.process.core.definition import Definition, fill, placeholders
from headgate.process.core.parse import parse_definition
from headgate.process.core.state import Case

ACTIVE = "select process, version, digest from process_versions where status = 'active'"
BODIES = "select digest, body from process_versions where digest = any(%s)"
VERSIONS = "select process, version, digest from process_versions where (process, version) in (select * from unnest(%s::text[], %s::int[]))"
INSTALL = """
insert into process_versions (process, version, title, body, digest, status, author, pack, valid_from, created_at)
values (%s, %s, %s, %s, %s, 'active', %s, %s, %s, %s)
on conflict (tenant_id, process, version) do nothing returning version
"""
SAME = "select digest from process_versions where process = %s and version = %s"
RETIRE = "update process_versions set status = 'retired', valid_until = %s where process = %s and version <> %s and status = 'active'"
LIST = """
select process, version, title, status, author, pack, valid_from, valid_until, created_at
from process_versions order by process, version desc
"""


@dataclass(frozen=True, slots=True)
class DefinitionSet:
    """The versions new cases start with, and any older ones that running cases keep."""

    current: Mapping[str, Definition]
    pinned: Mapping[tuple[str, int], Definition]
    takers: Mapping[str, str]

    def process_of(self, event_type: str) -> str | None:
        """The process that takes an event type, None when no active one does."""
        return self.takers.get(event_type)

    def of(self, case: Case) -> Definition:
        """The version a case keeps."""
        return self.pinned[(case.process, case.version)]


@dataclass(slots=True)
class Definitions:
    """Loads definition sets; parsed definitions are shared between tenants by content digest."""

    masters: frozenset[str] = frozenset()
    noted: frozenset[str] = frozenset()
    _parsed: dict[bytes, Definition] = field(default_factory=dict)

    def active(self, conn: Connection[Any]) -> DefinitionSet:
        """The tenant's active versions."""
        rows = conn.execute(ACTIVE).fetchall()
        self._fetch(conn, [bytes(r[2]) for r in rows])
        current = {r[0]: self._parsed[bytes(r[2])] for r in rows}
        takers = {event: d.process for d in current.values() for event in d.events}
        return DefinitionSet(current, {(d.process, d.version): d for d in current.values()}, takers)

    def including(self, conn: Connection[Any], base: DefinitionSet, cases: Iterable[Case]) -> DefinitionSet:
        """The set with the older versions that these cases keep."""
        wanted = {(c.process, c.version) for c in cases} - set(base.pinned)
        if not wanted:
            return base
        found = self.versions(conn, wanted)
        missing = wanted - set(found)
        if missing:
            raise Misconfigured(f"process versions {sorted(missing)} are gone, and cases still run on them")
        return DefinitionSet(base.current, {**base.pinned, **found}, base.takers)

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
                self._parsed[bytes(key)] = parse_definition(body, "stored definition")

    def key_for(self, conn: Connection[Any], event_type: str, data: dict[str, Any]) -> str:
        """The correlation key of an event. Raises Invalid for a type nothing understands or a key field left out."""
        return self.router(conn)(event_type, data)[0]

    def router(self, conn: Connection[Any]) -> Router:
        """A function from (type, data) to (correlation key, subject), for a whole request or file."""
        return Router(self.active(conn), self.masters, self.noted)


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
        process = self.definitions.process_of(event_type)
        if process is None:
            raise invalid(
                "type",
                event_type,
                "is not an event that is understood here",
                f"Use one of {', '.join(self.understood)}.",
            )
        rule = self.definitions.current[process].events[event_type]
        for name in placeholders(rule.key):
            if not isinstance(data.get(name), str) or not data[name]:
                raise invalid(
                    f"data.{name}", data.get(name), "is needed to know what the event is about", "Send it as text."
                )
        return fill(rule.key, data), fill(rule.subject, data)


def install(conn: Connection[Any], ctx: Context, text: str, file: str, pack: str = "") -> Definition:
    """Store a definition as the active version. The same version with the same content is left as it is; with other
    content it is a `Conflict`: versions are never edited in place."""
    definition = parse_definition(text, file)
    content = digest(text)
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
            raise Conflict(
                f"{file}: {definition.process}@{definition.version} is installed with other content; raise the version"
            )
        return definition
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


def list_versions(conn: Connection[Any]) -> list[dict[str, Any]]:
    """All process versions of the tenant, newest first within each process."""
    names = ("process", "version", "title", "status", "author", "pack", "valid_from", "valid_until", "created_at")
    return [dict(zip(names, row, strict=True)) for row in conn.execute(LIST).fetchall()]


def get_definition(conn: Connection[Any], process: str, version: int) -> Definition:
    """One stored version. Raises NotFound."""
    row = conn.execute(
        "select body from process_versions where process = %s and version = %s", (process, version)
    ).fetchone()
    if row is None:
        raise NotFound(f"process {process}@{version} is not installed")
    return parse_definition(row[0], f"{process}@{version}")
