"""Policies: read them, try them, author new versions and take them into force; decisions they made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import PoliciesAuthor, PoliciesRead
from headgate.api.explain import decision_line, decision_view
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.orders import DecisionLine, DecisionView
from headgate.api.models.policies import (
    Coverage,
    Diff,
    Draft,
    Drafted,
    Evaluate,
    Evaluated,
    EvidenceView,
    Lint,
    Linted,
    PolicyDetail,
    PolicyVersionView,
    RowCoverage,
    TestResult,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit, PolicyPath, VersionPath
from headgate.api.policies import (
    column_view,
    diff_view,
    evaluated_view,
    evidence_view,
    remark_view,
    row_view,
    test_views,
    version_view,
)
from headgate.api.strict import StrictRoute
from headgate.channel import orders
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import NotFound, invalid
from headgate.policy import PolicySet, PolicyVersion, check_text, decision_get, decision_list, evidence_of
from headgate.policy.core.diff import diff_tables

router = APIRouter(route_class=StrictRoute)


@router.get("/policies", tags=["policies"], responses=problems(*READ))
def list_policies(caller: PoliciesRead) -> PageOf[PolicyVersionView]:
    """Every version of every policy, newest first within a policy."""
    with caller.reading() as conn:
        found = caller.app.policies.list(conn)
    return PageOf(items=[version_view(v, caller.ctx.now) for v in found])


@router.post("/policies", tags=["policies"], status_code=201, response_model=Drafted, responses=problems(*WRITE))
def draft_policy(request: Request, caller: PoliciesAuthor, body: Draft, once: Once = None) -> Response:
    """Save a policy as a draft. It is parsed and linted first; every error names its line, row and column."""

    def act(conn: Connection[Any]) -> Drafted:
        made = caller.app.policies.draft(conn, caller.ctx, body.text)
        return Drafted(
            **version_view(made.version, caller.ctx.now).model_dump(), remarks=[remark_view(i) for i in made.remarks]
        )

    return write_once(request, caller, once, body, act, status=201)


@router.post("/policy-lint", tags=["policies"], responses=problems(*READ, 413, 415, 422))
def lint_policy(caller: PoliciesRead, body: Lint) -> Linted:
    """Look at a text: what the lints say by line, row and column, and what its examples come to. Nothing is stored."""
    with caller.reading() as conn:
        checked = caller.app.policies.beside(conn, caller.ctx.now, check_text(body.text))
    return Linted(
        policy=checked.table.policy,
        version=checked.table.version,
        fit=not checked.errors,
        issues=[remark_view(i) for i in checked.issues],
        tests=test_views(checked),
    )


@router.get("/policies/{name}/diff", tags=["policies"], responses=problems(*FIND, 422))
def diff_policy(
    caller: PoliciesRead,
    name: PolicyPath,
    after: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Left out: the newest.")] = None,
    before: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Left out: the one that the other was made from.")
    ] = None,
) -> Diff:
    """What one version changes in another: columns, rows, cells and examples."""
    with caller.reading() as conn:
        versions = caller.app.policies.versions(conn, name)
        newer = next(iter(versions), None) if after is None else caller.app.policies.get(conn, name, after)
        if newer is None:
            raise NotFound(f"there is no policy {name}")
        # Made from no other: compared with itself, so nothing differs.
        pair = (before or newer.based_on or newer.version, newer.version)
        tables = [check_text(caller.app.policies.text(conn, name, v)).table for v in pair]
    return diff_view(diff_tables(*tables))


@router.get("/policies/{name}/versions/{version}/tests", tags=["policies"], responses=problems(*FIND))
def run_policy_tests(caller: PoliciesRead, name: PolicyPath, version: VersionPath) -> PageOf[TestResult]:
    """Run a version's examples; none while a cell cannot be understood."""
    with caller.reading() as conn:
        return PageOf(items=test_views(check_text(caller.app.policies.text(conn, name, version))))


@router.get("/policies/{name}/versions/{version}/coverage", tags=["policies"], responses=problems(*FIND))
def cover_policy(
    caller: PoliciesRead,
    name: PolicyPath,
    version: VersionPath,
    days: Annotated[int, Query(ge=1, le=366, description="How far back to count.")] = 90,
) -> Coverage:
    """Which rows of a version decided how often, from recorded decisions."""
    since = caller.ctx.now - timedelta(days=days)
    with caller.reading() as conn:
        table = check_text(caller.app.policies.text(conn, name, version)).table
        found = orders.policy_coverage(conn, table, version, since)
    return Coverage(
        policy=name,
        version=version,
        since=since,
        counted=found.counted,
        source=found.source,
        rows=[RowCoverage(row=r.row, count=r.count, share=str(r.share)) for r in found.rows],
        never=list(found.never),
    )


