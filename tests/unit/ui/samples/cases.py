"""Cases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from headgate.console import urls
from headgate.console.present.standing import picture
from headgate.console.views.case import CaseApproval, CaseRow, CasesView, CaseView, SlaClock, Stage
from headgate.console.views.common import (
    Change,
    Clock,
    Fact,
    FormError,
    Option,
    Tab,
    TimelineEntry,
)
from headgate.console.views.standing import AroundRow, AskedRow, BranchRow, StepInView
from headgate.console.views.work import TaskRow
from headgate.kernel.phrases import phrase
from headgate.process import parse_definition
from headgate.ui.figures import Percent
from tests.unit.ui.samples.base import (
    ANA,
    AURIGA,
    HALBERD,
    JONAS,
    LENA,
    LYNX,
    MIRA,
    MOLEN,
    SYSTEM,
    TERN,
    ago,
    at_risk,
    breached,
    eur,
    running,
    uid,
)
from tests.unit.ui.samples.order import HISTORY, ORDER_NO

CASES = CasesView(
    tabs=(
        Tab("Open", "/cases", 23, current=True),
        Tab("At risk or overdue", "/cases?clock=at_risk", 3),
        Tab("Closed", "/cases?status=closed"),
    ),
    text="",
    cases=(
        CaseRow(
            uid("c1"),
            "WEB2-20398 · credit and price",
            "Order to release",
            "Approval",
            "waiting",
            TERN,
            ("credit_limit", "price_deviation"),
            "Jonas Brandt",
            eur("31200.00"),
            breached(hours=3, minutes=5),
            ago(hours=7),
        ),
        CaseRow(
            uid("c2"),
            "WEB1-10023 · 12.4 % below contract",
            "Order to release",
            "Approval",
            "waiting",
            HALBERD,
            ("price_deviation", "margin_floor"),
            "Ana Keller",
            eur("18420.00"),
            at_risk(minutes=48),
            ago(hours=4),
        ),
        CaseRow(
            uid("c3"),
            "WEB1-10040 · not enough stock",
            "Order to release",
            "Waiting for stock",
            "open",
            LYNX,
            ("availability",),
            "Order desk",
            eur("4108.25"),
            at_risk(hours=1, minutes=20),
            ago(hours=2.4),
        ),
        CaseRow(
            uid("c4"),
            "PX-0192 · special price for SKU-0418",
            "Price exception",
            "Approval",
            "waiting",
            AURIGA,
            ("price_exception",),
            "Ana Keller",
            eur("6915.80"),
            running(days=1, hours=2),
            ago(days=1),
        ),
        CaseRow(
            uid("c5"),
            "WEB2-20417 · over the credit limit",
            "Order to release",
            "Approval",
            "waiting",
            MOLEN,
            ("credit_limit",),
            "Mira Osei",
            eur("26310.50"),
            Clock("paused", None),
            ago(hours=1.3),
        ),
    ),
    matching=23,
    stake=eur("214880.00"),
    more="/cases?after=5",
)


CASE = CaseView(
    case_id=uid("c2"),
    title="12.4 % below contract on 3 lines",
    process="Order to release",
    process_version=3,
    status="waiting",
    outcome="",
    subject_type="order",
    subject=ORDER_NO,
    subject_href=urls.order(ORDER_NO),
    partner=HALBERD,
    exceptions=("price_deviation", "margin_floor"),
    owner="Channel management",
    assignee=ANA,
    stake=eur("18420.00"),
    opened_at=ago(hours=4),
    closed_at=None,
    need="Waits for your approval, then for Finance.",
    act="Decide on the price",
    act_href=urls.approval(uid("a1")),
    stages=(
        Stage("Received", "done", ago(hours=4, minutes=1)),
        Stage("Checked", "done", ago(hours=4)),
        Stage("Approval", "current", ago(hours=4)),
        Stage("Checked again", "ahead"),
        Stage("Released", "ahead"),
    ),
    sla=SlaClock(
        at_risk(minutes=48),
        ago(minutes=70),
        192,
        240,
        "Weekdays 8 to 18 h, Europe/Berlin (set for everybody)",
        target_at=ago(minutes=12),
        chain=("0 h: order desk is told", "8 h: finance director takes over"),
        can_wait=True,
    ),
    facts=(
        Fact("Deviation", Percent(Decimal("12.4"))),
        Fact("Lines", 3),
        Fact("Margin", Percent(Decimal("11.2"))),
        Fact("Tier", "gold"),
    ),
    tasks=(
        TaskRow(
            uid("t1"),
            "work",
            "Ask the partner for the rollout contract",
            urls.case(uid("c2")),
            ORDER_NO,
            HALBERD,
            (),
            None,
            running(hours=20),
            "order_desk",
            JONAS,
            ago(hours=2),
        ),
    ),
    approvals=(
        CaseApproval(
            uid("a1"), "Sell 3 lines 12.4 % below contract", "pending", 1, 2, eur("18420.00"), at_risk(minutes=48)
        ),
    ),
    timeline=(
        *HISTORY[:2],
        TimelineEntry(
            ago(hours=3.5),
            JONAS,
            "edit",
            "amended the order",
            changes=(
                Change("Quantity of SKU-0777", Decimal(180), Decimal(120)),
                Change("Total", eur("21204.00"), eur("18420.00")),
            ),
            seq=48240,
        ),
        TimelineEntry(ago(hours=3.5), SYSTEM, "void", "voided the first approval: the order changed", seq=48242),
        *HISTORY[2:],
        TimelineEntry(
            ago(minutes=30),
            MIRA,
            "approve",
            "pre-approved level 2",
            quote="Fine for me if Ana agrees.",
            on_behalf_of=LENA,
            seq=48602,
            steps=(
                TimelineEntry(
                    ago(minutes=31),
                    MIRA,
                    "timer",
                    phrase("decided to approve it, which counts unless it is undone in time"),
                    seq=48600,
                ),
                TimelineEntry(
                    ago(minutes=30), MIRA, "event", phrase("did not undo the approval: it counts"), seq=48601
                ),
            ),
        ),
    ),
)


assert CASE.sla is not None
PAUSED_CASE = replace(
    CASE,
    sla=replace(
        CASE.sla,
        clock=Clock("paused", None),
        paused_because="waiting for the partner",
        paused_since=ago(hours=2),
        late_since=ago(hours=5),
        can_wait=False,
        can_take_up=True,
    ),
)
CLOSED_CASE = replace(
    CASE,
    status="closed",
    outcome="released with a new price",
    need="Settled.",
    act="",
    act_href="",
    closed_at=ago(minutes=5),
    approvals=(),
    tasks=(),
    can_note=False,
    stages=tuple(
        replace(stage, status="skipped" if stage.name == "Checked again" else "done") for stage in CASE.stages
    ),
    sla=None,
    facts=(),
)


FILE = Path(__file__).parents[4] / "packs" / "order_governance" / "processes" / "order_to_release.yaml"
_DEFINITION = parse_definition(FILE.read_text(encoding="utf-8"), FILE.name)
STANDING_CASE = replace(
    CASE,
    svg=picture(_DEFINITION, "exception"),
    branches=(
        BranchRow("checks/papers", "papers", "the task 'Collect the papers', order desk", "waiting", "", "/s", "/r"),
        BranchRow(
            "checks/bank", "bank", "the command account.check to bank", "stuck", "the bank answered: 503", "/s2", "/r2"
        ),
    ),
    around=(
        AroundRow("Order WEB1-10001", "Order to release", "Shipping", "waiting", "", "/cases/1", parent=True),
        AroundRow("Screening S-1", "Screening", "Clear", "closed", "clear", "/cases/2", parent=False),
        AroundRow("Screening S-2", "Screening", "", "started", "", "", parent=False),
    ),
    asked=(
        AskedRow(uid("i1"), "Move to Released", "The bank confirmed on the phone.", JONAS, ago(minutes=9), mine=False),
        AskedRow(uid("i2"), "Skip checks/bank", "Their system is down.", ANA, ago(minutes=3), mine=True),
    ),
    jump="/cases/1/step-in?kind=jump",
)
_STAGES = tuple(Option(s.id, s.title) for s in _DEFINITION.stages.values())
STEP_IN = StepInView(
    case_id=uid("c2"),
    case_title=f"Order {ORDER_NO}",
    kind="skip",
    at="checks/papers",
    title="Skip checks/papers",
    stages=_STAGES,
    will=(
        "the task 'Collect the papers' is left out in branch papers",
        "its task is closed as cancelled",
        "branch papers counts as done",
        "your reason and your name stay in the case's timeline and in the audit chain",
    ),
    will_not=(
        "it does not count as an approval, and nothing is taken for agreed",
        "what the branch did before is not undone",
    ),
    second=False,
    blocked="",
    take_back=False,
    can_take_back=False,
    seen="2026-03-02T09:00:00.000000Z",
)
STEP_IN_TWO = replace(
    STEP_IN,
    kind="jump",
    at="released",
    title="Move to 'Released'",
    second=True,
    can_take_back=True,
    reason="ok",
    errors=(FormError("reason", "reason: is missing. Say in a few words why; it stays in the record."),),
)
STEP_IN_CHOOSE = replace(STEP_IN_TWO, at="", title="Move to another stage", will=(), will_not=(), errors=())
STEP_IN_BLOCKED = replace(STEP_IN_CHOOSE, blocked="order WEB1-10023 has ended as released", at="checking")
