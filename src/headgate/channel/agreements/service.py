"""The lifecycle of agreements, one or thousands at a time: submit, approve, activate, retire. None is edited in place.

Every step takes ids and is all or nothing. Each one leaves an audit entry per agreement.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.channel.agreements import prices
from headgate.channel.agreements.core.lifecycle import Standing, check_duties, check_step
from headgate.channel.agreements.repo import writing as repo
from headgate.channel.masters import bump, tenant_settings
from headgate.domain.pricing import Conflict as TermConflict
from headgate.domain.pricing import find_conflicts
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Invalid, NotFound, Problem, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, NewEvent, append_audit

SOURCE = "headgate:agreements"
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Activated:
    """An agreement that now applies from `active_from`; `conflicts` of an activation stand beside the list of these."""

    agreement: str
    code: str
    revision: int
    active_from: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """What an activation did: the agreements, and the pairs of terms the lint found (ties only if acknowledged)."""

    agreements: tuple[Activated, ...]
    conflicts: tuple[TermConflict, ...]


def submit(conn: Connection[Any], ctx: Context, ids: Collection[UUID]) -> None:
    """Hand drafts in for review."""
    found = _standings(conn, ids)
    params = {"ids": list(ids), "status": check_step("submit", found), "by": ctx.principal.id, "now": ctx.now}
    repo.move(conn, repo.SUBMIT, params)
    _audit(conn, ctx, "agreement.submitted", found)


def send_back(conn: Connection[Any], ctx: Context, ids: Collection[UUID], reason: str) -> None:
    """Return agreements from review or approval to their authors; an approval given is void."""
    _move(conn, ctx, ids, "send_back", "agreement.sent_back", reason)


def withdraw(conn: Connection[Any], ctx: Context, ids: Collection[UUID], reason: str) -> None:
    """Give up agreements that were never active."""
    _move(conn, ctx, ids, "withdraw", "agreement.withdrawn", reason)


def approve(
    conn: Connection[Any], ctx: Context, ids: Collection[UUID], *, justification: str, on_behalf_of: str = ""
) -> None:
    """Approve agreements in review.

    Raises `DutyConflict` where the approver, or the one approved for, is the author or submitter, unless the tenant's
    setting `agreements.self_approval` allows it.
    """
    if not justification.strip():
        raise invalid("justification", justification, "is missing", "Say why these prices are right.")
    found = _standings(conn, ids)
    status = check_step("approve", found)
    if tenant_settings(conn, "agreements").get("self_approval") is not True:
        check_duties(found, (ctx.principal.id, on_behalf_of))
    repo.move(conn, repo.APPROVE, {"ids": list(ids), "status": status, "by": ctx.principal.id, "now": ctx.now})
    extra = {"justification": justification} | ({"on_behalf_of": on_behalf_of} if on_behalf_of else {})
    _audit(conn, ctx, "agreement.approved", found, extra)


def activate_many(
    conn: Connection[Any],
    ctx: Context,
    ids: Collection[UUID],
    *,
    start: datetime | None = None,
    acknowledged: str = "",
) -> Activation:
    """Make approved agreements apply from `start`, or from their own `valid_from` where that is later or none is given.

    The active revision of the same code ends where the new one starts. Raises `Invalid` when a term ties with another,
    in the set or already active, so that only the lower price would decide; `acknowledged` says why that is meant.
    Raises `Conflict` for an older revision than the active one, and for one that would start before another has ended.
    """
    found = _standings(conn, ids)
    check_step("activate", found)
    params = {"ids": list(ids), "start": start, "now": ctx.now}
    with conn.transaction():
        starts = repo.activate(conn, params)
        _check_revisions(conn, ids)
        ended = repo.supersede(conn, params)
        conflicts = _lint(conn, ids)
        ties = [conflict for conflict in conflicts if conflict.kind == "tie"]
        if ties and not acknowledged.strip():
            raise _tied(ties)
    bump(conn, prices.NOUN)
    by_id = {standing.agreement: standing for standing in found}
    drafts = [
        _draft(
            ctx,
            "agreement.activated",
            standing,
            {"active_from": instant_text(starts[standing.agreement]), "ties": len(ties)}
            | ({"acknowledged": acknowledged} if ties else {}),
        )
        for standing in found
    ]
    drafts += [
        AuditDraft(
            action="agreement.superseded",
            subject_type="agreement",
            subject=code,
            actor=ctx.principal.id,
            body={"agreement": agreement, "revision": revision, "retired_from": instant_text(end), "by_revision": by},
        )
        for agreement, code, revision, end, by in ended
    ]
    append_audit(conn, ctx.now, drafts)
    return Activation(
        tuple(Activated(key, by_id[key].code, by_id[key].revision, at) for key, at in sorted(starts.items())),
        tuple(conflicts),
    )


def activate(
    conn: Connection[Any], ctx: Context, agreement: UUID, *, start: datetime | None = None, acknowledged: str = ""
) -> Activation:
    """`activate_many` of one."""
    return activate_many(conn, ctx, [agreement], start=start, acknowledged=acknowledged)


def rehearse_activation(
    conn: Connection[Any], ctx: Context, ids: Collection[UUID], *, start: datetime | None = None
) -> list[TermConflict]:
    """What the lint would say if these agreements, in any state before active, were activated now; changes nothing."""
    conflicts: list[TermConflict] = []
    found = _standings(conn, ids)
    check_step("withdraw", found)
    params = {"ids": list(ids), "start": start, "now": ctx.now}
    with conn.transaction() as rehearsal:
        repo.activate(conn, params)
        _check_revisions(conn, ids)
        repo.supersede(conn, params)
        conflicts = _lint(conn, ids)
        raise psycopg.Rollback(rehearsal)
    return conflicts


def retire(
    conn: Connection[Any], ctx: Context, ids: Collection[UUID], *, reason: str, start: datetime | None = None
) -> None:
    """End active agreements from `start` (now where none is given).

    A start in the past ends them for whatever is decided from now on; what was decided before stands as it was known.
    """
    if not reason.strip():
        raise invalid("reason", reason, "is missing", "Say why the agreement ends.")
    found = _standings(conn, ids)
    check_step("retire", found)
    ends = repo.retire(conn, {"ids": list(ids), "start": start or ctx.now, "now": ctx.now})
    bump(conn, prices.NOUN)
    drafts = [
        _draft(
            ctx,
            "agreement.retired",
            standing,
            {"reason": reason, "retired_from": instant_text(ends[standing.agreement])},
        )
        for standing in found
    ]
    append_audit(conn, ctx.now, drafts)


def activation_events(activation: Activation, ctx: Context) -> list[NewEvent]:
    """`agreement.activated` events to append to the log after an activation, one per agreement."""
    return [
        NewEvent(
            source=SOURCE,
            event_id=f"activated:{found.agreement}",
            type="agreement.activated",
            subject=found.code,
            key=f"agreement:{found.code}",
            time=ctx.now,
            data={
                "agreement": found.agreement,
                "code": found.code,
                "revision": found.revision,
                "active_from": instant_text(found.active_from),
            },
            actor=ctx.principal.id,
        )
        for found in activation.agreements
    ]


def _move(conn: Connection[Any], ctx: Context, ids: Collection[UUID], step: str, action: str, reason: str) -> None:
    if not reason.strip():
        raise invalid("reason", reason, "is missing", "Say why.")
    found = _standings(conn, ids)
    repo.move(conn, repo.MOVE, {"ids": list(ids), "status": check_step(step, found), "now": ctx.now})
    _audit(conn, ctx, action, found, {"reason": reason})


def _standings(conn: Connection[Any], ids: Collection[UUID]) -> list[Standing]:
    repo.lock(conn)
    found = repo.standings(conn, ids)
    if len(found) < len(set(ids)):
        known = {standing.agreement for standing in found}
        missing = next(str(agreement) for agreement in ids if str(agreement) not in known)
        raise NotFound(phrase("agreement %(missing)s is not known", missing=missing))
    if not found:
        raise invalid("agreements", "", "are missing", "Name at least one.")
    return found


def _check_revisions(conn: Connection[Any], ids: Collection[UUID]) -> None:
    row = repo.in_the_way(conn, ids)
    if row is None:
        return
    code, revision, other, status, end = row
    if status == "active":
        raise Conflict(
            phrase(
                "%(code)s r%(revision)s cannot be activated: r%(other)s of it is active or comes with it",
                code=code,
                revision=revision,
                other=other,
            )
        )
    until = "" if end is None else f" until {instant_text(end)}"
    raise Conflict(
        phrase(
            "%(code)s r%(revision)s cannot be activated: r%(other)s applies%(until)s; start there or later",
            code=code,
            revision=revision,
            other=other,
            until=until,
        )
    )


def _lint(conn: Connection[Any], ids: Collection[UUID]) -> list[TermConflict]:
    new = {str(agreement) for agreement in ids}
    return [
        conflict
        for conflict in find_conflicts(prices.terms_beside(conn, ids))
        if conflict.first.agreement in new or conflict.second.agreement in new
    ]


def _tied(ties: Sequence[TermConflict]) -> Invalid:
    fix = phrase("Change or retire one of the two, or acknowledge the tie with a reason.")
    problems = [Problem("terms", conflict.second.name, conflict.detail, fix) for conflict in ties[:_SHOWN]]
    more = f", among them {ties[0].detail}" if len(ties) == 1 else f"; the first: {ties[0].detail}"
    count = "1 term ties" if len(ties) == 1 else f"{len(ties)} pairs of terms tie"
    return Invalid(phrase("%(count)s with another of the same rank%(more)s", count=count, more=more), problems=problems)


def _audit(
    conn: Connection[Any], ctx: Context, action: str, found: Collection[Standing], extra: dict[str, Any] | None = None
) -> None:
    append_audit(conn, ctx.now, [_draft(ctx, action, standing, extra or {}) for standing in found])


def _draft(ctx: Context, action: str, standing: Standing, extra: dict[str, Any]) -> AuditDraft:
    return AuditDraft(
        action=action,
        subject_type="agreement",
        subject=standing.code,
        actor=ctx.principal.id,
        body={
            "agreement": standing.agreement,
            "revision": standing.revision,
            "digest": standing.digest,
            "terms": standing.terms,
            **extra,
        },
    )
