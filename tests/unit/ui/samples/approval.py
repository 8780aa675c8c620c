"""One approval, in five states."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from headgate.console import urls
from headgate.console.present.approval import VERBS
from headgate.console.views.approval import (
    ApprovalStep,
    ApprovalView,
    AskLine,
    Came,
    PartnerHistory,
    PastAsk,
    Reason,
    StandsStill,
)
from headgate.console.views.bulk import HeldNews
from headgate.console.views.common import (
    Clock,
    Fact,
    FormError,
)
from headgate.ui.figures import Percent
from tests.unit.ui.samples.base import (
    ANA,
    HALBERD,
    JONAS,
    LENA,
    MARGIN_POLICY,
    MIRA,
    PRICE_POLICY,
    ago,
    ahead,
    at_risk,
    eur,
    uid,
)
from tests.unit.ui.samples.order import HISTORY, LINES, ORDER_NO, PRICES

ASK_LINES = tuple(
    AskLine(
        line.line,
        line.product,
        line.description,
        line.quantity,
        line.unit,
        line.unit_price,
        line.contract_price,
        line.deviation,
        line.margin,
        eur("0")
        if not line.exceptions or line.contract_price is None
        else eur(str((line.contract_price.amount - line.unit_price.amount) * line.quantity)),
        bool(line.exceptions),
        urls.explain_price(ORDER_NO, line.line),
        urls.explain_margin(ORDER_NO, line.line),
        str(line.unit_price.amount),
        str(line.quantity),
    )
    for line in LINES
)


APPROVAL = ApprovalView(
    approval=uid("a1"),
    status="pending",
    ask="Sell 3 lines 12.4 % below contract",
    subject=ORDER_NO,
    subject_href=urls.order(ORDER_NO),
    order=ORDER_NO,
    partner=HALBERD,
    case_id=uid("c2"),
    requested_by=LENA,
    requested_at=ago(hours=4),
    clock=at_risk(minutes=48),
    expires_at=ahead(days=3),
    stake=eur("18420.00"),
    figures=(
        Fact("Given up against contract", eur("1955.50")),
        Fact("Margin at this price", Percent(Decimal("11.2"))),
        Fact("Margin at contract", Percent(Decimal("21.6"))),
    ),
    reasons=(
        Reason(
            "price_deviation",
            "Three lines are 12.4 % below contract; up to 10 % may pass with a flag.",
            PRICE_POLICY,
            urls.explain_check(ORDER_NO, "price_deviation"),
        ),
        Reason(
            "margin_floor",
            "Line 2 makes 10.3 %; network equipment should make 11 %.",
            MARGIN_POLICY,
            urls.explain_check(ORDER_NO, "margin_floor"),
        ),
    ),
    lines=ASK_LINES,
    history=PartnerHistory(
        asks=7,
        approved=5,
        usual_deviation=Decimal("-6.1"),
        ordered=eur("1684200.00"),
        margin=Decimal("17.8"),
        monthly=tuple(Decimal(n) for n in (110, 132, 118, 140, 151, 149, 160, 122, 171, 160, 183, 188)),
        last=(
            PastAsk(ago(days=21), uid("p1"), "5 % below contract on 2 lines", eur("4210.00"), "approved", MIRA),
            PastAsk(ago(days=64), uid("p2"), "14 % below contract on 6 lines", eur("22300.00"), "edited", ANA),
            PastAsk(ago(days=118), uid("p3"), "22 % below contract on 1 line", eur("9100.00"), "rejected", ANA),
        ),
    ),
    steps=(
        ApprovalStep(
            1,
            "channel_manager",
            ("Ana Keller", "Ravi Menon"),
            1,
            "open",
            mine=True,
            due_at=ahead(minutes=48),
            escalates_to="Head of channel",
        ),
        ApprovalStep(2, "finance", ("Mira Osei", "Paul Adler", "Ida Lund"), 2, "waiting"),
    ),
    timeline=HISTORY,
    prices=PRICES,
    digest="b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184",
    verbs=replace(VERBS["order"], approve="Approve 12.4 % below contract", reject="Reject the price"),
    approves_last=False,
)


EDITED_APPROVAL = replace(
    APPROVAL,
    editing=True,
    errors=(FormError("justification", "Write why, in a sentence: it is kept with the decision."),),
    lines=(
        replace(
            ASK_LINES[0],
            price_input="88.00",
            quantity_input="50",
            error="The quantity can only get smaller: at most 40.",
        ),
        *ASK_LINES[1:],
    ),
    acting_for=(MIRA,),
)


DECIDED_APPROVAL = replace(
    APPROVAL,
    status="approved",
    verbs=None,
    clock=None,
    blocked="Approved by all levels; the order was released.",
    approves_last=True,
    steps=(
        ApprovalStep(
            1,
            "channel_manager",
            ("Ana Keller",),
            1,
            "done",
            mine=True,
            decided_by=ANA,
            decided_at=ago(hours=1),
            justification="Strategic rollout; second half is contracted at list.",
        ),
        ApprovalStep(
            2,
            "finance",
            ("Mira Osei",),
            1,
            "done",
            decided_by=JONAS,
            on_behalf_of=MIRA,
            decided_at=ago(minutes=20),
            justification="Within the quarter's budget.",
        ),
    ),
)


UNDOABLE_APPROVAL = replace(
    APPROVAL,
    verbs=None,
    blocked="You are deciding this. It counts in a moment, and until then you can undo it.",
    justification="Agreed with the partner for the spring round.",
    undo=HeldNews(uid("h1"), "Being approved", ahead(seconds=9)),
    again=urls.approval_held(uid("a1"), uid("h1")),
)
CAME_APPROVAL = replace(
    DECIDED_APPROVAL,
    came=Came("You approved it. The order was checked again and is released.", urls.order(ORDER_NO)),
)
OWN_APPROVAL = replace(
    APPROVAL,
    verbs=None,
    blocked="You asked for this, so somebody else must decide: Ravi Menon can, or the Head of channel.",
)

# The partner has been asked since yesterday: nothing of it runs.
PAUSED_APPROVAL = replace(
    APPROVAL,
    clock=Clock("paused", None),
    stands_still=StandsStill(ago(hours=26), "waiting for the partner", to_decide=222, to_lapse=4320),
)
