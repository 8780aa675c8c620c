"""Use cases of orders beside the process: look, list, check an edit before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.channel.masters import Page, decode_cursor, encode_cursor, page_size
from headgate.channel.orders import repo
from headgate.channel.orders.core.editing import edited
from headgate.domain.orders import parse_order
from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import reveal_personal


def get_order(conn: Connection[Any], order_no: str, *, costs: bool = True) -> dict[str, Any]:
    """An order as it stands, with lines and reservations. Raises NotFound.

    In a partner's transaction ask without `costs`: cost and margin of its lines cannot be read there.
    """
    found = repo.get(conn, order_no, costs=costs)
    if found is None:
        raise NotFound(phrase("order %(order_no)s does not exist", order_no=order_no))
    (found["content"],) = reveal_personal(conn, [(order_no, found["content"])])
    return found


def current_order(conn: Connection[Any], order_no: str) -> dict[str, Any] | None:
    """The content of an order as `order.amended` takes it, None when there is no such order."""
    found = repo.get(conn, order_no)
    return None if found is None else dict(found["content"])


def check_edit(conn: Connection[Any], order_no: str, edit: Mapping[str, Any]) -> None:
    """Refuse an approver's edit that could not be applied. Raises Invalid naming the line."""
    edited(parse_order(get_order(conn, order_no)["content"]), edit)


def list_orders(
    conn: Connection[Any],
    *,
    status: str = "",
    partner: str = "",
    storefront: str = "",
    exception: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    text: str = "",
    cursor: str = "",
    limit: int = 50,
) -> tuple[Page[dict[str, Any]], dict[str, Any]]:
    """One page of orders, newest first, and the totals of the whole selection (tenant currency)."""
    wanted: dict[str, object] = {
        "status": status,
        "partner": partner,
        "storefront": storefront,
        "exception": exception,
        "since": since,
        "until": until,
        "text": text,
        "like": f"%{text.replace('%', '').replace('_', chr(92) + '_')}%",
    }
    if cursor:
        at, order_no = decode_cursor(cursor, 2)
        try:
            wanted |= {"before_at": datetime.fromisoformat(at), "before_no": order_no}
        except ValueError:
            raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None
    size = page_size(limit)
    rows = repo.list_orders(conn, wanted, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    last = rows[-1] if rows and more else None
    following = encode_cursor(last["placed_at"].isoformat(), last["order_no"]) if last else ""
    return Page(tuple(rows), following), repo.total_orders(conn, wanted)
