"""Delivering: claim what is due, hand it over, write down how it went.

Claiming and writing down are short transactions; between them, without any, the outside is spoken to. Whoever dies in
between leaves the message to be claimed again when its lease is over, with the same id: at least once, and with a
receiver that minds the id, one effect.

What a target allows at once (bucket, breaker, how much may be under way) is state in the database, read and written
under the lock of the target's row: any number of workers keep within it together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from psycopg import Connection as Conn

from headgate.access import Sealer
from headgate.connectors.delivery import repo
from headgate.connectors.delivery.core import breaker as breakers
from headgate.connectors.delivery.core import pace
from headgate.connectors.delivery.core.message import Fact, source_of
from headgate.connectors.delivery.core.verdict import GONE, Answer, Verdict, judge
from headgate.connectors.delivery.model import (
    SUBSCRIPTION,
    Target,
    TargetState,
    state_of,
    state_parameters,
    target_of,
)
from headgate.connectors.delivery.ports import Parcel
from headgate.connectors.delivery.targets import Ports, disable_gone, opened_secrets
from headgate.kernel import telemetry
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import Clock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.ids import new_id
from headgate.kernel.logger import Log
from headgate.ledger import (
    AuditDraft,
    Command,
    NewEvent,
    Setback,
    StoredEvent,
    append_audit,
    append_events,
    events_get,
    outbox_claim,
    outbox_failed,
    outbox_return,
    outbox_sent,
    outbox_under_way,
)
from headgate.store import Database

# Beyond the attempt's own time: to hand the result in.
LEASE_MARGIN: Final = timedelta(seconds=30)
DELIVERED: Final = "command.delivered"
FAILED: Final = "command.failed"
SUBSCRIPTION_DISABLED: Final = "subscription.disabled"
log = Log("headgate.delivery")


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed message, ready to be handed over: by whom it is held, where it goes, as which try."""

    tenant_id: UUID
    target: Target
    command: Command
    lease: UUID
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Done:
    """An errand with what was answered, and when it began."""

    errand: Errand
    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers for all tenants. `chance` gives uniform numbers in [0, 1) for the jitter; `lanes` is where results go.

    Threads may share it; each transaction is its own.
    """

    database: Database
    ports: Ports
    sealer: Sealer
    clock: Clock
    lanes: int
    chance: Callable[[], float]

    def due(self, limit: int = 1000) -> list[tuple[UUID, str]]:
        """Tenants and targets with something to send now, the one served longest ago first."""
        with self.database.scan() as conn:
            return [(row[0], row[1]) for row in conn.execute(repo.DUE, (self.clock.now(), limit))]

    def claim(self, tenant_id: UUID, code: str, slots: int) -> list[Errand]:
        """At most `slots` messages for a target, held for this caller; fewer, or none, by what the target allows.

        None as well when another worker is claiming for it at this moment.
        """
        with self.database.transaction(tenant_id) as conn:
            errands = self._claimed(conn, tenant_id, code, slots)
        if errands:
            crashpoint("outbox.claimed")
        return errands

    def send(self, errand: Errand) -> Done:
        """Hand one message over. Opens no transaction and raises nothing."""
        at = self.clock.now()
        kind = errand.target.kind
        telemetry.outbox_in_flight.inc()
        try:
            with (
                telemetry.span(
                    "outbox.attempt", errand.command.trace, "client", attempt=errand.command.attempts
                ) as span,
                telemetry.outbox_attempt_seconds.time(kind=kind),
            ):
                parcel = replace(errand.parcel, trace=span.traceparent or errand.parcel.trace)
                answer = self.ports[kind].send(parcel, at)
                span.set(status=answer.status or 0)
        except Exception as error:
            # A port that raises is broken; its message must not be lost for that, nor the loop stop.
            log.exception("a delivery port broke", kind=kind, target=errand.target.code)
            answer = Answer(error=f"{type(error).__name__} in the port {kind}")
        finally:
            telemetry.outbox_in_flight.inc(-1)
        crashpoint("outbox.sent")
        return Done(errand, answer, at)

    def put_back(self, errands: Sequence[Errand]) -> None:
        """Give back messages that will not be handed over after all, uncounted."""
        now = self.clock.now()
        for (tenant_id, lease), held in groupby(errands, key=lambda e: (e.tenant_id, e.lease)):
            with self.database.transaction(tenant_id) as conn:
                outbox_return(conn, now, lease, [e.command.id for e in held])

    def record(self, tenant_id: UUID, done: Sequence[Done]) -> None:
        """Write down what came of errands of one tenant, in one transaction: state, attempts, result events."""
        now = self.clock.now()
        ctx = Context(tenant_id, SYSTEM, now)
        judged = [(d, self._judge(d, now)) for d in sorted(done, key=lambda d: d.at)]
        with self.database.transaction(tenant_id) as conn:
            changes = _fare(conn, judged, now)
            sent, failed = _mark(conn, judged, now)
            _note_attempts(conn, judged)
            gone = _gone(judged)
            disabled = disable_gone(conn, ctx, gone, f"it answered {GONE} Gone") if gone else []
            self._tell(conn, ctx, judged, sent, failed, disabled)
        crashpoint("outbox.marked")
        for _, verdict in judged:
            telemetry.outbox_delivered.inc(outcome=verdict.kind)
        for code, state, reason in changes:
            telemetry.breaker_changes.inc(to=state)
            log.warning("a breaker changed", tenant=str(tenant_id), target=code, state=state, reason=reason)

    def _judge(self, done: Done, now: datetime) -> Verdict:
        return judge(done.answer, done.errand.command.attempts, done.errand.target.max_attempts, self.chance(), now)

    def _claimed(self, conn: Conn[Any], tenant_id: UUID, code: str, slots: int) -> list[Errand]:
        now = self.clock.now()
        locked = conn.execute(repo.TRY_STATE, {"code": code}).fetchone()
        row = conn.execute(repo.GET_TARGETS, {"codes": [code]}).fetchone() if locked else None
        if locked is None or row is None:
            return []
        state, target = state_of(locked), target_of(row)
        if target.status != "active" or target.kind not in self.ports:
            return []
        under_way = outbox_under_way(conn, now, code)
        wanted = max(0, min(slots, target.concurrency - under_way))
        wanted, breaker = breakers.allowed(state.breaker, wanted, under_way, now)
        rate = None if target.rate is None else float(target.rate)
        granted, bucket = pace.take(state.bucket, rate, target.burst, wanted, now)
        lease = new_id(now)
        commands = self._commands(conn, now, target, granted, lease) if granted else []
        bucket = pace.give_back(bucket, target.burst, granted - len(commands))
        if not commands:  # a probe that was not sent is no probe
            breaker = state.breaker
        after = replace(
            state,
            bucket=bucket,
            breaker=breaker,
            breaker_at=state.breaker_at if breaker.state == state.breaker.state else now,
            not_before=_not_before(state, bucket, rate, now, limited=granted < wanted),
            last_attempt_at=now if commands else state.last_attempt_at,
        )
        if after != state:
            conn.execute(repo.SAVE_STATES, state_parameters([after]))
        if not commands:
            return []
        events = {e.seq: e for e in events_get(conn, _told(target, commands))}
        secrets, authorization = opened_secrets(self.sealer, tenant_id, row)
        return [
            Errand(
                tenant_id,
                target,
                command,
                lease,
                Parcel(
                    id=command.id,
                    fact=_fact(tenant_id, target, command, events),
                    url=target.url,
                    config=target.config,
                    secrets=secrets,
                    authorization=authorization,
                    timeout_seconds=target.timeout_seconds,
                    idempotency_key=command.idempotency_key if target.purpose == "commands" else "",
                    trace=command.trace if telemetry.is_traceparent(command.trace) else "",
                ),
            )
            for command in commands
        ]

    def _commands(self, conn: Conn[Any], now: datetime, target: Target, limit: int, lease: UUID) -> list[Command]:
        hold = int(target.timeout_seconds + LEASE_MARGIN.total_seconds())
        return outbox_claim(conn, now, target.code, limit, lease=lease, hold_seconds=hold, ordered=target.ordered)

    def _tell(
        self,
        conn: Conn[Any],
        ctx: Context,
        judged: Sequence[tuple[Done, Verdict]],
        sent: set[UUID],
        failed: set[UUID],
        disabled: Sequence[str],
    ) -> None:
        """Result events for the cases that wait, audit entries for what nobody will try again, notices."""
        events, audits = [], []
        for done, verdict in judged:
            command = done.errand.command
            if command.id in sent and command.process:
                events.append(_result(done, verdict, DELIVERED, ctx.now))
            if command.id in failed and done.errand.target.purpose == "commands":
                audits.append(_dead(done, verdict))
                if command.process:
                    events.append(_result(done, verdict, FAILED, ctx.now))
        events.extend(_notice(code, ctx.now) for code in disabled)
        append_events(conn, ctx.now, events, lanes=self.lanes)
        append_audit(conn, ctx.now, audits)


def _told(target: Target, commands: Sequence[Command]) -> list[int]:
    if target.purpose != "events":
        return []
    return [c.event_seq for c in commands if c.event_seq is not None and not c.payload]


def _fact(tenant_id: UUID, target: Target, command: Command, events: Mapping[int, StoredEvent]) -> Fact:
    """A command as it stands; for a subscriber the event of the log, under the id its source gave it."""
    told = events.get(command.event_seq or 0) if target.purpose == "events" and not command.payload else None
    if told is not None:
        return Fact(told.event_id, source_of(tenant_id, told.source), told.type, told.subject, told.time, told.data)
    source = source_of(tenant_id, "headgate")
    return Fact(str(command.id), source, command.type, command.subject, command.created_at, command.payload)


def _not_before(
    state: TargetState, bucket: pace.Bucket, rate: float | None, now: datetime, *, limited: bool
) -> datetime | None:
    kept = state.not_before if state.not_before is not None and state.not_before > now else None
    return max(filter(None, [kept, pace.next_token(bucket, rate, now)])) if limited else kept


def _fare(conn: Conn[Any], judged: Sequence[tuple[Done, Verdict]], now: datetime) -> list[tuple[str, str, str]]:
    """Bring the targets' states up to date; returns the breakers that changed: target, new state, reason."""
    codes = sorted({d.errand.target.code for d, _ in judged})
    before = {s.code: s for s in map(state_of, conn.execute(repo.LOCK_STATES, {"codes": codes}))}
    after = dict(before)
    for done, verdict in judged:
        code = done.errand.target.code
        if code in after:
            after[code] = _fared(after[code], done, verdict, now)
    changed = [s for code, s in after.items() if s != before[code]]
    if changed:
        conn.execute(repo.SAVE_STATES, state_parameters(changed))
    return [
        (s.code, s.breaker.state, s.breaker.reason) for s in changed if s.breaker.state != before[s.code].breaker.state
    ]


