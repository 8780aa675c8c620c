"""Quarantine: look, mend and replay, or dismiss."""

from __future__ import annotations

from typing import Literal, cast

from headgate.channel import orders
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors import replay_event, replay_rows
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import quarantine as present
from headgate.console.views.common import Notice
from headgate.console.views.quarantine import QuarantineItemView, QuarantineView
from headgate.console.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.kernel.canonical import loads
from headgate.kernel.errors import Conflict, HeadgateError, Invalid, Problem, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import (
    AuditDraft,
    Quarantined,
    append_audit,
    audit_list,
    event_find,
    quarantine_counts,
    quarantine_get,
    quarantine_list,
    quarantine_resolve,
)
from headgate.ui.words import STATES

PAGE = 50
Status = Literal["open", "replayed", "dismissed"]
READ, WRITE = ("quarantine.read",), ("quarantine.write",)


def show_all(visit: Visit) -> Answer:
    """What was put aside, oldest first."""
    status = cast(Status, visit.choice("status", present.STATUSES) or "open")
    reason = visit.text("reason") if status == "open" else ""
    found = quarantine_list(visit.conn, status=status, reason=reason or None, after=_after(visit), limit=PAGE + 1)
    kept = found[:PAGE]
    counts = quarantine_counts(visit.conn)
    of_reason = sum(each.count for each in counts if reason in ("", each.reason))
    return QuarantineView(
        tabs=present.tabs(status, counts),
        reasons=present.reasons(counts) if status == "open" else (),
        reason=reason,
        items=present.rows(kept, visit.lens),
        matching=of_reason if status == "open" else 0,
        amount=present.known_amount(counts, reason) if status == "open" else None,
        more=visit.further(urls.QUARANTINE, encode_cursor(str(kept[-1].position)) if len(found) > PAGE else ""),
    )


def show(visit: Visit) -> Answer:
    """One item."""
    return _view(visit, quarantine_get(visit.conn, visit.uuid("item")))


def replay(visit: Visit) -> Answer:
    """Send it again, mended; then tell what became of it."""
    item = quarantine_get(visit.conn, visit.uuid("item"))
    entered = {n.removeprefix("field:"): v for n, v in visit.form.items() if n.startswith("field:")}
    raw = visit.form.get("raw")
    try:
        event_id = _replay_row(visit, item, entered) if item.kind == "row" else _replay_event(visit, item, raw)
    except Invalid as error:
        problems = error.problems or (Problem("", "", error.message),)
        return Shown(_view(visit, item, entered, raw, problems), 422)
    event = event_find(visit.conn, item.source, event_id)
    if event is None:
        raise Conflict("what was replayed is not in the log; look at the item again")
    seq, order_no = event.seq, event.subject
    return Settle(seq, lambda after, settled: _told(after, item, seq, order_no, settled=settled))


def dismiss(visit: Visit) -> Answer:
    """Leave it out, with a reason that goes into the audit chain."""
    item, why = quarantine_get(visit.conn, visit.uuid("item")), visit.form.get("why", "").strip()
    if not why:
        return Go(
            urls.quarantine_item(item.id), Notice("risk", phrase("Write why it can be left out, then dismiss it."))
        )
    quarantine_resolve(visit.conn, visit.now, [item.id], "dismissed", visit.me.id)
    draft = AuditDraft(
        action="quarantine.dismissed",
        subject_type="quarantine",
        subject=str(item.id),
        actor=visit.me.id,
        body={"reason": why[:2000], "kind": item.kind, "source": item.source, "was": item.reason},
        event_seq=item.event_seq,
    )
    append_audit(visit.conn, visit.now, [draft])
    return Go(urls.QUARANTINE, Notice("done", phrase("It is dismissed, with your reason in the audit trail.")))


def _replay_row(visit: Visit, item: Quarantined, entered: dict[str, str]) -> str:
    fix = {name: value for name, value in entered.items() if value != present.columns_of(item).get(name)}
    engine = visit.app.engine
    (done,) = replay_rows(
        visit.conn,
        visit.ctx,
        [item.id],
        fix,
        orders.current_order,
        lanes=engine.lanes,
        validators=engine.registry.validators,
        route=engine.definitions.router(visit.conn),
    )
    return done.event_id


def _replay_event(visit: Visit, item: Quarantined, raw: str | None) -> str:
    data = None
    if raw is not None and raw.strip() != present.pretty(item.raw).strip():
        try:
            data = loads(raw)
        except (ValueError, RecursionError):
            raise invalid("event", "", "is not JSON", "Check commas, quotes and brackets.") from None
        if not isinstance(data, dict):
            raise invalid("event", "", "is not an object", "Begin it with { and end it with }.")
    engine = visit.app.engine
    done = replay_event(
        visit.conn,
        visit.ctx,
        item.id,
        data,
        lanes=engine.lanes,
        validators=engine.registry.validators,
        route=engine.definitions.router(visit.conn),
    )
    return done.event_id


def _told(visit: Visit, item: Quarantined, seq: int, subject: str, *, settled: bool) -> Answer:
    here = urls.quarantine_item(item.id)
    if not settled:
        return Go(here, Notice("waiting", phrase("It was sent again and is applied in a moment. Load the page again.")))
    refused = audit_list(visit.conn, action="event.refused", subject=subject, limit=20)
    why = next((str(e.body.get("problem", "")) for e in refused if e.event_seq == seq), "")
    again = quarantine_get(visit.conn, item.id)
    if why and (again.status == "open" or item.kind == "row"):
        return Go(here, Notice("risk", phrase("It was sent again and refused again: %(why)s", why=why)))
    try:
        status = str(orders.get_order(visit.conn, subject)["status"])
    except HeadgateError:
        return Go(urls.QUARANTINE, Notice("done", phrase("It was sent again and taken.")))
    label = STATES["order"][status].label.lower() if status in STATES["order"] else status
    notice = Notice(
        "done",
        phrase("It was sent again and taken; the order is %(label)s.", label=label),
        urls.order(subject),
        phrase("Open the order"),
    )
    return Go(urls.QUARANTINE, notice)


def _view(
    visit: Visit,
    item: Quarantined,
    entered: dict[str, str] | None = None,
    raw: str | None = None,
    refused: tuple[Problem, ...] = (),
) -> QuarantineItemView:
    names = names_of(visit, people=[item.resolved_by] if item.resolved_by else [])
    alike = sum(each.count for each in quarantine_counts(visit.conn) if each.reason == item.reason)
    return present.item_view(
        item,
        alike=alike if item.status == "open" else 0,
        can_fix=visit.may(*WRITE),
        names=names,
        entered=entered or {},
        raw=raw,
        refused=refused,
        lens=visit.lens,
    )


def _after(visit: Visit) -> int:
    (text,) = decode_cursor(visit.cursor(), 1)
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.")
    return int(text)


DOORS = (
    Door("GET", urls.QUARANTINE, READ, show_all),
    Door("GET", f"{urls.QUARANTINE}/{{item}}", READ, show),
    Door("POST", urls.quarantine_replay("{item}"), WRITE, replay),
    Door("POST", urls.quarantine_dismiss("{item}"), WRITE, dismiss),
)
