"""Erasing personal data: asked for by one person, decided by another, stopped by a legal hold.

What is erased are openings (salt and values) in `personal_values`, and the raw text of quarantined rows in which a
person is named. Events, entries, orders and decisions hold commitments only; they stay, and so do hashes and proofs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger.audit import append_audit
from headgate.ledger.core.chain import AuditDraft
from headgate.ledger.core.personal import ERASED

Kind = Literal["order", "case", "partner", "person"]
HoldKind = Literal["everything", "order", "case", "partner"]
KINDS: Final = ("order", "case", "partner", "person")
HOLD_KINDS: Final = ("everything", "order", "case", "partner")
_LONGEST: Final = 200
_REASON: Final = 2000

# What a case is about, as its entries say.
_OF_CASE: Final = """
(v.subject_type, v.subject) in (select a.subject_type, a.subject from audit_entries a where a.case_id = {case}::uuid)
"""
_SOUGHT: Final[Mapping[str, str]] = {
    "order": "v.subject_type = 'order' and v.subject = %(sought)s",
    "case": _OF_CASE.format(case="%(sought)s"),
    "partner": "(v.partner = %(sought)s or (v.subject_type = 'partner' and v.subject = %(sought)s))",
    "person": """
        exists (select from jsonb_each_text(v.content::jsonb) f where lower(f.value) = lower(%(sought)s))
    """,
}
_HELD: Final = f"""
exists (
    select from legal_holds h where h.lifted_at is null and (
        h.kind = 'everything'
        or (h.kind = 'order' and v.subject_type = 'order' and v.subject = h.subject)
        or (h.kind = 'partner' and (v.partner = h.subject or (v.subject_type = 'partner' and v.subject = h.subject)))
        or (h.kind = 'case' and {_OF_CASE.format(case="h.subject")})
    )
)
"""
_COUNT: Final = f"""
select count(*), count(*) filter (where {_HELD}), coalesce(array_agg(distinct v.subject_type || ' ' || v.subject
    order by v.subject_type || ' ' || v.subject) filter (where {_HELD}), array[]::text[])
from personal_values v where {{sought}}
"""
_ERASE: Final = "delete from personal_values v where {sought} returning v.commitment"
_EXPIRED: Final = f"""
delete from personal_values d using (
    select v.commitment from personal_values v where v.recorded_at < %(before)s and not {_HELD}
    order by v.recorded_at limit %(limit)s
) old
where d.commitment = old.commitment
returning d.commitment
"""
_BLANK_ROWS: Final = """
update quarantine set raw = %(erased)s, problems = '[]'::jsonb, reason = 'its personal data was erased'
where raw ilike %(like)s and raw <> %(erased)s
"""
_ADD: Final = """
insert into erasure_requests (id, kind, sought, reason, requested_by, requested_at)
values (%(id)s, %(kind)s, %(sought)s, %(reason)s, %(by)s, %(at)s)
"""
_REQUEST: Final = "id, kind, sought, reason, status, requested_by, requested_at, decided_by, decided_at, erased"
_GET: Final = f"select {_REQUEST} from erasure_requests where id = %(id)s for update"
_LIST: Final = f"""
select {_REQUEST} from erasure_requests where %(status)s::text = '' or status = %(status)s
order by requested_at desc, id limit %(limit)s
"""
_DECIDE: Final = """
update erasure_requests set status = %(status)s, decided_by = %(by)s, decided_at = %(at)s, erased = %(erased)s,
    sought = case when kind = 'person' then '' else sought end
