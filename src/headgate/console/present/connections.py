"""Connections, deliveries and dead letters as shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headgate.connectors.delivery import SUBSCRIPTION, Attempt, Connection
from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.present.quarantine import pretty
from headgate.console.views.common import Option, Tab
from headgate.console.views.connections import (
    AttemptRow,
    ConnectionRow,
    ConnectionsView,
    DeliveryRow,
    DeliveryView,
    Unrouted,
)
from headgate.kernel.canonical import canonical_text
from headgate.kernel.phrases import figure, phrase
from headgate.ledger import Backlog, Command
from headgate.ui.words import STATES

STATUSES = ("dead", "pending", "sent", "dismissed")
MOST_TYPES = 4
MAIL = "mail.send"


# What messages to other systems want or tell. Their types are codes, which other systems know them by.
SAID: Mapping[str, str] = {
    "order.release": phrase("Release the order"),
    "order.hold": phrase("Hold the order"),
    "order.reject": phrase("Reject the order"),
    "order.cancel": phrase("Cancel the order"),
    "order.picks": phrase("Pick the order"),
    "order.replace": phrase("Replace the order"),
    "price.override": phrase("Sell at the special price"),
    "credit.issue": phrase("Issue the credit note"),
    "deal.protected": phrase("Protect the deal"),
    "deal.released": phrase("End the deal’s protection"),
    "deal.converted": phrase("Book the won deal"),
    "return.authorised": phrase("Expect the goods of the return"),
    "return.cancelled": phrase("Expect the goods no more"),
    "return.send_back": phrase("Send the goods back"),
    "mail.send": phrase("E-mail"),
    "price_exception.granted": phrase("A special price was granted"),
    "price_exception.returned": phrase("A special price was sent back"),
    "price_exception.lapsing": phrase("A special price lapses soon"),
    "deal.decided": phrase("A deal was decided"),
    "deal.lapsing": phrase("A deal lapses soon"),
    "deal.protection_ending": phrase("A deal’s protection ends soon"),
    "rma.decided": phrase("A return was decided"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names on a page of messages: of people and partners, of whose case each is, and of the connections."""

    names: Names
    cases: Mapping[UUID, str]
    targets: Mapping[str, str]

    def subject(self, command: Command) -> str:
        """What a message is about, people by name."""
        if command.type != MAIL:
            return command.subject
        person = self.names.person(command.subject)
        return command.subject if person.name == command.subject else f"{person.name} ({command.subject})"

    def partner(self, command: Command) -> str:
        """Whose case wanted it: name and code, or ''."""
        code = self.cases.get(command.case_id) if command.case_id else None
        found = self.names.partner(code) if code else None
        if found is None:
            return code or ""
        return f"{found.name} ({found.code})" if found.name != found.code else found.code

    def target(self, code: str) -> str:
        """A connection's name and code."""
        shown, name = shown_target(code), self.targets.get(code, "")
        return f"{name} ({shown})" if name and name != shown else shown


def overview(found: Sequence[Connection], unrouted: Sequence[Backlog], now: datetime) -> ConnectionsView:
    """Everything that messages go to."""
    waiting = [*(c.backlog for c in found), *unrouted]
    return ConnectionsView(
        targets=tuple(_row(c, now) for c in found if c.target.purpose == "commands"),
        subscriptions=tuple(_row(c, now) for c in found if c.target.purpose == "events"),
        unrouted=tuple(Unrouted(b.target, b.pending, b.oldest) for b in unrouted),
        waiting=sum(b.pending for b in waiting),
        oldest=min((b.oldest for b in waiting if b.oldest is not None), default=None),
        dead=sum(b.dead for b in waiting),
        troubled=sum(1 for c in found if c.target.status == "active" and c.state.breaker.state != "closed"),
    )


