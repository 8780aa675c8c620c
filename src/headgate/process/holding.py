"""Decisions about many approvals that are held for a moment, so that whoever made them can take them back.

Until it is due a held decision is a row and nothing else: no event, no vote. Then a worker carries it out, in one
transaction, through the same door and with the rights its maker has at that moment; so it is done once or not at all,
whoever is killed when. What cannot be decided any more is refused with its reason and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.access import load_principal
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import Phrase, phrase
from headgate.ledger import AuditDraft, append_audit
from headgate.process.bulk import Item, Taken, decide_each, stakes
from headgate.process.core import holding
from headgate.process.core.holding import Hold
from headgate.process.decisions import Choice
from headgate.process.engine import Engine
from headgate.process.repo import get_approval
from headgate.process.repo import held as repo

# Whoever may decide; the edges ask for the same before they let anybody in.
MAY_DECIDE: Final = frozenset({"approvals.decide", "orders.write"})
TOLD_FOR: Final = timedelta(days=7)
MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class HeldItem:
    """One approval of a held decision. `event_seq`: where it stands in the log; `reason`: why it was refused."""

    held: UUID
    place: int
    approval: UUID
    digest: str
    on_behalf_of: str
    edit: Mapping[str, Any] | None
    status: Literal["held", "undone", "decided", "refused"]
    event_seq: int | None
    problem: str
    reason: Phrase | None


@dataclass(frozen=True, slots=True)
class Held:
    """A held decision with its items."""

    held: UUID
    outcome: str
    justification: str
    held_at: datetime
    stake: Decimal | None
    hold: Hold
    items: tuple[HeldItem, ...] = ()

    @property
    def status(self) -> str:
        """held, undone, carried_out or given_up."""
        return self.hold.status

    @property
    def waiting(self) -> tuple[HeldItem, ...]:
        """The items that are still to be decided."""
        return tuple(item for item in self.items if item.status == "held")

    @property
    def due_at(self) -> datetime:
        """Until when it can surely be undone."""
        return self.hold.due_at


@dataclass(frozen=True, slots=True)
class News:
    """What a person is told of a held decision of theirs: it waits to count, or some of it was refused."""

    held: UUID
    outcome: str
    status: str
    due_at: datetime
    items: int
    refused: int


def hold(
    conn: Connection[Any],
    ctx: Context,
    engine: Engine,
    items: Sequence[Item],
    seconds: int,
    *,
    proved_at: datetime | None = None,
) -> tuple[UUID | None, list[Taken]]:
    """Hold one decision about several approvals; its id (None where nothing can be decided), and of each item whether
    it is held or why not. `proved_at`: when its maker has last proved who they are, kept as evidence.

    Raises as `decide_each`, and Invalid for items that are not all decided alike or a time that is none.
    """
    holding.begin(ctx.principal.id, ctx.now, seconds)
    tried = decide_each(conn, ctx, engine, items, only_check=True)
    good = [(place, item) for place, item in enumerate(items) if tried[place].error is None]
    if not good:
        return None, tried
    begun = holding.begin(ctx.principal.id, ctx.now, seconds, _ends(tried))
    choice, held = items[0].choice, new_id(ctx.now)
    rows = {
        "places": [place for place, _ in good],
        "approvals": [item.approval for _, item in good],
        "digests": [item.choice.digest for _, item in good],
        "behalves": [item.choice.on_behalf_of for _, item in good],
        "edits": [canonical_text(item.choice.edit) if item.choice.edit else None for _, item in good],
    }
    inserted = conn.execute(repo.ADD_ITEMS, {"held": held, "by": begun.by, **rows}).fetchall()
    kept = {row[0] for row in inserted}
    tried = [t if t.error is not None or t.approval in kept else replace(t, error=_twice()) for t in tried]
    if not kept:
        return None, tried
    head = {"held": held, "by": begun.by, "outcome": choice.outcome, "justification": choice.justification.strip()}
    refused = [(place, item, t.error) for place, (item, t) in enumerate(zip(items, tried, strict=True)) if t.error]
    conn.execute(repo.ADD_REFUSED, {"held": held, "by": begun.by, **_refusals(refused)})
    head |= {"now": ctx.now, "due_at": begun.due_at, "proved_at": proved_at, "stake": stakes(tried)}
    conn.execute(repo.ADD, head)
    said = {"outcome": choice.outcome, "requests": len(kept), "until": begun.due_at.isoformat()}
    if proved_at is not None:
        said["proved_at"] = proved_at.isoformat()
    _note(conn, ctx, "decisions.held", held, said, case=_only(tried))
    return held, tried


def hold_one(
    conn: Connection[Any],
    ctx: Context,
    engine: Engine,
    item: Item,
    seconds: int,
    *,
    proved_at: datetime | None = None,
) -> UUID:
    """Hold a decision about one approval, which may change what is asked; its id.

    Raises what `decide_approval` would raise, and then holds nothing.
    """
    held, (taken,) = hold(conn, ctx, engine, [item], seconds, proved_at=proved_at)
    if taken.error is not None:
        raise taken.error
    assert held is not None, "nothing was refused"
    return held


def undo(conn: Connection[Any], ctx: Context, held: UUID) -> Held:
    """Take a held decision back: nothing of it was done. Raises NotFound (also for another's), Conflict (too late)."""
    found = _one(conn, ctx, held, repo.LOCK)
    ended = holding.undo(found.hold, ctx.principal.id, ctx.now)
    _end(conn, held, ended)
    conn.execute(repo.END_ITEMS, {"held": held, "status": "undone", "problem": "", "reason": None})
    said = {"outcome": found.outcome, "requests": len(found.waiting)}
    _note(conn, ctx, "decisions.undone", held, said, case=_case(conn, found.waiting))
    return replace(found, hold=ended)


def due_held(conn: Connection[Any], now: datetime, limit: int = 100) -> list[UUID]:
    """The held decisions that are due, the longest due first."""
    return [row[0] for row in conn.execute(repo.DUE, {"now": now, "limit": limit})]


def carry_out(conn: Connection[Any], system: Context, engine: Engine, held: UUID) -> bool:
    """Let a held decision count, in this transaction; False where it is not due, or somebody else is at it."""
    found = _taken(conn, system, held)
    if found is None:
        return False
    found = replace(found, items=found.waiting)
    _end(conn, held, holding.carried_out(found.hold, system.now))
    # Before each is decided: while it is held, its maker decides it no second time.
    conn.execute(repo.END_ITEMS, {"held": held, "status": "decided", "problem": "", "reason": None})
    taken = _decide(conn, system, engine, found)
    conn.execute(repo.RESULTS, {"held": held, **_results(found, taken)})
    refused = sum(1 for each in taken if each.error is not None)
    body: dict[str, Any] = {"outcome": found.outcome, "requests": len(taken), "refused": refused}
    body["decided"] = len(taken) - refused
    body["events"] = [each.seq for each in taken if each.seq is not None]
    if len(taken) == 1 and taken[0].error is not None:
        body["why"] = str(taken[0].error.message)
    _note(conn, system, "decisions.carried_out", held, body, found.hold.by, _case(conn, found.items))
    return True


def note_broken(conn: Connection[Any], system: Context, held: UUID) -> None:
    """Put off a held decision that broke when it was carried out; give it up after some tries."""
    found = _taken(conn, system, held)
    if found is None:
        return
    after = holding.broke(found.hold, system.now)
    _end(conn, held, after)
    if after.status == "given_up":
        why = phrase("carrying it out broke time after time, so it was given up; decide it again")
        conn.execute(repo.END_ITEMS, {"held": held, "status": "refused", "problem": "broke", "reason": _kept(why)})
        body = {"outcome": found.outcome, "requests": len(found.waiting), "tries": after.tries}
        _note(conn, system, "decisions.given_up", held, body, found.hold.by, _case(conn, found.waiting))


def get_held(conn: Connection[Any], ctx: Context, held: UUID) -> Held:
    """One of the acting principal's own held decisions. Raises NotFound, also for another's."""
    return _one(conn, ctx, held, repo.GET)


def list_held(conn: Connection[Any], ctx: Context, limit: int = MOST_LISTED) -> list[Held]:
    """The acting principal's own held decisions of the last days, newest first."""
    values = {"by": ctx.principal.id, "since": ctx.now - TOLD_FOR, "limit": limit}
    with conn.cursor(row_factory=dict_row) as cursor:
        return _with_items(conn, cursor.execute(repo.LIST, values).fetchall())


def news_of(conn: Connection[Any], ctx: Context) -> list[News]:
    """What the acting principal should know of: decisions that wait to count, and refusals not yet taken notice of."""
    values = {"by": ctx.principal.id, "since": ctx.now - TOLD_FOR}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(repo.NEWS, values).fetchall()
    told = [News(r["held"], r["outcome"], r["status"], r["due_at"], r["items"], r["refused"]) for r in rows]
    return [each for each in told if each.status == "held" or (each.refused and each.status != "undone")]


def still_queued(conn: Connection[Any], held: Held) -> set[int]:
    """Those of its events that nobody has applied yet."""
    seqs = [item.event_seq for item in held.items if item.event_seq is not None]
    return {row[0] for row in conn.execute(repo.QUEUED, {"seqs": seqs})} if seqs else set()


def take_notice(conn: Connection[Any], ctx: Context, held: UUID) -> None:
    """Tell no more of how a held decision ended: its maker has read it. Raises NotFound."""
    get_held(conn, ctx, held)
    conn.execute(repo.SEEN, {"held": held, "by": ctx.principal.id, "now": ctx.now})


def forget_held(conn: Connection[Any], before: datetime, limit: int = 1000) -> int:
    """Drop up to `limit` held decisions that ended before an instant; what they did stays in the log. How many."""
    ((count,),) = conn.execute(repo.FORGET, {"before": before, "limit": limit}).fetchall()
    return int(count)


def _decide(conn: Connection[Any], system: Context, engine: Engine, found: Held) -> list[Taken]:
    """Each item as its maker would decide it now, with the rights they have now."""
    items = [
        Item(each.approval, Choice(found.outcome, found.justification, each.digest, each.on_behalf_of, each.edit))
        for each in found.items
    ]
    try:
        person = load_principal(conn, found.hold.by, system.now)
        if person.permissions.isdisjoint(MAY_DECIDE):
            raise Forbidden(phrase("%(person)s may not decide any more", person=person.id))
    except (NotFound, Forbidden) as error:
        return [Taken(item.approval, None, error, None) for item in items]
    return decide_each(conn, replace(system, principal=person), engine, items)


def _results(found: Held, taken: Sequence[Taken]) -> dict[str, list[Any]]:
    return {
        "places": [each.place for each in found.items],
        "statuses": ["decided" if each.error is None else "refused" for each in taken],
        "seqs": [each.seq for each in taken],
        "problems": ["" if each.error is None else each.error.code for each in taken],
        "reasons": [None if each.error is None else _kept(each.error.message) for each in taken],
    }


def _refusals(refused: Sequence[tuple[int, Item, HeadgateError]]) -> dict[str, list[Any]]:
    return {
        "places": [place for place, _, _ in refused],
        "approvals": [item.approval for _, item, _ in refused],
        "digests": [item.choice.digest for _, item, _ in refused],
        "behalves": [item.choice.on_behalf_of for _, item, _ in refused],
        "problems": [error.code for *_, error in refused],
        "reasons": [_kept(error.message) for *_, error in refused],
    }


def _kept(message: str) -> str:
    """A reason so that it can be said in its reader's language: the phrase and the values in it."""
    told = message if isinstance(message, Phrase) else Phrase(message)
    return canonical_text({"text": told.text, "values": {name: str(value) for name, value in told.values.items()}})


def _told(reason: Mapping[str, Any] | None) -> Phrase | None:
    return None if reason is None else Phrase(str(reason["text"]), dict(reason["values"]))


def _one(conn: Connection[Any], ctx: Context, held: UUID, query: Any) -> Held:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, {"held": held, "by": ctx.principal.id}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no held decision %(held)s", held=held))
    (found,) = _with_items(conn, [row])
    return found


def _taken(conn: Connection[Any], system: Context, held: UUID) -> Held | None:
    """A held decision that is due, locked; None for one that is not, or that somebody else has in hand."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(repo.TAKE, {"held": held}).fetchone()
    found = None if row is None else _with_items(conn, [row])[0]
    return found if found is not None and holding.is_due(found.hold, system.now) else None


def _with_items(conn: Connection[Any], rows: Iterable[Mapping[str, Any]]) -> list[Held]:
    heads = list(rows)
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(repo.ITEMS, {"held": [row["held"] for row in heads]}).fetchall() if heads else []
    items: dict[UUID, list[HeldItem]] = {}
    for row in found:
        items.setdefault(row["held"], []).append(HeldItem(**{**row, "reason": _told(row["reason"])}))
    return [
        Held(
            row["held"],
            row["outcome"],
            row["justification"],
            row["held_at"],
            row["stake"],
            Hold(row["by"], row["due_at"], row["next_at"], row["status"], row["tries"], row["ended_at"]),
            tuple(items.get(row["held"], ())),
        )
        for row in heads
    ]


def _end(conn: Connection[Any], held: UUID, hold: Hold) -> None:
    values = {"status": hold.status, "tries": hold.tries, "next_at": hold.next_at, "ended_at": hold.ended_at}
    conn.execute(repo.END, {"held": held, **values})


def _twice() -> HeadgateError:
    return Conflict("you are deciding this already: it counts in a moment, or undo it first")


def _ends(tried: Sequence[Taken]) -> list[datetime]:
    """When the time of each to be decided is over; none while its clocks stand still."""
    asked = [each.asked for each in tried if each.error is None and each.asked is not None]
    return [each.expires_at for each in asked if each.paused_at is None]


def _only(tried: Sequence[Taken]) -> UUID | None:
    """The case of a decision about one request, in whose history it stands."""
    asked = [each.asked for each in tried if each.error is None and each.asked is not None]
    return asked[0].case_id if len(asked) == 1 else None


def _case(conn: Connection[Any], items: Sequence[HeldItem]) -> UUID | None:
    if len(items) != 1:
        return None
    asked = get_approval(conn, items[0].approval)
    return None if asked is None else asked.case_id


def _note(
    conn: Connection[Any],
    ctx: Context,
    action: str,
    held: UUID,
    body: dict[str, Any],
    actor: str = "",
    case: UUID | None = None,
) -> None:
    draft = AuditDraft(action, "held_decision", str(held), actor or ctx.principal.id, body, case_id=case)
    append_audit(conn, ctx.now, [draft])
