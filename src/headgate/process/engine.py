"""Apply a batch of events within one transaction: load in bulk, advance purely, write in bulk.

The engine knows cases, approvals, tasks and clocks. What a subject is, which facts it needs and how it is written is
behind the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import HeadgateError, Misconfigured, NotYet, Problem
from headgate.kernel.ids import derive_id
from headgate.ledger import (
    AuditDraft,
    CommandDraft,
    NewEvent,
    StoredEvent,
    append_audit,
    append_events,
    outbox_put,
)
from headgate.policy import Evaluation, PolicyService, PolicySet, record_decisions
from headgate.process import repo
from headgate.process.core.advance import advance
from headgate.process.core.approval import Voter
from headgate.process.core.definition import Definition, fill
from headgate.process.core.gather import Gathered
from headgate.process.core.running import Decide, Surroundings
from headgate.process.core.state import Case
from headgate.process.core.steps import RUNNERS
from headgate.process.definitions import Definitions, DefinitionSet, hold_versions
from headgate.process.linking import end_links, start_links
from headgate.process.moved import note_moved, timers_of
from headgate.process.recording import put_aside, recorded
from headgate.process.registry import Move, Refusal, Registry, StreamingPort, TenantProfile, Work

# Decisions are sent to the database in parts of so many: few enough to fit what the socket takes at once.
STREAMED = 32
# So many parts on, cases, commands and subjects are sent too: their statements cost more beside their rows.
PARTS = 2
# Told by Headgate to one of its own cases; the data names the process. None of them can be sent from outside.
INTERNAL = (
    "approval.decided",
    "timer.fired",
    "task.completed",
    "command.delivered",
    "command.failed",
    "subcase.ended",
    "parent.cancelled",
    "case.intervened",
    "case.migrated",
    "case.asked",
    "case.answered",
)


@dataclass(frozen=True, slots=True)
class Failed:
    """An event whose advance broke with an error that is no refusal: it has changed nothing and is still to be
    applied."""

    event: StoredEvent
    error: Exception


@dataclass(slots=True)
class BatchResult:
    """What became of a batch: events applied (`events`; `moves` are the cases that came to another stage), refused with
    their problems, failed, and events that follow from it.

    A failed event keeps back the later events of its key: neither it nor they count as applied. `kinds` of things were
    changed, of these `partners`.
    """

    applied: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    emitted: int = 0
    events: list[StoredEvent] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    partners: set[str] = field(default_factory=set)

    def add(self, other: BatchResult) -> None:
        """Count a later part of the same batch in."""
        self.applied += other.applied
        self.refusals.extend(other.refusals)
        self.failures.extend(other.failures)
        self.emitted += other.emitted
        self.kinds |= other.kinds
        self.partners |= other.partners


@dataclass(frozen=True, slots=True)
class Engine:
    """The case engine with its registry. Stateless but for caches of parsed definitions and compiled policies."""

    registry: Registry
    definitions: Definitions
    policies: PolicyService
    lanes: int

    def apply(self, conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> BatchResult:
        """Apply events of one tenant in order.

        The caller owns the transaction and takes off the inbox what was applied or refused: everything but the failures
        and what stands behind them under the same key.
        """
        result = BatchResult()
        if not events:
            return result
        masters = [e for e in events if e.type in self.registry.projections]
        cased = [e for e in events if e.type not in self.registry.projections]
        if masters:
            self._project(conn, ctx, masters, result)
        if cased:
            _Batch(self, conn, ctx, cased, result).run()
        put_aside(conn, ctx, events, result.refusals)
        for listen in self.registry.listeners if result.events else ():
            listen(conn, ctx, result.events, result.moves)
        return result

    def _project(self, conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent], result: BatchResult) -> None:
        audits: list[AuditDraft] = []
        # In one fixed order, so that masters and orders take their locks alike (credit before stock).
        for type_ in sorted({e.type for e in events}):
            mine = [e for e in events if e.type == type_]
            refused = self.registry.projections[type_](conn, ctx, mine)
            result.refusals.extend(refused)
            gone = {r.seq for r in refused}
            kept = [e for e in mine if e.seq not in gone]
            result.events.extend(kept)
            audits.extend(map(recorded, kept))
        append_audit(conn, ctx.now, audits)
        result.applied += len(audits)
        if audits:
            result.kinds.add("masters")


@dataclass(slots=True)
class _Batch:
    """One batch of case events on its way through load, advance and write."""

    engine: Engine
    conn: Connection[Any]
    ctx: Context
    events: Sequence[StoredEvent]
    result: BatchResult
    gathered: Gathered = field(default_factory=Gathered)
    facts: dict[str, object] = field(default_factory=dict)
    ended: list[Case] = field(default_factory=list)  # whose end the case that started them may wait for
    parts: int = 0  # of decisions sent so far
    written: dict[UUID, Case] = field(default_factory=dict)  # cases as they were sent so far
    sent: dict[str, int] = field(default_factory=dict)  # how many records of each kind were sent so far

    def run(self) -> None:
        hold_versions(self.conn)
        installed = self.engine.definitions.ask_installed(self.conn)
        in_force = self.engine.policies.ask_active(self.conn, self.ctx.now)
        profile = self.engine.registry.profile(self.conn)
        definitions = installed()
        routed = self._route(definitions)
        cases = repo.load_cases(self.conn, [(process, event.key) for event, process in routed])
        self.facts = self._load_facts(definitions, routed, cases, profile)
        around = self._surroundings(profile, definitions, in_force(), [event for event, _ in routed])
        seen = {kind: replace(around, facts=facts) for kind, facts in self.facts.items()}
        stuck: set[str] = set()
        for event, process in routed:
            if event.key not in stuck and not self._one(event, process, definitions, cases, seen):
                stuck.add(event.key)
            if len(self.gathered.decisions) >= STREAMED:
                self._send()
        self._write()

    def _route(self, definitions: DefinitionSet) -> list[tuple[StoredEvent, str]]:
        routed = []
        for event in self.events:
            process = event.data.get("process") if event.type in INTERNAL else definitions.process_of(event.type)
            if process is None or process not in definitions.current:
                self.result.refusals.append(
                    Refusal(
                        event.seq,
                        Problem("type", event.type, "no active process takes this event", "Activate one that does."),
                    )
                )
            else:
                routed.append((event, str(process)))
        return routed

    def _load_facts(
        self,
        definitions: DefinitionSet,
        routed: Sequence[tuple[StoredEvent, str]],
        cases: Mapping[tuple[str, str], Case],
        profile: TenantProfile,
    ) -> dict[str, object]:
        work: dict[str, list[Work]] = {}
        for event, process in routed:
            definition = definitions.current[process]
            case = cases.get((process, event.key))
            rule = definition.events.get(event.type)
            subject = case.subject if case else fill(rule.subject, event.data) if rule else event.subject
            work.setdefault(definition.subject, []).append(Work(event, subject, case))
        ports = self.engine.registry.ports
        missing = [kind for kind in work if kind not in ports]
        if missing:
            raise Misconfigured(f"no port is registered for subjects of kind {', '.join(missing)}")
        # Kinds are loaded in one fixed order, so that two workers take their locks in the same order.
        return {kind: ports[kind].load(self.conn, self.ctx, work[kind], profile) for kind in sorted(work)}

    def _surroundings(
        self, profile: TenantProfile, definitions: DefinitionSet, policies: PolicySet, events: Sequence[StoredEvent]
    ) -> Surroundings:
        actors = sorted({e.actor for e in events if e.type == "approval.decided"})
        voters: Mapping[str, Voter] = self.engine.registry.voters(self.conn, actors, self.ctx.now) if actors else {}
        moving = [UUID(str(e.data["case"])) for e in events if e.type == "case.migrated"]
        return Surroundings(
            now=self.ctx.now,
            deadline=profile.deadline,
            clock_of=profile.clock_of,
            actions=self.engine.registry.actions,
            decide=decider(policies),
            voters=voters,
            processes=definitions.current,
            versions=definitions.versions,
            timers=timers_of(self.conn, moving) if moving else {},
        )

    def _one(
        self,
        event: StoredEvent,
        process: str,
        definitions: DefinitionSet,
        cases: dict[tuple[str, str], Case],
        seen: Mapping[str, Surroundings],
    ) -> bool:
        """Whether the event is done with, applied or refused."""
        case = cases.get((process, event.key))
        if case is None and event.type == "parent.cancelled":
            # What would have started it was refused: there is nothing to end.
            self.gathered.audits.append(recorded(event))
            self.result.applied += 1
            return True
        definition: Definition = definitions.of(case) if case else definitions.current[process]
        kind = definition.subject
        try:
            done = advance(definition, case, event, seen[kind], RUNNERS)
        except (Misconfigured, NotYet) as error:
            self.result.failures.append(Failed(event, error))
            return False
        except HeadgateError as error:
            problem = error.problems[0] if error.problems else Problem(kind, event.subject, error.message)
            self.result.refusals.append(Refusal(event.seq, problem))
            return True
        # An advance is pure: whatever breaks in it has changed nothing, so only this event is concerned.
        except Exception as error:  # noqa: BLE001
            self.result.failures.append(Failed(event, error))
            return False
        before = len(self.gathered.records.get(kind, ()))
        self.gathered.add(done, event.seq)
        self.engine.registry.ports[kind].apply(self.facts[kind], self.gathered.records.get(kind, [])[before:])
        cases[(process, event.key)] = done.case
        self.result.applied += 1
        self.result.events.append(event)
        if process in definitions.children and done.case.status == "closed" and (not case or case.status != "closed"):
            self.ended.append(done.case)
        if case is None or case.stage != done.case.stage:
            self.result.moves.append(Move(event, case.stage if case else "", done.case))
        return True

    def _send(self) -> None:
        """Write what asks nothing and stands so far, so that within a pipeline the database is at it while the rest is
        decided. What a later event of the batch changes is written again."""
        g, ports = self.gathered, self.engine.registry.ports
        record_decisions(self.conn, g.decisions)
        g.decisions.clear()
        self.parts += 1
        if self.parts % PARTS:
            return
        self._send_cases()
        for kind in sorted(g.records):
            port = ports[kind]
            if isinstance(port, StreamingPort):
                port.send(self.conn, self.facts[kind], g.records[kind][self.sent.get(kind, 0) :])
                self.sent[kind] = len(g.records[kind])
        self._send_commands()

    def _send_cases(self) -> None:
        changed = {i: case for i, case in self.gathered.cases.items() if self.written.get(i) is not case}
        repo.save_cases(self.conn, list(changed.values()))
        self.written.update(changed)

    def _send_commands(self) -> None:
        commands = self.gathered.commands
        outbox_put(self.conn, self.ctx.now, [CommandDraft(*c) for c in commands])  # the same fields in the same order
        commands.clear()

    def _write(self) -> None:
        """First what asks nothing, so that within a pipeline the database has work while the rest is put together."""
        g, conn, now = self.gathered, self.conn, self.ctx.now
        record_decisions(conn, g.decisions)
        self._write_cases()
        crashpoint("advance.half_written")
        emitted = [
            NewEvent(
                source="headgate",
                event_id=f"{seq}-{number}-{e.type}",
                type=e.type,
                subject=e.subject,
                key=self.engine.definitions.key_for(conn, e.type, dict(e.data)),
                time=now,
                data=dict(e.data),
                actor="system",
            )
            for number, (seq, e) in enumerate(g.emitted)
        ]
        for kind in sorted(g.records):
            emitted.extend(self.engine.registry.ports[kind].flush(conn, self.ctx, self.facts[kind], g.records[kind]))
        self._send_commands()
        if g.subcases:
            emitted += start_links(conn, now, g.subcases)
        if g.moved:
            note_moved(conn, g.moved)
        if self.ended:
            emitted += end_links(conn, now, self.ended)
        if emitted:
            append_events(conn, now, emitted, lanes=self.engine.lanes)
            self.result.emitted += len(emitted)
        append_audit(conn, now, g.audits)

    def _write_cases(self) -> None:
        g, conn, now = self.gathered, self.conn, self.ctx.now
        self._send_cases()
        cases = g.cases.values()
        self.result.kinds.update(case.subject_type for case in cases)
        self.result.partners.update(case.partner for case in cases if case.partner)
        repo.save_approvals(conn, list(g.approvals.values()))
        repo.escalate_tasks(conn, g.escalated)
        repo.reassign_tasks(conn, g.reassigned)
        repo.raise_tasks(conn, g.raised)
        repo.set_due(conn, list(g.due.values()))
        repo.close_tasks(conn, now, g.closed)
        repo.open_tasks(conn, now, list(g.tasks.values()))
        repo.clear_timers(conn, g.cleared)
        process_of = {c.case_id: c.process for c in g.cases.values()}
        repo.set_timers(
            conn,
            now,
            [
                (derive_id(now, "timer", t.case_id, t.name, t.fire_at), process_of[t.case_id], t)
                for t in g.timers.values()
            ],
        )


def decider(policies: PolicySet) -> Decide:
    """Evaluate by policy name against the versions in force. Raises Misconfigured for a policy that has no active
    version."""

    evaluate = {name: policies.evaluator(name) for name in policies}

    def decide(name: str, inputs: Mapping[str, object]) -> Evaluation:
        try:
            policy = evaluate[name]
        except KeyError:
            raise Misconfigured(f"policy {name} has no active version; activate one (headgate policies list)") from None
        return policy(inputs)

    return decide