where id = %(id)s
"""
_HOLD: Final = "id, kind, subject, reason, placed_by, placed_at, lifted_by, lifted_at"
_ADD_HOLD: Final = """
insert into legal_holds (id, kind, subject, reason, placed_by, placed_at)
values (%(id)s, %(kind)s, %(subject)s, %(reason)s, %(by)s, %(at)s)
"""
_LIFT: Final = f"""
update legal_holds set lifted_by = %(by)s, lifted_at = %(at)s where id = %(id)s and lifted_at is null
returning {_HOLD}
"""
_HOLDS: Final = f"""
select {_HOLD} from legal_holds where %(lifted)s or lifted_at is null order by placed_at desc, id limit %(limit)s
"""
# Holds and erasures wait for each other: what a hold is placed on is not erased beside it.
_TURN: Final = "select pg_advisory_xact_lock(hashtext('headgate holds'), hashtext(current_setting('headgate.tenant')))"
_ALL_HELD: Final = "select exists (select from legal_holds where lifted_at is null and kind = 'everything')"


class OnHold(Conflict):
    """A legal hold keeps what was to be erased. Lift it first, or let the request wait."""


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """A request to erase. `sought` is '' once a request about a person is decided; `erased` counts openings."""

    id: UUID
    kind: Kind
    sought: str
    reason: str
    status: Literal["open", "done", "refused"]
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    erased: int


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Nothing of its subject is erased or purged while it stands."""

    id: UUID
    kind: HoldKind
    subject: str
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """How many events and entries have personal values of somebody, how many of them are held, and which subjects."""

    count: int
    held: int
    held_subjects: tuple[str, ...]


def find_personal(conn: Connection[Any], kind: str, sought: str) -> Found:
    """What an erasure would erase. `person` finds events and entries in which a value is exactly this text, whatever
    its case. Raises `Invalid`."""
    checked, text = _checked(kind, sought)
    row = conn.execute(_COUNT.format(sought=_SOUGHT[checked]), {"sought": text}).fetchone()
    assert row is not None
    return Found(row[0], row[1], tuple(row[2]))


def request_erasure(conn: Connection[Any], ctx: Context, kind: str, sought: str, reason: str) -> UUID:
    """Ask for an erasure; another person decides. Raises `Invalid`."""
    checked, text = _checked(kind, sought)
    why = _reason(reason)
    request = new_id(ctx.now)
    values = {"id": request, "kind": checked, "sought": text, "reason": why, "by": ctx.principal.id, "at": ctx.now}
    conn.execute(_ADD, values)
    body = {"kind": checked, "reason": why} | ({} if checked == "person" else {"sought": text})
    _record(conn, ctx, "erasure.requested", "erasure", str(request), body)
    return request


def decide_erasure(
    conn: Connection[Any], ctx: Context, id: UUID, outcome: Literal["approve", "refuse"], because: str
) -> ErasureRequest:
    """Erase what was asked for, or refuse to. Raises `DutyConflict` for who asked, `OnHold`, `Conflict`, `NotFound`."""
    why = _reason(because)
    conn.execute(_TURN)
    request = _open_request(conn, id)
    if request.requested_by == ctx.principal.id:
        raise DutyConflict(phrase("%(id)s asked for this erasure; another person decides it", id=ctx.principal.id))
    commitments: list[str] = []
    rows = 0
    if outcome == "approve":
        found = find_personal(conn, request.kind, request.sought)
        if found.held or (request.kind == "person" and _everything_held(conn)):
            shown = ", ".join(found.held_subjects[:5]) or "everything"
            raise OnHold(phrase("a legal hold keeps %(shown)s; lift it first (headgate privacy holds)", shown=shown))
        erase = _ERASE.format(sought=_SOUGHT[request.kind])
        commitments = [bytes(c).hex() for (c,) in conn.execute(erase, {"sought": request.sought})]
        if request.kind == "person":
            rows = conn.execute(_BLANK_ROWS, {"like": f"%{_literal(request.sought)}%", "erased": ERASED}).rowcount
    status = "done" if outcome == "approve" else "refused"
    erased = len(commitments)
    conn.execute(_DECIDE, {"id": id, "status": status, "by": ctx.principal.id, "at": ctx.now, "erased": erased})
    body: dict[str, Any] = {"kind": request.kind, "requested_by": request.requested_by, "because": why}
    if outcome == "approve":
        # Which ones can be told from the digest by whoever kept a list; nothing of the values is in it.
        body |= {"erased": erased, "quarantined_rows": rows, "commitments": digest(sorted(commitments)).hex()}
    _record(conn, ctx, f"erasure.{status}", "erasure", str(id), body)
    return erasure_get(conn, id)


