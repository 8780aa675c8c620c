"""The list of orders, with its filters in the address, and the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

from starlette.responses import StreamingResponse

from headgate.channel.orders import insight, ranking
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import orders as present
from headgate.console.views.common import Option
from headgate.console.views.orders import OrderFilters, OrdersView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.canonical import decimal_text, instant_text
from headgate.ui.words import STATES

COUNTED_TO = 50_000
MOST_EXPORTED = 50_000
_HEADER = ("order", "status", "partner", "storefront", "placed_at", "currency", "total", "tenant_total", "exceptions")
_PIECE = 64_000


def show(visit: Visit) -> Answer:
    """Orders, newest first."""
    filters, part = filters_of(visit), visit.part
    wanted = conditions(visit, filters)
    page = insight.browse_orders(visit.conn, wanted, cursor=visit.cursor())
    sums = insight.line_sums(visit.conn, [row.order_no for row in page.items])
    names = names_of(visit, partners=[*(row.partner for row in page.items), *filter(None, [filters.partner])])
    whole = part not in OrdersView.parts
    totals = insight.bounded_totals(visit.conn, wanted, COUNTED_TO) if part != "rows" else None
    choices = insight.order_choices(visit.conn) if whole else insight.NO_CHOICES
    columns = [c for c in visit.request.query_params.getlist("column") if c in present.COLUMNS]
    return OrdersView(
        filters=filters,
        applied=present.applied(filters, names, visit.lens, columns),
        saved=present.saved_views(filters, choices, visit.today()),
        statuses=present.STATUSES,
        partners=_suggestions(visit) if whole else (),
        storefronts=present.options(choices.storefronts, filters.storefront),
        exception_types=present.options(choices.exceptions, filters.exception, words=True),
        columns=present.column_choices(columns),
        rows=present.order_rows(page.items, sums, names, visit.lens),
        matching=None if totals is None else totals[0],
        counted_to=COUNTED_TO,
        amount=None if totals is None else visit.lens.money(totals[1]),
        ever_any=choices.any or bool(page.items),
        more=visit.further(urls.ORDERS, page.next_cursor),
        export=urls.query(urls.ORDERS_CSV, present.parameters(filters)),
    )


def export(visit: Visit) -> Answer:
    """The same orders as CSV, streamed in a transaction of its own; at most 50,000."""
    wanted, tenant_id, database = conditions(visit, filters_of(visit)), visit.ctx.tenant_id, visit.app.database

    def lines() -> Iterator[str]:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(_HEADER)
        with database.transaction(tenant_id, read_only=True) as conn:
            for row in insight.stream_orders(conn, wanted, MOST_EXPORTED):
                texts = [row.order_no, row.status, row.partner, row.storefront]
                numbers = [instant_text(row.placed_at), row.currency, decimal_text(row.total)]
                rest = [decimal_text(row.tenant_total), " ".join(row.exceptions)]
                writer.writerow([*map(_safe, texts), *numbers, *rest])
                if out.tell() > _PIECE:
                    yield out.getvalue()
                    out.seek(0)
                    out.truncate()
        yield out.getvalue()

    name = f"orders-{visit.today().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), headers=headers, media_type="text/csv; charset=utf-8")


def filters_of(visit: Visit) -> OrderFilters:
    """The filters of the address; what no order can have counts as not given."""
    return OrderFilters(
        text=visit.text("q"),
        status=visit.choice("status", STATES["order"]),
        partner=visit.text("partner"),
        storefront=visit.text("storefront"),
        exception=visit.text("exception"),
        since=visit.day("since"),
        until=visit.day("until"),
    )


def conditions(visit: Visit, filters: OrderFilters) -> dict[str, object]:
    """The filters as the list's query takes them; both days are included."""
    return {
        "text": filters.text,
        "status": filters.status,
        "partner": filters.partner,
        "storefront": filters.storefront,
        "exception": filters.exception,
        "since": visit.midnight(filters.since) if filters.since else None,
        "until": visit.midnight(filters.until + timedelta(days=1)) if filters.until else None,
    }


def _suggestions(visit: Visit) -> tuple[Option, ...]:
    return tuple(Option(code, name) for code, name in ranking.some_partners(visit.conn).items())


def _safe(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


DOORS = (
    Door("GET", urls.ORDERS, ("orders.read",), show),
    Door("GET", urls.ORDERS_CSV, ("orders.read",), export),
)
