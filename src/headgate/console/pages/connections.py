"""Connections: does everything arrive, and if not, what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors.delivery import (
    Connection,
    attempts_of,
    connections,
    dead_letters,
    dismiss_letters,
    replay_letters,
    unrouted,
)
from headgate.connectors.provisioning import READ as PROVISIONING
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import connections as present
from headgate.console.views.common import Notice
from headgate.console.views.connections import DeliveriesView, DeliveryView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Invalid, invalid
from headgate.kernel.phrases import counted, figure, phrase, sentence
from headgate.ledger import Command, outbox_get, outbox_list
from headgate.process import partners_of_cases

PAGE = 50
READ, WRITE = ("connections.read",), ("connections.write",)
LAST = UUID(int=2**128 - 1)
PICK = "pick:"
Act = Callable[[Any, Any, Sequence[UUID], str], list[UUID]]
ACTS: dict[str, tuple[Act, str]] = {
    "replay": (replay_letters, phrase("sent again")),
    "dismiss": (dismiss_letters, phrase("given up")),
}


def show_all(visit: Visit) -> Answer:
    """All targets and subscriptions."""
    shown = present.overview(connections(visit.conn, visit.now), unrouted(visit.conn, visit.now), visit.now)
    return replace(shown, provisions=visit.may(PROVISIONING))


def show_deliveries(visit: Visit) -> Answer:
    """Messages of one state, dead letters first of all."""
    return _list(visit)


def act_on_letters(visit: Visit) -> Answer:
    """Send picked dead letters again, or give them up."""
    act, words = ACTS[_act_of(visit)]
    target = visit.form.get("target", "").replace("\0", "")[:200]
    type_ = visit.form.get("type", "").replace("\0", "")[:200]
    reason = visit.form.get("reason", "")
    try:
        ids = _picked(visit, target, type_)
        done = act(visit.conn, visit.ctx, ids, reason)
    except Invalid as error:
        problem = error.problems[0] if error.problems else None
        words = (
            phrase("Write why; it goes into the audit trail.")
            if problem and problem.field == "reason"
            else sentence(error.message)
        )
        return Shown(_list(visit, error=words, reason=reason, target=target, type_=type_), 422)
    except Conflict as error:
        return Go(urls.query(urls.DELIVERIES, [("target", target)]), Notice("risk", sentence(error.message)))
    here = urls.query(urls.DELIVERIES, [("target", target), ("type", type_)])
    told = counted(
        "%(count)s is %(words)s.", "%(count)s are %(words)s.", len(done), count=figure(len(done)), words=words
    )
    return Go(here, Notice("done", told))


def show(visit: Visit) -> Answer:
    """One message."""
    return _one(visit, visit.uuid("delivery"))


def replay_one(visit: Visit) -> Answer:
    """Send one dead letter again."""
    return _act_on_one(visit, "replay")


def dismiss_one(visit: Visit) -> Answer:
    """Give one dead letter up."""
    return _act_on_one(visit, "dismiss")


def _act_on_one(visit: Visit, name: str) -> Answer:
    act, words = ACTS[name]
    wanted = visit.uuid("delivery")
    try:
        act(visit.conn, visit.ctx, [wanted], visit.form.get("reason", ""))
    except Invalid:
        return Shown(_one(visit, wanted, error=phrase("Write why; it goes into the audit trail.")), 422)
    return Go(urls.delivery(wanted), Notice("done", phrase("It is %(words)s.", words=words)))


def _one(visit: Visit, wanted: UUID, error: str = "") -> DeliveryView:
    command = outbox_get(visit.conn, wanted)
    known = _known(visit, [command], connections(visit.conn, visit.now))
    return present.delivery(command, attempts_of(visit.conn, wanted), known, can_act=visit.may(*WRITE), error=error)


def _known(visit: Visit, found: Sequence[Command], there: Sequence[Connection]) -> present.Known:
    """The names that messages can be told with, a query each at most."""
    cases = partners_of_cases(visit.conn, {c.case_id for c in found if c.case_id})
    people = {c.subject for c in found if c.type == present.MAIL}
    names = names_of(visit, people=people, partners=set(cases.values()))
    return present.Known(names, cases, {c.target.code: c.target.name for c in there})


def _list(visit: Visit, *, error: str = "", reason: str = "", target: str = "", type_: str = "") -> DeliveriesView:
    status = visit.choice("status", present.STATUSES) or "dead"
    target, type_ = target or visit.text("target"), type_ or visit.text("type")
    found = outbox_list(
        visit.conn,
        status=status,
        target=target or None,
        type=type_ or None,
        before=_before(visit),
        limit=PAGE + 1,
    )
    kept = found[:PAGE]
    known, nowhere = connections(visit.conn, visit.now), unrouted(visit.conn, visit.now)
    dead = {c.target.code: c.backlog.dead for c in known} | {b.target: b.dead for b in nowhere}
    return DeliveriesView(
        tabs=present.tabs(status, target, dead.get(target, 0) if target else sum(dead.values())),
        status=status,
        targets=present.target_options(known, nowhere, status),
        target=target,
        type=type_,
        items=present.rows(kept, _known(visit, kept, known)),
        matching=dead.get(target, 0) if target else sum(dead.values()),
        can_act=status == "dead" and visit.may(*WRITE),
        error=error,
        reason=reason,
        more=visit.further(urls.DELIVERIES, encode_cursor(str(kept[-1].id)) if len(found) > PAGE else ""),
    )


def _act_of(visit: Visit) -> str:
    wanted = visit.form.get("act", "")
    if wanted not in ACTS:
        raise invalid("act", wanted, "is not something to do with dead letters", "Go back and use the buttons.")
    return wanted


def _picked(visit: Visit, target: str, type_: str) -> list[UUID]:
    """The ids that were ticked; with `all`, whatever matches the filters."""
    if visit.form.get("all"):
        return dead_letters(visit.conn, target=target or None, type=type_ or None)
    try:
        ids = [UUID(name.removeprefix(PICK)) for name in visit.form if name.startswith(PICK)]
    except ValueError:
        raise invalid("pick", "", "is not a message", "Go back and pick from the list.") from None
    if not ids:
        raise Invalid("Pick at least one message first.")
    return ids


def _before(visit: Visit) -> UUID:
    (text,) = decode_cursor(visit.cursor(), 1)
    try:
        return UUID(text) if text else LAST
    except ValueError:
        raise invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.") from None


DOORS = (
    Door("GET", urls.CONNECTIONS, READ, show_all),
    Door("GET", urls.DELIVERIES, READ, show_deliveries),
    Door("POST", urls.DELIVERIES, WRITE, act_on_letters),
    Door("GET", urls.delivery("{delivery}"), READ, show),
    Door("POST", urls.delivery_act("{delivery}", "replay"), WRITE, replay_one),
    Door("POST", urls.delivery_act("{delivery}", "dismiss"), WRITE, dismiss_one),
)