def erasure_get(conn: Connection[Any], id: UUID) -> ErasureRequest:
    """A request. Raises `NotFound`."""
    row = conn.execute(_GET.removesuffix(" for update"), {"id": id}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no erasure request %(id)s", id=id))
    return ErasureRequest(*row)


def erasure_list(conn: Connection[Any], *, status: str = "", limit: int = 50) -> list[ErasureRequest]:
    """Requests, newest first; of one status or all."""
    return [ErasureRequest(*row) for row in conn.execute(_LIST, {"status": status, "limit": limit})]


def erase_expired(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Erase openings that were recorded before a moment and that no hold keeps; how many."""
    conn.execute(_TURN)
    return conn.execute(_EXPIRED, {"before": before, "limit": limit}).rowcount


def place_hold(conn: Connection[Any], ctx: Context, kind: str, subject: str, reason: str) -> UUID:
    """Keep everything, or what is about an order, case or partner, from being erased or purged. Raises `Invalid`."""
    if kind not in HOLD_KINDS:
        raise invalid("kind", kind, "cannot be held", phrase("Use one of %(names)s.", names=", ".join(HOLD_KINDS)))
    text = subject.strip()
    if bool(text) == (kind == "everything"):
        fix = phrase("Leave it empty to hold everything; otherwise name the order, case or partner.")
        raise invalid("subject", subject, "does not fit the kind of hold", fix)
    if kind == "case":
        _uuid(text)
    _bounded(text)
    why = _reason(reason)
    conn.execute(_TURN)
    hold = new_id(ctx.now)
    values = {"id": hold, "kind": kind, "subject": text, "reason": why, "by": ctx.principal.id, "at": ctx.now}
    conn.execute(_ADD_HOLD, values)
    _record(conn, ctx, "hold.placed", "hold", str(hold), {"kind": kind, "subject": text, "reason": why})
    return hold


def lift_hold(conn: Connection[Any], ctx: Context, id: UUID, because: str) -> LegalHold:
    """End a hold. Raises `Conflict` when it does not stand."""
    why = _reason(because)
    row = conn.execute(_LIFT, {"id": id, "by": ctx.principal.id, "at": ctx.now}).fetchone()
    if row is None:
        raise Conflict(phrase("hold %(id)s does not stand; see headgate privacy holds", id=id))
    _record(conn, ctx, "hold.lifted", "hold", str(id), {"because": why})
    return LegalHold(*row)


def hold_list(conn: Connection[Any], *, lifted: bool = False, limit: int = 50) -> list[LegalHold]:
    """Holds that stand, newest first; with `lifted`, former ones too."""
    return [LegalHold(*row) for row in conn.execute(_HOLDS, {"lifted": lifted, "limit": limit})]


def _everything_held(conn: Connection[Any]) -> bool:
    return conn.execute(_ALL_HELD).fetchone() == (True,)


def _open_request(conn: Connection[Any], id: UUID) -> ErasureRequest:
    row = conn.execute(_GET, {"id": id}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no erasure request %(id)s", id=id))
    request = ErasureRequest(*row)
    if request.status != "open":
        raise Conflict(phrase("erasure request %(id)s is %(status)s already", id=id, status=request.status))
    return request


def _checked(kind: str, sought: str) -> tuple[Kind, str]:
    if kind not in KINDS:
        raise invalid(
            "kind", kind, "is not something to erase by", phrase("Use one of %(names)s.", names=", ".join(KINDS))
        )
    text = sought.strip()
    if len(text) < (3 if kind == "person" else 1):
        raise invalid("sought", sought, "is too short", "Give the order, the case, the partner, or the exact text.")
    if kind == "case":
        _uuid(text)
    _bounded(text)
    return cast(Kind, kind), text


def _bounded(text: str) -> None:
    if len(text) > _LONGEST or "\x00" in text:
        raise invalid(
            "sought",
            text,
            phrase("is longer than %(longest)s characters or has a NUL character", longest=_LONGEST),
            "Shorten it.",
        )


def _uuid(text: str) -> None:
    try:
        UUID(text)
    except ValueError:
        raise invalid("case", text, "is not the id of a case", "Copy it from the case's page.") from None


def _reason(text: str) -> str:
    why = text.strip()
    if len(why) < 3 or len(why) > _REASON or "\x00" in why:
        raise invalid(
            "reason",
            text,
            phrase("has not 3 to %(reason)s characters", reason=_REASON),
            "Say why, without naming the person.",
        )
    return why


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _record(
    conn: Connection[Any], ctx: Context, action: str, subject_type: str, subject: str, body: dict[str, Any]
) -> None:
    append_audit(conn, ctx.now, [AuditDraft(action, subject_type, subject, ctx.principal.id, body)])
