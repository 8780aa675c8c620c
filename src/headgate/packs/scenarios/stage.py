"""Where scenarios are played: one tenant of a throwaway database, in transactions that are rolled back.

What files share is given once; each scenario runs behind a savepoint and leaves nothing. The engine, the policies and
the services are those of the product; only the clock is set by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate import access
from headgate.channel import agreements
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import HeadgateError, NotFound, invalid
from headgate.ledger import CONTROL_LANE, NewEvent, ack_inbox, append_events, fetch_inbox, quarantine_list
from headgate.packs.scenarios.core.match import match_rows, shown
from headgate.packs.scenarios.core.model import Act, Given, Mismatch, Scenario, Story
from headgate.packs.scenarios.core.times import day, instant, span
from headgate.packs.scenarios.observe import observe, reasons_of
from headgate.packs.scenarios.patching import Changed, Patched, patched
from headgate.packs.scenarios.telling import tell
from headgate.policy.core.source import Node
from headgate.process import Choice, Engine, Incoming, decide_approval, ingest
from headgate.process.barriers import segments
from headgate.process.repo import get_approval, take_due_timers

DOMAIN: Final = "scenario.example"
AUTHOR: Final = Principal(f"user:author@{DOMAIN}", "person", "Author")
APPROVER: Final = Principal(f"user:approver@{DOMAIN}", "person", "Approver")
MOST_ROUNDS: Final = 500
PENDING: Final = (
    "select approval from approvals where subject = %s and status = 'pending' order by requested_at, approval limit 1"
)
NEXT_TIMER: Final = "select min(fire_at) from timers"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scenario. `why` are the decisions about the subjects that differ, in their own words."""

    scenario: Scenario
    mismatches: tuple[Mismatch, ...]
    why: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.mismatches