def _row(connection: Connection, now: datetime) -> ConnectionRow:
    target, state, backlog = connection.target, connection.state, connection.backlog
    active = target.status == "active"
    held = state.not_before if active and state.not_before is not None and state.not_before > now else None
    why = state.breaker.reason if active else target.status_reason
    if active and held is not None and state.breaker.state == "closed":
        why = phrase("it asked for a pause, or its rate is used up")
    return ConnectionRow(
        code=target.short,
        name=target.name,
        url=target.url,
        kind=target.kind,
        state=_state(connection),
        why=why,
        until=held,
        waiting=backlog.pending,
        oldest=backlog.oldest,
        dead=backlog.dead,
        dead_href=urls.query(urls.DELIVERIES, [("target", target.code)]),
        last_success=state.last_success_at,
        last_error=state.last_error,
        last_error_at=state.last_error_at,
        gets=_gets(target.types) if target.purpose == "events" else "",
    )


def _state(connection: Connection) -> str:
    """The status unless it is active, then the breaker's; what was never tried works as little as it does not."""
    target, state = connection.target, connection.state
    if target.status != "active":
        return target.status
    return "untried" if state.breaker.state == "closed" and state.last_attempt_at is None else state.breaker.state


def _gets(types: Sequence[str]) -> str:
    if not types:
        return phrase("all events")
    shown = ", ".join(types[:MOST_TYPES])
    return (
        phrase("%(shown)s and %(most_types)s more", shown=shown, most_types=len(types) - MOST_TYPES)
        if len(types) > MOST_TYPES
        else shown
    )


def tabs(status: str, target: str, dead: int) -> tuple[Tab, ...]:
    """Which messages; only dead letters are counted."""
    return tuple(
        Tab(
            STATES["delivery"][each].label,
            urls.query(urls.DELIVERIES, [("status", "" if each == "dead" else each), ("target", target)]),
            dead if each == "dead" else None,
            each == status,
        )
        for each in STATUSES
    )


def target_options(found: Sequence[Connection], unrouted: Sequence[Backlog], status: str) -> tuple[Option, ...]:
    """What the list can be narrowed to."""
    named = [(c.target.code, f"{c.target.name} ({shown_target(c.target.code)})", c.backlog.dead) for c in found]
    named += [(b.target, phrase("%(target)s, not registered", target=b.target), b.dead) for b in unrouted]
    return tuple(Option(code, label, dead if status == "dead" else None) for code, label, dead in named)


def shown_target(code: str) -> str:
    """A target's code as people write it."""
    return f"subscription {code.removeprefix(SUBSCRIPTION)}" if code.startswith(SUBSCRIPTION) else code


def said_as(type_: str) -> str:
    """What a message wants or tells, in words; a type that nobody here knows is said as it is."""
    return SAID.get(type_, type_)


def rows(found: Sequence[Command], known: Known) -> tuple[DeliveryRow, ...]:
    """The list."""
    return tuple(
        DeliveryRow(
            id=c.id,
            type=c.type,
            title=said_as(c.type),
            subject=known.subject(c),
            partner=known.partner(c),
            target=known.target(c.target),
            status=c.status,
            attempts=c.attempts,
            created_at=c.created_at,
            last_error=c.last_error or "",
        )
        for c in found
    )


def delivery(
    command: Command, tries: Sequence[Attempt], known: Known, *, can_act: bool, error: str = ""
) -> DeliveryView:
    """One message."""
    return DeliveryView(
        id=command.id,
        type=command.type,
        title=said_as(command.type),
        subject=known.subject(command),
        partner=known.partner(command),
        target=known.target(command.target),
        status=command.status,
        attempts=command.attempts,
        replays=command.replays,
        created_at=command.created_at,
        next_at=command.next_at,
        sent_at=command.sent_at,
        last_error=command.last_error or "",
        idempotency_key=command.idempotency_key,
        payload=pretty(canonical_text(command.payload)) if command.payload else "",
        tries=tuple(_attempt(a) for a in tries),
        case_href=urls.case(command.case_id) if command.case_id else "",
        can_act=can_act,
        error=error,
    )


def _attempt(attempt: Attempt) -> AttemptRow:
    return AttemptRow(
        at=attempt.at,
        number=attempt.number,
        outcome=attempt.outcome,
        answer=str(attempt.status) if attempt.status is not None else phrase("none"),
        said=attempt.excerpt or attempt.error,
        took=phrase("%(milliseconds)s ms", milliseconds=figure(attempt.milliseconds)),
    )
