"""Policies in the files of other tools: import as drafts, export a version."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import PoliciesAuthor, PoliciesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.policies import PolicyVersionView, Remark
from headgate.api.models.policy_exchange import (
    ExchangeNotice,
    ImportedPolicy,
    ImportedTest,
    ImportFile,
    ImportResult,
)
from headgate.api.openapi import FIND, WRITE, problems
from headgate.api.parameters import PolicyPath
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import invalid
from headgate.policy.bringing_in import Looked, draft_all, export, look_into

router = APIRouter(route_class=StrictRoute)

# A header that carries what a file cannot hold; more than this is counted, not told.
_MOST_NOTICES = 20


@router.post("/policy-imports", tags=["policies"], response_model=ImportResult, responses=problems(*WRITE))
def import_policies(request: Request, caller: PoliciesAuthor, body: ImportFile, once: Once = None) -> Response:
    """Read policies from a file and save each as a draft; with `check`, only say what would come of it.

    Every cell that cannot be read, and every lint error, is named with its place; then nothing is stored.
    """
    data = _decoded(body.content)

    def act(conn: Connection[Any]) -> ImportResult:
        looked = look_into(caller.app.policies, conn, data, body.filename, policy=body.policy, decision=body.decision)
        drafted = [] if body.check else draft_all(caller.app.policies, conn, caller.ctx, looked)
        return ImportResult(
            policies=[_view(item) for item in looked],
            drafted=[PolicyVersionView(**asdict(v), standing=v.standing(caller.ctx.now)) for v in drafted],
        )

    return write_once(request, caller, once, body, act)


@router.get(
    "/policies/{name}/export",
    tags=["policies"],
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file, as its media type says."},
        **problems(*FIND, 422),
    },
)
def export_policy(
    caller: PoliciesRead,
    name: PolicyPath,
    form: Annotated[Literal["csv", "dmn", "jdm", "xlsx", "yaml"], Query(alias="format")] = "dmn",
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Left out: the newest.")] = None,
) -> Response:
    """A policy version as a file of another tool. `Headgate-Notice` says what the file cannot hold, percent-encoded."""
    with caller.reading() as conn:
        found = export(caller.app.policies, conn, name, form, version or 0)
    response = Response(found.data, media_type=found.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{found.suffix}"'
    for notice in found.notices[:_MOST_NOTICES]:
        response.headers.append("Headgate-Notice", quote(str(notice)[:500], safe=" ,;:()'=<>[]"))
    if len(found.notices) > _MOST_NOTICES:
        response.headers.append("Headgate-Notice", f"and {len(found.notices) - _MOST_NOTICES} more")
    return response


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("content", "", "is not base64", "Send the file's bytes in base64.") from None


def _view(item: Looked) -> ImportedPolicy:
    return ImportedPolicy(
        policy=item.policy.policy,
        version=item.policy.version,
        sound=item.sound,
        text=item.text,
        notices=[ExchangeNotice(place=n.place, message=n.message, fix=n.fix) for n in item.notices],
        remarks=[
            Remark(
                rule=i.rule,
                severity=i.severity,
                message=i.message,
                line=i.line,
                row=i.row,
                column=i.column,
                fix=i.fix,
            )
            for i in item.issues
        ],
        tests=[ImportedTest(name=t.name, passed=t.passed, problems=list(t.problems)) for t in item.tests],
    )
