"""Returns of goods."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from headgate.console import urls
from headgate.console.present.returns import tabs
from headgate.console.views.common import Fact
from headgate.console.views.returns import ReturnedLine, ReturnPage, ReturnRow, ReturnsView
from tests.unit.ui.samples.base import AURIGA, HALBERD, LYNX, ago, ahead, eur, gbp, uid

RETURNS = ReturnsView(
    tabs=tabs(""),
    text="",
    status="",
    returns=(
        ReturnRow(
            "RMA-0A1B2C3D4E5F",
            urls.rma("RMA-0A1B2C3D4E5F"),
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
            urls.rma("RMA-1001"),
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
            urls.rma("RMA-1002"),
            "SO-47001",
            LYNX,
            "credited",
            "credit",
            None,
            gbp("20.00"),
            ago(days=12),
        ),
        ReturnRow("RMA-1003", urls.rma("RMA-1003"), "SO-47002", LYNX, "lapsed", "credit", None, None, ago(days=40)),
    ),
    more="/returns?after=x",
    matching=10_000,
    counted_to=50_000,
)
NO_RETURNS = ReturnsView(tabs=tabs(""), text="", status="", returns=())
NO_MATCH = ReturnsView(tabs=tabs("lapsed"), text="zzz", status="lapsed", returns=())

_FOUND = ((Decimal(1), "Defective", "the fan scrapes"),)
_LINE = ReturnedLine(
    "1",
    "NET-SW-48P",
    "Switch, 48 ports",
    "EA",
    "Defective",
    "fan is <b>loud</b>",
    Decimal(4),
    Decimal(3),
    Decimal(1),
    Decimal(2),
    _FOUND,
)
RETURN = ReturnPage(
    rma="RMA-0A1B2C3D4E5F",
    order="SO-48213",
    status="received",
    partner=HALBERD,
    facts=(Fact("Requested", ago(days=3)), Fact("Sent with", "DHL JD014600")),
    lines=(
        _LINE,
        replace(
            _LINE,
            line="2",
            product="CAB-7",
            name="CAB-7",
            note="",
            to_receive=Decimal(0),
            to_inspect=Decimal(3),
            outcomes=(),
        ),
    ),
    case_href=urls.case(uid("return-1")),
    timeline=(),
    books=True,
    inspects=True,
    once=uid("form"),
    opened="2025-11-21T09:00:00Z",
    conditions=(("unopened", "Unopened"), ("defective", "Defective")),
    fields={},
)
RETURN_WRONG = replace(
    RETURN,
    error="quantity of line 1: is more than the 1 that are left (got 9).",
    fields={"received_0": "9", "receipt": "GR-1"},
)
RETURN_OVER = replace(RETURN, status="credited", books=False, inspects=False, case_href="", facts=())
