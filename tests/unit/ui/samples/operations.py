"""Operations: all well, much wrong, and so many lanes that they must be shown short."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headgate.console.views.operations import (
    Concern,
    LaneRow,
    OperationsView,
    RetryRow,
    TargetRow,
    UnheardRow,
    UsageRow,
    UsageView,
)
from tests.unit.ui.samples.base import NOW, ago

FLOWING = OperationsView(
    as_of=NOW,
    concerns=(),
    waiting=0,
    oldest=None,
    retrying=0,
    parked=0,
    rows=0,
    due=0,
    dead=0,
    oldest_due=None,
    signed=18_204,
    entries=18_204,
    signed_at=ago(minutes=3),
    lanes=(),
    retries=(),
    targets=(),
    usage=(
        UsageRow("active people of its own", 41, 50, 82, "risk"),
        UsageRow("sources that may send events", 4, None, 0, "done"),
        UsageRow("API keys that work", 12, 12, 100, "breach"),
    ),
)


def _lane(lane: int, waiting: int, minutes: int, owner: str = "") -> LaneRow:
    tone = "breach" if minutes > 15 else "waiting" if minutes > 1 else "done"
    return LaneRow(lane, waiting, waiting // 100, ago(minutes=minutes), timedelta(minutes=minutes), owner, tone)


TROUBLED = replace(
    FLOWING,
    concerns=(
        Concern(
            "breach", "7 commands were given up", "Send them again once the target works.", "/connections/messages"
        ),
        Concern("risk", "Events wait for 22 minutes", "See that workers run: headgate health."),
    ),
    waiting=204_118,
    oldest=ago(minutes=22),
    retrying=12,
    parked=3,
    rows=41,
    due=1_284,
    dead=7,
    oldest_due=ago(minutes=9),
    unheard=(
        UnheardRow("crm", 1_178, ago(days=40), ("Protect the deal", "End the deal’s protection", "note")),
        UnheardRow("wms-of-the-second-warehouse", 1, None, ("Pick the order",)),
    ),
    signed=18_000,
    lanes=(_lane(3, 200_004, 22), _lane(7, 4_113, 4, "worker-2@desk-1/4711"), _lane(11, 1, 0)),
    retries=(
        RetryRow(
            48_221,
            "order.submitted",
            "SO-2041 of <b>Kestrel</b>",
            4,
            ago(minutes=-2),
            "No price list for EUR on 2026-03-02",
        ),
    ),
    targets=(
        TargetRow("erp", "ERP of the head office", "Breaker open", ago(minutes=-4), "answered 503: maintenance"),
        TargetRow("wms", "Warehouse", "Switched off", None, ""),
    ),
)

CROWDED = replace(TROUBLED, lanes=tuple(_lane(lane, 5_000 - lane * 70, lane % 30) for lane in range(64)))
USE = UsageView(FLOWING.usage)
ROOM = UsageView(
    (UsageRow("active people of its own", 3, None, 0, "done"), UsageRow("API keys that work", 1, 9, 11, "done"))
)