def _fared(state: TargetState, done: Done, verdict: Verdict, now: datetime) -> TargetState:
    if verdict.target_failed:
        breaker = breakers.failed(state.breaker, verdict.reason, now)
    else:
        breaker = breakers.succeeded(state.breaker)
    pauses = [at for at in (state.not_before, verdict.pause_target) if at is not None and at > now]
    if breaker.state == "open" and breaker.until is not None:
        pauses.append(breaker.until)
    elif state.breaker.state != "closed" and breaker.state == "closed":
        pauses = [at for at in pauses if at != state.breaker.until]
    well = verdict.kind == "delivered"
    return replace(
        state,
        breaker=breaker,
        breaker_at=state.breaker_at if breaker.state == state.breaker.state else now,
        not_before=max(pauses, default=None),
        last_success_at=now if well else state.last_success_at,
        last_error=state.last_error if well else verdict.reason,
        last_error_at=state.last_error_at if well else now,
    )


def _mark(conn: Conn[Any], judged: Sequence[tuple[Done, Verdict]], now: datetime) -> tuple[set[UUID], set[UUID]]:
    """Settle or put back the messages; returns those sent for the first time, and those that are dead now."""
    sent = set(outbox_sent(conn, now, [d.errand.command.id for d, v in judged if v.kind == "delivered"]))
    setbacks = [
        Setback(d.errand.command.id, d.errand.lease, v.reason, v.next_at) for d, v in judged if v.kind != "delivered"
    ]
    counted = outbox_failed(conn, setbacks)
    return sent, {s.id for s in setbacks if s.next_at is None} & counted


