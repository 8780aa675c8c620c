"""Export everything: ask for it, watch it, download it for a time, remove it."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from headgate.access.tenancy import ask_export, bytes_of, end_export, list_exports, note_download
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present.exports import exports_view
from headgate.console.views.common import Notice
from headgate.console.views.exports import ExportsView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden
from headgate.kernel.phrases import phrase, sentence

NEEDS = ("tenant.export",)


def show(visit: Visit) -> Answer:
    """The one under way and those before it."""
    view = _view(visit)
    if visit.part == "progress" and view.under_way is None:
        return Response(headers={"HX-Refresh": "true"})
    return view


def ask(visit: Visit) -> Answer:
    """Let a worker write one."""
    try:
        with visit.conn.transaction():
            ask_export(visit.conn, visit.ctx)
    except (Conflict, Forbidden) as error:
        return Shown(_view(visit, sentence(error.message)), 409)
    return Go(urls.EXPORTS, Notice("done", phrase("It has been asked for; this page shows how far it is.")))


def download(visit: Visit) -> Answer:
    """The file, as it lies there; a form and not a link, for it is noted who took it."""
    try:
        with visit.conn.transaction():
            found = note_download(visit.conn, visit.ctx, visit.uuid("export"))
    except (Conflict, Forbidden) as error:
        return Shown(_view(visit, sentence(error.message)), 409)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Content-Length": str(found.size),
        "Cache-Control": "no-store",
    }
    pieces = bytes_of(visit.app.database, visit.ctx.tenant_id, found)
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


def end(visit: Visit) -> Answer:
    """Cancel it, or remove it."""
    try:
        with visit.conn.transaction():
            done = end_export(visit.conn, visit.ctx, visit.uuid("export"))
    except Conflict as error:
        return Shown(_view(visit, sentence(error.message)), 409)
    said = phrase("It is cancelled. Nothing of it was kept.")
    return Go(
        urls.EXPORTS, Notice("done", said if done.status == "cancelled" else phrase("It is removed for everybody."))
    )


def _view(visit: Visit, error: str = "") -> ExportsView:
    found = list_exports(visit.conn)
    people = {each.asked_by for each in found} | {each.ended_by or "" for each in found}
    return exports_view(found, names_of(visit, people=people - {""}), visit.now, error)


DOORS = (
    Door("GET", urls.EXPORTS, NEEDS, show, leaves=True),
    Door("POST", urls.EXPORTS, NEEDS, ask, fresh=True, leaves=True),
    Door("POST", urls.export_act("{export}", "download"), NEEDS, download, fresh=True, leaves=True),
    Door("POST", urls.export_act("{export}", "end"), NEEDS, end, leaves=True),
)
