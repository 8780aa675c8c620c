"""Exports of all that the tenant has: asked for, watched, downloaded for a time."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from psycopg import Connection
from pydantic import Field

from headgate.access.tenancy import (
    TenantExport as Export,
)
from headgate.access.tenancy import (
    ask_export,
    bytes_of,
    end_export,
    get_export,
    list_exports,
    note_download,
)
from headgate.api.auth import TenantExport
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf, Shape
from headgate.api.openapi import FIND, READ, WRITE, Responses, problems
from headgate.api.parameters import Instant
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["tenants"])
ExportPath = Annotated[UUID, Path()]
_ZIP: Responses = {
    200: {
        "description": "A ZIP of JSON lines per table, the proof of the audit chain, and a manifest with digests.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Repr-Digest": {
                "description": "SHA-256 of the file (RFC 9530).",
                "required": True,
                "schema": {"type": "string"},
            }
        },
    }
}


class AskExport(Body):
    """Nothing needs to be said: an export has everything."""


class EndExport(Body):
    """Nothing needs to be said."""


class ExportView(Shape):
    """An export and how far it is."""

    export: UUID
    status: Literal["queued", "running", "ready", "failed", "cancelled", "removed"]
    asked_by: str
    asked_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    tables: int = Field(description="How many tables it will have; 0 before a worker has taken it.")
    tables_done: int
    rows: int
    entries: int = Field(description="Entries of the audit chain that it proves.")
    size: int = Field(description="Bytes of the file, as far as it is written.")
    digest: str = Field(description="SHA-256 of its manifest, in hex; empty until it is ready.")
    sha256: str = Field(description="SHA-256 of the file, in hex; empty until it is ready.")
    error: str = Field(description="Why it failed; empty otherwise.")
    expires_at: Instant | None = Field(description="Until when it can be downloaded.")
    ended_by: str | None = Field(description="Who cancelled or removed it; null where its time was over.")
    ended_at: Instant | None


@router.get("/exports", responses=problems(*READ))
def list_tenant_exports(caller: TenantExport) -> PageOf[ExportView]:
    """Exports of the caller's tenant, newest first."""
    with caller.reading() as conn:
        found = list_exports(conn)
    return PageOf(items=[_view(each, caller.ctx.now) for each in found])


@router.post("/exports", status_code=202, response_model=ExportView, responses=problems(*WRITE))
def ask_tenant_export(request: Request, caller: TenantExport, body: AskExport, once: Once = None) -> Response:
    """Let a worker write everything that the tenant has. One at a time; it can be downloaded for seven days."""

    def act(conn: Connection[Any]) -> ExportView:
        return _view(ask_export(conn, caller.ctx), caller.ctx.now)

    return write_once(request, caller, once, body, act, status=202)


@router.get("/exports/{export}", responses=problems(*FIND))
def read_tenant_export(caller: TenantExport, export: ExportPath) -> ExportView:
    """One export and how far it is."""
    with caller.reading() as conn:
        return _view(get_export(conn, export), caller.ctx.now)


@router.post("/exports/{export}/end", response_model=ExportView, responses=problems(*WRITE))
def end_tenant_export(
    request: Request, caller: TenantExport, export: ExportPath, body: EndExport, once: Once = None
) -> Response:
    """Cancel an export that is under way, or remove one that is ready."""

    def act(conn: Connection[Any]) -> ExportView:
        return _view(end_export(conn, caller.ctx, export), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.get("/exports/{export}/file", responses={**problems(*FIND, 409), **_ZIP}, response_class=StreamingResponse)
def download_tenant_export(caller: TenantExport, export: ExportPath) -> StreamingResponse:
    """The file. Who downloaded it stands in the audit chain; check it with `headgate tenant check-export`."""
    with caller.writing() as conn:
        found = note_download(conn, caller.ctx, export)
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Content-Length": str(found.size),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "no-store",
    }
    pieces = bytes_of(caller.app.database, caller.ctx.tenant_id, found)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def _view(found: Export, now: Instant) -> ExportView:
    told = {name: getattr(found, name) for name in ExportView.model_fields if name != "status"}
    return ExportView.model_validate(told | {"status": found.state(now)})