def _note_attempts(conn: Conn[Any], judged: Sequence[tuple[Done, Verdict]]) -> None:
    conn.execute(
        repo.ADD_ATTEMPTS,
        {
            "command": [d.errand.command.id for d, _ in judged],
            "target": [d.errand.target.code for d, _ in judged],
            "number": [d.errand.command.attempts for d, _ in judged],
            "at": [d.at for d, _ in judged],
            "milliseconds": [round(d.answer.seconds * 1000) for d, _ in judged],
            "outcome": [v.kind for _, v in judged],
            "status": [d.answer.status for d, _ in judged],
            "error": [d.answer.error[:500] for d, _ in judged],
            "excerpt": [d.answer.excerpt for d, _ in judged],
        },
    )


def _gone(judged: Sequence[tuple[Done, Verdict]]) -> set[str]:
    """Subscribers that want nothing any more, as Standard Webhooks has it. A target of commands is never given up."""
    return {d.errand.target.code for d, _ in judged if d.answer.status == GONE and d.errand.target.purpose == "events"}


def _result(done: Done, verdict: Verdict, type_: str, now: datetime) -> NewEvent:
    command = done.errand.command
    data = {
        "process": command.process,
        "case": str(command.case_id) if command.case_id else "",
        "command": str(command.id),
        "idempotency_key": command.idempotency_key,
        "step": command.step,
        "target": command.target,
        "type": command.type,
        "subject": command.subject,
        "attempts": command.attempts,
        "answer": done.answer.status,
        "reason": verdict.reason,
        "at": instant_text(done.at),
    }
    return NewEvent(
        source="headgate/outbox",
        event_id=f"{command.id}:{command.replays}:{type_.partition('.')[2]}",
        type=type_,
        subject=command.subject,
        key=command.key,
        time=now,
        data=data,
        actor="system",
        trace=command.trace,
    )


def _dead(done: Done, verdict: Verdict) -> AuditDraft:
    command = done.errand.command
    body = {
        "target": command.target,
        "type": command.type,
        "subject": command.subject,
        "attempts": command.attempts,
        "reason": verdict.reason,
    }
    return AuditDraft("command.dead", "command", str(command.id), SYSTEM.id, body, case_id=command.case_id)


def _notice(code: str, now: datetime) -> NewEvent:
    short = code.removeprefix(SUBSCRIPTION)
    return NewEvent(
        source="headgate/outbox",
        event_id=f"{code}:disabled:{instant_text(now)}",
        type=SUBSCRIPTION_DISABLED,
        subject=short,
        key=f"noted:{SUBSCRIPTION_DISABLED}",
        time=now,
        data={"subscription": short, "reason": f"it answered {GONE} Gone"},
        actor="system",
    )
