"""Exports of all that the tenant has: asked for, watched, downloaded for a time."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from psycopg import Connection
from pydantic import Field

from headgate.access.tenancy import (
    TenantExport as Export,
)
from headgate.access.tenancy import (
    ask_export,
    bytes_of,
    downloadable,
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
from headgate.api.ranges import part_of
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["tenants"])
ExportPath = Annotated[UUID, Path()]


def _told(*names: str) -> dict[str, Any]:
    words = {
        "Repr-Digest": "SHA-256 of the whole file (RFC 9530).",
        "ETag": "A strong tag, made of the same digest; send it as If-Range to go on.",
        "Accept-Ranges": "`bytes`",
        "Content-Range": "Which bytes of how many these are.",
    }
    return {name: {"description": words[name], "required": True, "schema": {"type": "string"}} for name in names}


_FILE = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
_WHOLE = ("Repr-Digest", "ETag", "Accept-Ranges")
_ZIP: Responses = {
    200: {
        "description": "A ZIP of JSON lines per table, the proof of the audit chain, and a manifest with digests.",
        "content": _FILE,
        "headers": _told(*_WHOLE),
    },
    206: {"description": "A part of it.", "content": _FILE, "headers": _told(*_WHOLE, "Content-Range")},
}
_HEADERS: Responses = {200: {"description": "What would be downloaded.", "headers": _told(*_WHOLE)}}


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


@router.head("/exports/{export}/file", responses={**problems(*FIND, 409), **_HEADERS}, response_class=Response)
def look_at_tenant_export(caller: TenantExport, export: ExportPath) -> Response:
    """Size, tag and digest of the file, without it. Nothing is noted, for nothing is taken."""
    with caller.reading() as conn:
        found = downloadable(conn, caller.ctx, export)
    headers = {**_about(found), "Content-Length": str(found.size)}
    return Response(status_code=200, headers=headers, media_type="application/zip")


@router.get("/exports/{export}/file", responses={**problems(*FIND, 409, 416), **_ZIP}, response_class=StreamingResponse)
def download_tenant_export(
    caller: TenantExport,
    export: ExportPath,
    asked: Annotated[str, Header(alias="Range", max_length=200, description="One range: `bytes=1048576-`.")] = "",
    if_range: Annotated[
        str, Header(alias="If-Range", max_length=200, description="The `ETag` of the part there is already.")
    ] = "",
) -> StreamingResponse:
    """The file, or a part of it. Who downloaded what stands in the audit chain; check the file with
    `headgate tenant check-export`."""
    with caller.writing() as conn:
        ready = downloadable(conn, caller.ctx, export)
        part = part_of(asked, if_range, _tag(ready), ready.size)
        found = note_download(conn, caller.ctx, export, part)
    headers, length = dict(_about(found)), found.size
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{found.size}"
        length = part.last - part.first + 1
    headers["Content-Length"] = str(length)
    pieces = bytes_of(caller.app.database, caller.ctx.tenant_id, found, part)
    return StreamingResponse(pieces, 200 if part is None else 206, headers, "application/zip")


def _tag(found: Export) -> str:
    return f'"{found.sha256}"'


def _about(found: Export) -> Mapping[str, str]:
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    return {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Accept-Ranges": "bytes",
        "ETag": _tag(found),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "no-store",
    }


def _view(found: Export, now: Instant) -> ExportView:
    told = {name: getattr(found, name) for name in ExportView.model_fields if name != "status"}
    return ExportView.model_validate(told | {"status": found.state(now)})