@router.get("/policies/{name}/versions/{version}/evidence", tags=["policies"], responses=problems(*FIND))
def list_evidence(caller: PoliciesRead, name: PolicyPath, version: VersionPath) -> PageOf[EvidenceView]:
    """What is attached to a version for its reviewer, newest first."""
    with caller.reading() as conn:
        digest = caller.app.policies.get(conn, name, version).digest
        found = evidence_of(conn, name, version)
    return PageOf(items=[evidence_view(piece, digest) for piece in found])


@router.get("/policies/{name}", tags=["policies"], responses=problems(*FIND))
def get_policy(
    caller: PoliciesRead,
    name: PolicyPath,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Left out: in force, or the newest.")] = None,
) -> PolicyDetail:
    """One policy: its table, its text, its tests run, and its versions."""
    now = caller.ctx.now
    with caller.reading() as conn:
        versions = caller.app.policies.versions(conn, name)
        found = _pick(versions, name, version, now)
        text = caller.app.policies.text(conn, name, found.version)
    checked = check_text(text)
    table = checked.table
    return PolicyDetail(
        **version_view(found, now).model_dump(),
        owner=table.owner,
        hit=table.hit,
        inputs=[column_view(c) for c in table.inputs],
        outputs=[column_view(c) for c in table.outputs],
        rows=[row_view(r) for r in (*table.rows, *([table.default] if table.default else []))],
        text=text,
        tests=test_views(checked),
        versions=[version_view(v, now) for v in versions],
    )


@router.post("/policies/{name}/evaluate", tags=["policies"], responses=problems(*FIND, 413, 415, 422))
def evaluate(caller: PoliciesRead, name: PolicyPath, body: Evaluate) -> Evaluated:
    """Try a policy on facts: outcome, matched rows and reasons. Nothing is stored."""
    with caller.reading() as conn:
        at = body.at or caller.ctx.now
        policies = caller.app.policies.active(conn, at)
        if body.version is None:
            if name not in policies:
                raise NotFound(f"no version of policy {name} is in force at {instant_text(at)}; name a version")
        elif body.at is not None:
            raise invalid("at", instant_text(body.at), "does not go with a version", "Give one of the two.")
        else:
            policies = PolicySet({**policies, name: caller.app.policies.compiled(conn, name, body.version)})
    return evaluated_view(policies.evaluate(name, body.inputs))


@router.get("/decisions", tags=["decisions"], responses=problems(*READ, 422))
def list_decisions(
    caller: PoliciesRead,
    subject_type: Filter = "",
    subject: Filter = "",
    policy: Filter = "",
    outcome: Filter = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[DecisionLine]:
    """Decisions, newest first."""
    with caller.reading() as conn:
        found = decision_list(
            conn,
            subject_type=subject_type or None,
            subject=subject or None,
            policy=policy or None,
            outcome=outcome or None,
            before=_before(cursor),
            limit=limit + 1,
        )
    kept = found[:limit]
    more = encode_cursor(kept[-1].at.isoformat(), str(kept[-1].decision)) if len(found) > limit else ""
    return PageOf(items=[decision_line(d) for d in kept], next_cursor=more)


@router.get("/decisions/{decision}", tags=["decisions"], responses=problems(*FIND))
def get_decision(caller: PoliciesRead, decision: Annotated[UUID, Path()]) -> DecisionView:
    """One decision with everything that was weighed."""
    with caller.reading() as conn:
        return decision_view(decision_get(conn, decision))


def _pick(versions: Sequence[PolicyVersion], name: str, version: int | None, now: datetime) -> PolicyVersion:
    wanted = [v for v in versions if v.version == version] if version else [v for v in versions if v.in_force(now)]
    found = next(iter(wanted or (() if version else versions)), None)
    if found is None:
        raise NotFound(
            f"there is no policy {name}" if not version else f"there is no version {version} of policy {name}"
        )
    return found


def _before(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    at, decision = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(decision)
    except ValueError:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None