def play(
    conn: Connection[Any], tenant: UUID, engine: Engine, pack: Changed, story: Story, only: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Play a file's scenarios (those whose names hold one of `only`), one after the other; nothing stays in the
    database. The transaction is the caller's."""
    with conn.transaction(force_rollback=True):
        wanted = [s for s in story.scenarios if not only or any(word in s.name for word in only)]
        shared, problem = _prepared(conn, tenant, engine, story, pack)
        for scenario in wanted:
            if problem is not None:
                yield Outcome(scenario, (problem,))
                continue
            with conn.transaction(force_rollback=True):
                yield _played(conn, shared, pack, story, scenario)


def _prepared(
    conn: Connection[Any], tenant: UUID, engine: Engine, story: Story, pack: Changed
) -> tuple[_Stage, Mismatch | None]:
    zone = ZoneInfo(story.timezone)
    first = min(instant(s.at, zone) for s in story.scenarios)
    stage = _Stage(conn, tenant, engine, zone, story, first)
    try:
        stage.give(story.given)
    except _Stopped as stopped:
        return stage, stopped.mismatch
    return stage, None


def _played(conn: Connection[Any], shared: _Stage, pack: Changed, story: Story, scenario: Scenario) -> Outcome:
    stage = replace(shared, now=instant(scenario.at, shared.zone), found=[], names=dict(shared.names))
    try:
        changed = patched(pack, [story.given, scenario.given])
        if changed:
            stage.engine = replace(stage.engine, policies=Patched(changed))
        stage.give(scenario.given)
        for act in scenario.acts:
            stage.act(act)
        if scenario.expected is not None:
            stage.hold(scenario.expected, "expected")
    except _Stopped as stopped:
        stage.found.append(stopped.mismatch)
    except HeadgateError as error:
        stage.found.append(Mismatch(scenario.line, "given", "to be possible", error.message))
    return Outcome(scenario, tuple(stage.found), stage.explanation())


class _Stopped(Exception):
    """The scenario cannot go on."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.got)
        self.mismatch = mismatch


@dataclass(slots=True)
class _Stage:
    """One tenant at one time, and what has been found different so far."""

    conn: Connection[Any]
    tenant: UUID
    engine: Engine
    zone: ZoneInfo
    story: Story
    now: datetime
    found: list[Mismatch] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def context(self, principal: Principal = SYSTEM) -> Context:
        return Context(self.tenant, principal, self.now)

    # --- given

    def give(self, given: Given) -> None:
        for name, roles, line in given.people:
            with self.at(line, "given.people"):
                account = access.create_person(self.conn, self.context(), email=f"{name}@{DOMAIN}", name=name)
                self.names[account.principal] = name
                for role in roles:
                    access.grant_role(self.conn, self.context(), account.principal, role)
        for type_, items in given.records:
            self.take(Act("send", type_, items.line, data=Node({"items": items}, items.line)))
        for node in given.agreements:
            with self.at(node.line, "given.agreements"):
                self.agree(self.plain(node))
        for node in given.delegations:
            with self.at(node.line, "given.delegations"):
                self.delegate(self.plain(node))
        for act in given.events:
            self.take(act)

    def agree(self, terms: dict[str, Any]) -> None:
        starts = str(terms.get("valid_from") or self.now.astimezone(self.zone).date())
        draft = {"title": terms.get("code", ""), "kind": "list", "currency": self.story.currency, **terms}
        made = agreements.draft(self.conn, self.context(AUTHOR), {**draft, "valid_from": starts})
        agreements.submit(self.conn, self.context(AUTHOR), [made.agreement])
        agreements.approve(self.conn, self.context(APPROVER), [made.agreement], justification="as the scenario says")
        start = instant(starts, self.zone)
        agreements.activate(self.conn, self.context(APPROVER), made.agreement, start=start)

    def delegate(self, terms: dict[str, Any]) -> None:
        until = terms.get("until")
        delegator = self.person(str(terms.get("from", "")))
        access.create_delegation(
            self.conn,
            self.context(Principal(delegator, "person")),
            delegator=delegator,
            delegate=self.person(str(terms.get("to", ""))),
            roles=[str(role) for role in terms.get("roles") or ()],
            valid_from=self.now,
            valid_until=instant(str(until), self.zone) if until else self.now + timedelta(days=30),
            reason=str(terms.get("reason") or "as the scenario says"),
            max_amount=Decimal(str(terms["up_to"])) if terms.get("up_to") is not None else None,
            onward=bool(terms.get("onward", False)),
        )

    # --- events

    def act(self, act: Act) -> None:
        self.take(act)
        if act.expected is not None:
            self.hold(act.expected, "expected")

    def take(self, act: Act) -> None:
        """One thing happens. When it is refused although it should not be, or not although it should, that differs."""
        before = self.refusals()
        told = ""
        try:
            # Whatever is refused must leave nothing behind, as at an edge.
            with self.conn.transaction():
                self.do(act)
            self.drain()
        except HeadgateError as error:
            told = error.message
        told = told or "; ".join(self.refusals()[len(before) :])
        if act.refused is None and told:
            raise _Stopped(Mismatch(act.line, act.name, "to be taken", f"refused: {told}", act.subject))
        if act.refused is not None and act.refused.casefold() not in told.casefold():
            wanted = f"refused: {act.refused}" if act.refused else "refused"
            self.found.append(
                Mismatch(act.line, act.name, wanted, f"refused: {told}" if told else "taken", act.subject)
            )
        elif act.refused == "" and not told:
            self.found.append(Mismatch(act.line, act.name, "refused", "taken", act.subject))

    def do(self, act: Act) -> None:
        if act.kind == "send":
            self.send(act)
        elif act.kind == "decide":
            self.decide(act)
        elif act.kind == "tell":
            tell(self.conn, self.context, self.engine, act, self.person)
        elif act.kind == "jobs":
            for job in self.engine.registry.jobs.values():
                events = job(self.conn, self.context())
                append_events(self.conn, self.now, events, lanes=self.engine.lanes)
        else:
            self.move(act)

    def send(self, act: Act) -> None:
        self.sent += 1
        defaults = self.story.given.defaults.get(act.name)
        data = _completed(self.plain(defaults) if defaults else {}, self.plain(act.data) if act.data else {})
        sender = Principal(f"source:{act.source}", "service", act.source)
        principal = Principal(self.person(act.by), "person", act.by) if act.by else sender
        event = Incoming(act.event_id or f"s-{self.sent}", act.name, self.now, data)
        (appended,) = ingest(self.conn, self.context(principal), self.engine, act.source, [event])
        if appended.status == "conflict":
            raise invalid("id", act.event_id, "came before with other contents")

    def decide(self, act: Act) -> None:
        row = self.conn.execute(PENDING, (act.subject,)).fetchone()
        approval = get_approval(self.conn, row[0]) if row else None
        if approval is None:
            raise NotFound(f"nothing waits for a decision on {act.subject}")
        choice = Choice(
            act.name,
            act.reason,
            act.digest or approval.digest,
            self.person(act.behalf) if act.behalf else "",
            self.plain(act.data) if act.data else None,
        )
        person = Principal(self.person(act.by), "person", act.by)
        decide_approval(self.conn, self.context(person), self.engine, approval.approval, choice)

    def move(self, act: Act) -> None:
        """Let time pass: what falls due meanwhile happens at its own time."""
        if act.kind == "until":
            end = instant(act.name, self.zone)
        else:
            hours, plain = span(act.name)
            deadline = self.engine.registry.profile(self.conn).deadline
            end = deadline(self.now, hours) if hours is not None else self.now + plain
        if end < self.now:
            raise invalid("at", act.name, f"lies before {shown(self.now.astimezone(self.zone))}", "Time only passes.")
        self.drain()
        for _ in range(MOST_ROUNDS):
            (next_at,) = self.conn.execute(NEXT_TIMER).fetchone() or (None,)
            if next_at is None or next_at > end:
                break
            self.now = max(self.now, next_at)
            self.fire()
            self.drain()
        else:
            raise invalid(act.kind, act.name, f"more than {MOST_ROUNDS} clocks fired", "A clock sets itself again.")
        self.now = end

    def fire(self) -> None:
        due = take_due_timers(self.conn, self.now, MOST_ROUNDS)
        events = [
            NewEvent(
                source="headgate/timers",
                event_id=str(t["timer"]),
                type="timer.fired",
                subject=t["key"].partition(":")[2],
                key=t["key"],
                time=self.now,
                data={
                    "timer": str(t["timer"]),
                    "case": str(t["case_id"]),
                    "process": t["process"],
                    "name": t["name"],
                    "fire_at": instant_text(t["fire_at"]),
                },
                actor="system",
            )
            for t in due
        ]
        append_events(self.conn, self.now, events, lanes=self.engine.lanes)

    def drain(self) -> None:
        """Apply everything that waits, as a worker does, with what follows from it."""
        lanes = [CONTROL_LANE, *range(self.engine.lanes)]
        for _ in range(MOST_ROUNDS):
            events = fetch_inbox(self.conn, lanes, MOST_ROUNDS, self.now)
            if not events:
                return
            for segment in segments(events):
                done = self.engine.apply(self.conn, self.context(), segment)
                if done.failures:
                    failed = done.failures[0]
                    raise invalid(failed.event.type, failed.event.subject, f"could not be applied: {failed.error}")
            ack_inbox(self.conn, events)
        raise invalid("events", MOST_ROUNDS, "rounds, and still events follow from events")

    def refusals(self) -> list[str]:
        return [q.reason for q in quarantine_list(self.conn)]

    # --- expected

    def hold(self, expected: Node, where: str) -> None:
        sections = expected.value if isinstance(expected.value, dict) else {}
        for name, node in sections.items():
            if name == "explained":
                self.found += self.explained(node, f"{where}.explained")
            else:
                rows = observe(self.conn, name, self.short)
                self.found += match_rows(node, rows, f"{where}.{name}")

    def explained(self, node: Node, where: str) -> Iterator[Mismatch]:
        told = reasons_of(self.conn)
        for subject, texts in (node.value if isinstance(node.value, dict) else {}).items():
            mine = told.get(subject, [])
            for each in texts.value if isinstance(texts.value, list) else [texts]:
                wanted = str(each.plain())
                if not any(wanted.casefold() in text.casefold() for text in mine):
                    said = "; ".join(mine) or "nothing was decided about it"
                    yield Mismatch(each.line, f"{where}.{subject}", f"a reason that says: {wanted}", said, subject)

    def explanation(self) -> Mapping[str, Sequence[str]]:
        """Why the subjects that differ were decided as they were."""
        about = {m.about for m in self.found if m.about}
        told = reasons_of(self.conn) if about else {}
        return {subject: told[subject] for subject in sorted(about) if subject in told}

    # --- words

    def person(self, name: str) -> str:
        return name if ":" in name else f"user:{name}@{DOMAIN}"

    def short(self, text: str) -> str:
        return self.names.get(text, text)

    def plain(self, node: Node) -> dict[str, Any]:
        found = self.filled(node.plain())
        assert isinstance(found, dict)
        return found

    def filled(self, value: Any) -> Any:
        """`@name` is that person, `$today+30 days` a date, `$now` an instant; numbers with decimals are texts."""
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, str) and value.startswith("@") and self.person(value[1:]) in self.names:
            return self.person(value[1:])
        if isinstance(value, str) and value.startswith("$"):
            return day(value, self.now, self.zone) or value
        return value

    @contextmanager
    def at(self, line: int, where: str) -> Iterator[None]:
        try:
            yield
        except HeadgateError as error:
            raise _Stopped(Mismatch(line, where, "to be possible", error.message)) from None


def _completed(defaults: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Data over its defaults, mapping by mapping; `~` takes a default away."""
    merged = dict(defaults)
    for key, value in data.items():
        mine = merged.get(key)
        merged[key] = _completed(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return {key: value for key, value in merged.items() if value is not None}
