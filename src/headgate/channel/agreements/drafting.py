"""Agreements come into being: drafted by a person, derived from past sales, or granted as price exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.channel.agreements.core.draft import AgreementDraft, draft_digest, from_derived, read_draft
from headgate.channel.agreements.core.grant import ExceptionGrant, exception_draft, grant_problems
from headgate.channel.agreements.repo import writing as repo
from headgate.channel.agreements.repo.writing import NewAgreement
from headgate.channel.masters import tenant_settings, tenant_zone
from headgate.domain.derive import Derived, DeriveRules, SaleLine, derive_agreements
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, Problem
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit


@dataclass(frozen=True, slots=True)
class Drafted:
    """An agreement that was drafted; `new` is False where its newest revision already says exactly this."""

    agreement: UUID
    code: str
    revision: int
    terms: int
    new: bool


@dataclass(frozen=True, slots=True)
class DerivedDrafts:
    """What was derived: the drafts, and how many sale lines were used and passed over."""

    agreements: tuple[Drafted, ...]
    used: int
    passed_over: int

    @property
    def terms(self) -> int:
        """The number of terms of all drafts."""
        return sum(found.terms for found in self.agreements)


def draft(conn: Connection[Any], ctx: Context, data: Mapping[str, object], *, source: str = "authored") -> Drafted:
    """`draft_many` of one."""
    return draft_many(conn, ctx, [data], source=source)[0]


def draft_many(
    conn: Connection[Any], ctx: Context, items: Sequence[Mapping[str, object]], *, source: str = "authored"
) -> list[Drafted]:
    """Store agreements given as mappings (see `core.draft.read_draft`), each as the next revision of its code.

    Raises `Invalid` with every problem of every agreement; then nothing is stored. One that says exactly what the
    newest revision of its code says is not stored again.
    """
    tz = tenant_zone(conn)
    drafts: list[AgreementDraft] = []
    problems: list[Problem] = []
    for index, item in enumerate(items):
        read, wrong = read_draft(item, tz)
        if read is not None:
            drafts.append(read)
        prefix = f"agreements[{index}]." if len(items) > 1 else ""
        problems.extend(Problem(prefix + p.field, p.value, p.message, p.fix) for p in wrong)
    codes = [found.code for found in drafts]
    problems.extend(
        Problem(f"agreements[{index}].code", code, "is given twice", "Give each code once.")
        for index, code in enumerate(codes)
        if code in codes[:index]
    )
    if problems:
        raise Invalid("; ".join(map(str, problems[:20])), problems=problems)
    return _store(conn, ctx, drafts, source)


def derive(
    conn: Connection[Any], ctx: Context, lines: Iterable[SaleLine], rules: DeriveRules, *, source: str = "derived"
) -> DerivedDrafts:
    """Draft list and net agreements out of past sales, with the evidence kept at every term, for a person to review.

    The lines are read once, before anything is written. Deriving the same again stores nothing again. Where reading
    takes long, use `derive_agreements` before the transaction is opened and `draft_derived` in it.
    """
    return draft_derived(conn, ctx, derive_agreements(lines, rules), source=source)


def draft_derived(conn: Connection[Any], ctx: Context, found: Derived, *, source: str = "derived") -> DerivedDrafts:
    """Draft what was derived from past sales."""
    drafted = _store(conn, ctx, [from_derived(agreement) for agreement in found.agreements], source)
    return DerivedDrafts(tuple(drafted), found.used, found.passed_over)


def grant_exceptions(conn: Connection[Any], ctx: Context, grants: Sequence[ExceptionGrant]) -> list[UUID]:
    """Turn approved price exceptions into active agreements, valid in their own time box only.

    Repeating a grant gives the same agreement; the same request with other content raises `Conflict`. Raises
    `DutyConflict` where the requester is among the approvers, unless `agreements.self_approval` is set.
    """
    if not grants:
        return []
    problems = [problem for grant in grants for problem in grant_problems(grant)]
    if problems:
        raise Invalid("; ".join(map(str, problems[:20])), problems=problems)
    if tenant_settings(conn, "agreements").get("self_approval") is not True:
        for grant in grants:
            if grant.requested_by in grant.approved_by:
                raise DutyConflict(
                    phrase(
                        "%(requested_by)s requested price exception %(request)s and cannot approve it",
                        requested_by=grant.requested_by,
                        request=grant.request,
                    )
                )
    repo.lock(conn)
    drafts = {grant.request: exception_draft(grant) for grant in grants}
    known = repo.latest(conn, [found.code for found in drafts.values()])
    ids: list[UUID] = []
    rows: list[NewAgreement] = []
    for grant in {grant.request: grant for grant in grants}.values():
        found = drafts[grant.request]
        digest, stored = draft_digest(found), known.get(found.code)
        if stored is not None:
            if stored.digest != digest:
                raise Conflict(
                    phrase("price exception %(request)s was granted before with other content", request=grant.request)
                )
            ids.append(stored.agreement)
            continue
        agreement = derive_id(ctx.now, ctx.tenant_id, "agreement", found.code, 1, digest.hex())
        ids.append(agreement)
        rows.append(
            NewAgreement(
                agreement=agreement,
                revision=1,
                draft=found,
                digest=digest,
                author=grant.requested_by,
                source="price_exception",
                status="active",
                submitted_by=grant.requested_by,
                approver=", ".join(grant.approved_by),
                active_from=grant.valid_from,
                recorded_at=ctx.now,
            )
        )
    if rows:
        # No revision is bumped: exceptions are volatile terms, which no process remembers.
        repo.insert(conn, ctx.now, rows)
        append_audit(conn, ctx.now, [_granted(ctx, row) for row in rows])
    return ids


def use_exceptions(conn: Connection[Any], uses: Mapping[tuple[str, int], Decimal], *, at: datetime) -> None:
    """Take quantities from the meters of terms (agreement, term), or give back negative ones.

    Raises `Conflict` where a meter would leave its bounds: someone else took the rest, decide again.
    """
    moved = {key: quantity for key, quantity in uses.items() if quantity}
    if not moved:
        return
    missing = sorted(moved.keys() - repo.use(conn, at, moved))
    if missing:
        agreement, term = missing[0]
        raise Conflict(
            phrase(
                "term %(term)s of agreement %(agreement)s has less left than %(moved)s; decide again",
                term=term,
                agreement=agreement,
                moved=f"{moved[missing[0]]:f}",
            )
        )


def _store(conn: Connection[Any], ctx: Context, drafts: Sequence[AgreementDraft], source: str) -> list[Drafted]:
    repo.lock(conn)
    known = repo.latest(conn, [found.code for found in drafts])
    result: list[Drafted] = []
    rows: list[NewAgreement] = []
    for found in drafts:
        digest, newest = draft_digest(found), known.get(found.code)
        if newest is not None and newest.digest == digest and newest.status != "withdrawn":
            result.append(Drafted(newest.agreement, found.code, newest.revision, len(found.terms), new=False))
            continue
        revision = 1 if newest is None else newest.revision + 1
        agreement = derive_id(ctx.now, ctx.tenant_id, "agreement", found.code, revision, digest.hex())
        rows.append(NewAgreement(agreement, revision, found, digest, ctx.principal.id, source))
        result.append(Drafted(agreement, found.code, revision, len(found.terms), new=True))
    if rows:
        repo.insert(conn, ctx.now, rows)
        append_audit(conn, ctx.now, [_drafted(ctx, row) for row in rows])
    return result


def _drafted(ctx: Context, row: NewAgreement) -> AuditDraft:
    return AuditDraft(
        action="agreement.drafted",
        subject_type="agreement",
        subject=row.draft.code,
        actor=ctx.principal.id,
        body={
            "agreement": row.agreement,
            "revision": row.revision,
            "title": row.draft.title,
            "kind": row.draft.kind,
            "digest": row.digest,
            "terms": len(row.draft.terms),
            "source": row.source,
        },
    )


def _granted(ctx: Context, row: NewAgreement) -> AuditDraft:
    found = row.draft
    term = found.terms[0].term
    return AuditDraft(
        action="price_exception.granted",
        subject_type="agreement",
        subject=found.code,
        actor=ctx.principal.id,
        body={
            "agreement": row.agreement,
            "digest": row.digest,
            "partner": found.partner,
            "product": term.product,
            "unit_price": term.value,
            "currency": term.currency,
            "max_quantity": term.max_quantity,
            "valid_from": instant_text(found.valid_from),
            "valid_until": None if found.valid_until is None else instant_text(found.valid_until),
            "requested_by": row.author,
            "approved_by": row.approver,
            "justification": found.note,
        },
    )
