"""Everything the portal shows of a partner, as files: a ZIP of CSV for spreadsheets and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from headgate.channel import deals
from headgate.channel.exceptions import list_exceptions
from headgate.channel.orders import list_orders
from headgate.channel.returns import list_returns
from headgate.kernel.canonical import canonical
from headgate.ledger import AuditDraft, append_audit, event_list
from headgate.portal import urls
from headgate.portal.visit import SIGNED_IN, Answer, Door, Visit
from headgate.process.messages import messages_with_partner
from headgate.ui.web import attachment

MOST = 20_000
ORDERS = ("order_no", "customer_reference", "status", "currency", "total", "tax", "placed_at", "updated_at")
PRICES = (
    "request",
    "product",
    "unit_price",
    "currency",
    "max_quantity",
    "valid_from",
    "valid_until",
    "status",
    "updated_at",
)
DEALS = (
    "deal", "customer", "country", "programme", "status", "amount", "currency", "close_on", "registered_at",
    "protected_until", "last_activity_at", "updated_at",
)  # fmt: skip
RETURNS = (
    "rma", "order_no", "status", "wanted", "currency", "credit", "requested_at", "send_by", "carrier", "tracking",
    "updated_at",
)  # fmt: skip
OUTCOMES = ("line", "quantity", "condition", "outcome", "gross", "fee", "net", "told")
# A spreadsheet runs a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def download(visit: Visit) -> Answer:
    """The partner's records."""
    parts = collected(visit)
    append_audit(
        visit.conn,
        visit.now,
        [AuditDraft("portal.exported", "partner", visit.partner, visit.me.id, {n: len(r) for n, r in parts.items()})],
    )
    name = f"{visit.tenant.slug}-{visit.partner}-{visit.today().isoformat()}.zip"
    return attachment(name, "application/zip", zipped(parts))


def collected(visit: Visit) -> dict[str, list[dict[str, Any]]]:
    """Rows by file, limited by the database to the partner's own and here to the columns that are theirs to see."""
    parts: dict[str, list[dict[str, Any]]] = {}
    if visit.may("deals.read"):
        rows = deals.all_deals(visit.conn, MOST)
        parts["deals"] = [
            {k: row[k] for k in DEALS} | {"content": row["content"], "told": list(row["told"])} for row in rows
        ]
    if visit.may("orders.read"):
        found: list[dict[str, Any]] = []
        cursor = ""
        while len(found) < MOST:
            page, _ = list_orders(visit.conn, cursor=cursor, limit=200)
            found += [{k: row[k] for k in ORDERS} for row in page.items]
            cursor = page.next_cursor or ""
            if not cursor:
                break
        parts["orders"] = found
    if visit.may("prices.request"):
        parts["price_exceptions"] = _prices(visit)
    if visit.may("returns.request"):
        parts["returns"] = _returns(visit)
    parts["messages"] = [
        {
            "about": f"{m.subject_type} {m.subject}",
            "from": visit.tenant.name if m.from_staff else m.author_name,
            "at": m.at,
            "text": m.text,
        }
        for m in messages_with_partner(visit.conn, MOST)
    ]
    parts["own_acts"] = [
        {"at": e.received_at, "by": e.actor, "type": e.type, "subject": e.subject}
        for e in event_list(visit.conn, limit=MOST)
    ]
    return parts


def _prices(visit: Visit) -> list[dict[str, Any]]:
    """Price exceptions, a page after the other."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while len(found) < MOST:
        page = list_exceptions(visit.conn, cursor=cursor, limit=200)
        found += [{k: row[k] for k in PRICES} for row in page.items]
        cursor = page.next_cursor or ""
        if not cursor:
            break
    return found


def _returns(visit: Visit) -> list[dict[str, Any]]:
    """Returns with what was asked, found and credited. Why a row of a policy fitted is for the tenant's own people."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while len(found) < MOST:
        page = list_returns(visit.conn, cursor=cursor, limit=200)
        for row in page.items:
            outcomes = [{k: o[k] for k in OUTCOMES} for o in row["content"]["outcomes"]]
            asked = {"request": row["content"]["request"], "received": row["content"]["received"]}
            found.append({k: row[k] for k in RETURNS} | {"content": asked | {"outcomes": outcomes}})
        cursor = page.next_cursor or ""
        if not cursor:
            break
    return found


def zipped(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The files, each as CSV and as JSON."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in parts.items():
            archive.writestr(
                f"{name}.json", json.dumps(json.loads(canonical(list(rows))), indent=1, ensure_ascii=False)
            )
            archive.writestr(f"{name}.csv", "\ufeff" + csv_of(rows))
    return held.getvalue()


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV for spreadsheets; nested values stand in the JSON only."""
    held = io.StringIO()
    plain = [{k: cell(v) for k, v in row.items() if not isinstance(v, (dict, list))} for row in rows]
    writer = csv.DictWriter(held, fieldnames=list(plain[0]) if plain else ["empty"])
    writer.writeheader()
    writer.writerows(plain)
    return held.getvalue()


def cell(value: object) -> str:
    """A value as text that no spreadsheet runs."""
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


DOORS = (Door("GET", urls.EXPORT_ZIP, SIGNED_IN, download, notes=True, fresh=True),)
