"""Past sales out of a file, through the same mapping that imports it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from headgate.connectors.imports.core.mapping import FileMapping
from headgate.connectors.imports.core.plan import compile_plan
from headgate.connectors.imports.core.rows import index_groups
from headgate.connectors.imports.read import open_source, read_records
from headgate.connectors.imports.service import Progress, built_groups
from headgate.domain.derive import SaleLine


def read_sales(
    path: Path, mapping: FileMapping, until: date | datetime, progress: Progress | None = None
) -> Iterator[SaleLine]:
    """The lines of the file's orders placed before `until`; returns and refused rows are left out.

    A plain date is included as a whole, in the mapping's time zone; an instant is the first moment left out. Raises as
    `run_import` does. The file need not be sorted by time.
    """
    end = sales_end(mapping, until)
    found = open_source(path, mapping)
    plan = compile_plan(mapping, found.columns)
    index = index_groups(read_records(found), plan.key_of)
    done = 0
    for built in built_groups(found, plan, index, {}):
        done += built.rows
        for document in built.documents:
            if document.type != "order.submitted" or document.time >= end:
                continue
            data = document.data
            for line in data["lines"]:
                yield SaleLine(
                    partner=data["partner"],
                    product=line["product"],
                    description=line.get("description", ""),
                    quantity=Decimal(line["quantity"]),
                    unit_price=Decimal(line["unit_price"]),
                    at=document.time,
                    currency=data["currency"],
                )
        if progress is not None:
            progress(done, index.rows)


def sales_end(mapping: FileMapping, until: date | datetime) -> datetime:
    """The first moment that `until` leaves out."""
    if isinstance(until, datetime):
        return until
    return datetime.combine(until + timedelta(days=1), datetime.min.time(), ZoneInfo(mapping.timezone))
