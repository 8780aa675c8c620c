"""From exports as stored to the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from headgate.access.tenancy import KEPT, MOST_KEPT, TenantExport
from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.exports import ExportRow, ExportsView


def exports_view(found: Sequence[TenantExport], names: Names, now: datetime, error: str = "") -> ExportsView:
    """The screen."""
    rows = tuple(_row(each, names, now) for each in found)
    waited_for = any(each.under_way for each in found)
    kept = sum(each.status == "ready" for each in rows)
    return ExportsView(urls.EXPORTS, rows, not waited_for and kept < MOST_KEPT, KEPT.days, MOST_KEPT, error)


def _row(found: TenantExport, names: Names, now: datetime) -> ExportRow:
    status = found.state(now)
    return ExportRow(
        name=found.file_name,
        status=status,
        by=names.person(found.asked_by),
        at=found.asked_at,
        tables=found.tables,
        tables_done=found.tables_done,
        rows=found.rows,
        entries=found.entries,
        megabytes=_megabytes(found.size),
        digest=found.digest,
        sha256=found.sha256,
        error=found.error,
        until=found.expires_at,
        ended_by=names.person(found.ended_by) if found.ended_by else None,
        ended_at=found.ended_at or (found.expires_at if status == "removed" else None),
        download=urls.export_act(found.export, "download") if status == "ready" else "",
        end=urls.export_act(found.export, "end") if status == "ready" or found.under_way else "",
    )


def _megabytes(size: int) -> Decimal:
    """With one decimal, and never nothing for something."""
    found = (Decimal(size) / 1_000_000).quantize(Decimal("0.1"))
    return max(found, Decimal("0.1")) if size else found
