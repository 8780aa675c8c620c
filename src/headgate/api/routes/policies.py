"""Policies: read them, try them, author new versions and take them into force; decisions they made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import Caller, PoliciesApprove, PoliciesAuthor, PoliciesRead
from headgate.api.explain import decision_line, decision_view
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.orders import DecisionLine, DecisionView
from headgate.api.models.policies import (
    Activate,
    Approve,
    Column,
    Draft,
    Drafted,
    Evaluate,
    Evaluated,
    PolicyDetail,
    PolicyVersionView,
    Remark,
    SendBack,
    Submit,
    TableRow,
    TestResult,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit, PolicyPath, VersionPath
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import NotFound, invalid
from headgate.policy import (
    CompiledPolicy,
    Evaluation,
    ExampleResult,
    InputColumn,
    OutputColumn,
    PolicyVersion,
    Row,
    decision_get,
    decision_list,
    run_examples,
)
from headgate.policy.core.evaluation import plain_json, shown
from headgate.policy.core.model import Formula

router = APIRouter(route_class=StrictRoute)


@router.get("/policies", tags=["policies"], responses=problems(*READ))
def list_policies(caller: PoliciesRead) -> PageOf[PolicyVersionView]:
    """Every version of every policy, newest first within a policy."""
    with caller.reading() as conn:
        found = caller.app.policies.list(conn)
    return PageOf(items=[_version(v, caller.ctx.now) for v in found])


@router.post("/policies", tags=["policies"], status_code=201, response_model=Drafted, responses=problems(*WRITE))
def draft_policy(request: Request, caller: PoliciesAuthor, body: Draft, once: Once = None) -> Response:
    """Save a policy as a draft. It is parsed and linted first; every error names its line, row and column."""

    def act(conn: Connection[Any]) -> Drafted:
        made = caller.app.policies.draft(conn, caller.ctx, body.text)
        remarks = [
            Remark(
                rule=i.rule,
                severity=i.severity,
                message=i.message,
                line=i.line,
                row=i.row,
                column=i.column,
                fix=i.fix,
            )
            for i in made.remarks
        ]
        return Drafted(**_version(made.version, caller.ctx.now).model_dump(), remarks=remarks)

    return write_once(request, caller, once, body, act, status=201)


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
        compiled = caller.app.policies.compiled(conn, name, found.version)
    table = compiled.table
    return PolicyDetail(
        **_version(found, now).model_dump(),
        owner=table.owner,
        hit=table.hit,
        inputs=[_column(c) for c in table.inputs],
        outputs=[_column(c) for c in table.outputs],
        rows=[_row(r) for r in (*table.rows, *([table.default] if table.default else []))],
        text=text,
        tests=_tests(compiled),
        versions=[_version(v, now) for v in versions],
    )


@router.post("/policies/{name}/evaluate", tags=["policies"], responses=problems(*FIND, 413, 415, 422))
def evaluate(caller: PoliciesRead, name: PolicyPath, body: Evaluate) -> Evaluated:
    """Try a policy on facts: outcome, matched rows and reasons. Nothing is stored."""
    with caller.reading() as conn:
        if body.version is None:
            compiled = caller.app.policies.active(conn, caller.ctx.now).get(name)
            if compiled is None:
                raise NotFound(f"no version of policy {name} is in force; name a version")
        else:
            compiled = caller.app.policies.compiled(conn, name, body.version)
    return _evaluated(compiled.evaluate(body.inputs))


@router.post(
    "/policies/{name}/versions/{version}/submit",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def submit_policy(
    request: Request,
    caller: PoliciesAuthor,
    name: PolicyPath,
    version: VersionPath,
    body: Submit,
    once: Once = None,
) -> Response:
    """Hand a draft to review; from here on its text stands."""
    policies = caller.app.policies
    return _step(request, caller, once, body, lambda conn: policies.submit(conn, caller.ctx, name, version))


@router.post(
    "/policies/{name}/versions/{version}/send-back",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def send_back_policy(
    request: Request,
    caller: PoliciesApprove,
    name: PolicyPath,
    version: VersionPath,
    body: SendBack,
    once: Once = None,
) -> Response:
    """Give a version under review back to its author."""
    policies = caller.app.policies
    return _step(
        request, caller, once, body, lambda conn: policies.send_back(conn, caller.ctx, name, version, body.reason)
    )


@router.post(
    "/policies/{name}/versions/{version}/approve",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def approve_policy(
    request: Request,
    caller: PoliciesApprove,
    name: PolicyPath,
    version: VersionPath,
    body: Approve,
    once: Once = None,
) -> Response:
    """Approve a version under review; its author may not."""
    policies = caller.app.policies
    return _step(
        request,
        caller,
        once,
        body,
        lambda conn: policies.approve(conn, caller.ctx, name, version, digest=body.digest),
    )


@router.post(
    "/policies/{name}/versions/{version}/activate",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def activate_policy(
    request: Request,
    caller: PoliciesApprove,
    name: PolicyPath,
    version: VersionPath,
    body: Activate,
    once: Once = None,
) -> Response:
    """Let an approved version decide from now or a later instant on; the one before ends there."""
    policies = caller.app.policies
    return _step(
        request,
        caller,
        once,
        body,
        lambda conn: policies.activate(conn, caller.ctx, name, version, body.valid_from),
    )


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


def _step(request: Request, caller: Caller, once: str | None, body: Any, act: Any) -> Response:
    def take(conn: Connection[Any]) -> PolicyVersionView:
        return _version(act(conn), caller.ctx.now)

    return write_once(request, caller, once, body, take)


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


def _version(found: PolicyVersion, now: datetime) -> PolicyVersionView:
    return PolicyVersionView(**asdict(found), standing=found.standing(now))


def _column(column: InputColumn | OutputColumn) -> Column:
    return Column(
        name=column.name, type=column.type, label=column.label, values=[shown(value) for value in column.values]
    )


def _row(row: Row) -> TableRow:
    then = {name: f"={v.text}" if isinstance(v, Formula) else plain_json(v) for name, v in row.then.items()}
    return TableRow(id=row.id, when=dict(row.when), then=then, because=row.because, clause=row.clause)


def _tests(compiled: CompiledPolicy) -> list[TestResult]:
    results: Sequence[ExampleResult] = run_examples(compiled)
    return [
        TestResult(
            name=result.name,
            given=plain_json(test.given),
            expect=plain_json(test.expect),
            passed=result.passed,
            problems=list(result.problems),
        )
        for result, test in zip(results, compiled.table.tests, strict=True)
    ]


def _evaluated(found: Evaluation) -> Evaluated:
    return Evaluated(**found.as_json())
