"""Returns of goods."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.present.returns import tabs
from headgate.console.views.returns import ReturnRow, ReturnsView
from tests.unit.ui.samples.base import AURIGA, HALBERD, LYNX, ago, ahead, eur, gbp, uid

RETURNS = ReturnsView(
    tabs=tabs(""),
    text="",
    status="",
    returns=(
        ReturnRow(
            "RMA-0A1B2C3D4E5F",
            urls.case(uid("return-1")),
            "SO-48213",
            HALBERD,
            "authorised",
            "credit",
            ahead(days=9),
            eur("1250.00"),
            ago(hours=2),
        ),
        ReturnRow(
            "RMA-1001",
            urls.case(uid("return-2")),
            "SO-48190",
            AURIGA,
            "received",
            "replace",
            None,
            eur("89999.99"),
            ago(days=1),
        ),
        ReturnRow(
            "RMA-1002",
            urls.case(uid("return-3")),
            "SO-47001",
            LYNX,
            "credited",
            "credit",
            None,
            gbp("20.00"),
            ago(days=12),
        ),
        ReturnRow(
            "RMA-1003", urls.case(uid("return-4")), "SO-47002", LYNX, "lapsed", "credit", None, None, ago(days=40)
        ),
    ),
    more="/returns?after=x",
)
NO_RETURNS = ReturnsView(tabs=tabs(""), text="", status="", returns=())
NO_MATCH = ReturnsView(tabs=tabs("lapsed"), text="zzz", status="lapsed", returns=())
