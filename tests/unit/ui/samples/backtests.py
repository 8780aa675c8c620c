"""Backtests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.backtests import (
    AskView,
    BacktestRow,
    BacktestsView,
    BacktestView,
    Choice,
    Compared,
    FlipRow,
    FlipView,
    Found,
    Hit,
    Lack,
    LoadRow,
    PairRow,
    Side,
    Turn,
)
from headgate.console.views.common import AppliedFilter, Fact, Tab
from headgate.ui.figures import Percent
from tests.unit.ui.samples.base import ANA, HALBERD, JONAS, LYNX, MOLEN, ago, eur, uid

RUN = uid("backtest")
HERE = f"/backtests/{RUN}"
TITLE = "How far a line may stray from its contract price"
FLIPS = (
    FlipRow(1, "SO-20841", HALBERD, ago(days=40), "outcome", "release", "hold", eur("184200.00"),
            (("within_tolerance", "below_contract"),), f"{HERE}/flips/1/1"),
    FlipRow(2, "SO-20077-with-a-long-number-from-an-old-system", LYNX, ago(days=71), "outcome", "hold", "release",
            eur("920.50"), (("no_contract", "no_contract_small"), ("deep_discount", "below_contract"), ("a", "b")),
            f"{HERE}/flips/1/2"),
    FlipRow(3, "SO-19802", None, ago(days=80), "approvals", "hold", "hold", None,
            (("below_contract", "deep_discount"),), f"{HERE}/flips/1/3"),
    FlipRow(4, "SO-19650", MOLEN, ago(days=88), "inner", "hold", "hold", eur("12.00"), (("", "default"),),
            f"{HERE}/flips/1/4"),
)  # fmt: skip
FOUND = Found(
    headline="312 of 48,120 decisions would have come out otherwise, 1,204,553.20 EUR in all; 41 cannot be told",
    compared=48120,
    flipped=312,
    rerouted=18,
    inner=77,
    stricter=305,
    looser=7,
    undecidable=38,
    unanswered=3,
    amount=eur("1204553.20"),
    margin=eur("98711.05"),
    straight_before=Decimal("91.4"),
    straight_after=Decimal("90.8"),
    subjects=47902,
    load=(
        LoadRow("channel_manager", 4102, 4380, eur("8120400.00"), eur("9011230.50")),
        LoadRow("finance", 611, 611, eur("2204100.00"), eur("2204100.00")),
        LoadRow("finance_director", 240, 261, eur("3120000.00"), eur("3360000.00")),
    ),
    turns=(
        Turn("release", "hold", 290, eur("1130400.00")),
        Turn("release", "flag", 15, eur("71200.20")),
        Turn("hold", "release", 7, eur("2953.00")),
    ),
    partners=(
        Hit("Halberd Systems GmbH", 120, eur("602300.00"), f"{HERE}?candidate=1&partner=P-0007"),
        Hit("Société Générale de Transports Frigorifiques et Logistiques SA", 61, eur("310200.00"), f"{HERE}?x=b"),
        Hit("Łynx Informatyka Sp. z o.o.", 12, eur("0.40"), f"{HERE}?candidate=1&partner=P-0058"),
    ),
    partners_more=19,
    products=(Hit("SRV-880", 90, eur("410000.00"), f"{HERE}?product=SRV-880"),),
    months=(
        Hit("July 2025", 91, eur("400000.00")),
        Hit("August 2025", 0, eur("0")),
        Hit("September 2025", 221, eur("804553.20")),
    ),
    bands=(Hit("0 to 100 EUR", 3, eur("140.00")), Hit("100,000 EUR or more", 4, eur("500000.00"))),
    lacking=(
        Lack((("Sales region", "region"),), "", "", 38),
        Lack((("Tier of the partner", "tier"), ("Credit risk", "risk")), "", "Who approves what", 2),
        Lack((), "the rate from USD to EUR", "", 1),
    ),
    refusals=(Fact("no row fits, and there is no default", 3),),
    flips=FLIPS,
    kept=400,
    total=407,
)
CANDIDATES = (
    Compared("v5", TITLE, f"{HERE}?candidate=1", True, 312, eur("1204553.20"), Decimal("91.4"), Decimal("90.8"), 4953,
             5252, 41),
    Compared("stricter.yaml", "A tolerance of 1 %", f"{HERE}?candidate=2", False, 1904, eur("4400210.00"),
             Decimal("91.4"), Decimal("86.2"), 4953, 7011, 0),
)  # fmt: skip
BACKTEST = BacktestView(
    run=RUN,
    policy="price_deviation",
    title=TITLE,
    first=date(2025, 7, 1),
    last=date(2025, 9, 30),
    zone="Europe/Berlin",
    status="done",
    done=48400,
    total=48400,
    by=ANA,
    at=ago(minutes=4),
    cancelled_by=None,
    error="",
    may_cancel=False,
    digest="6f1d3c1e5d0c4b5e9d3b0d6f5a0f2c116f1d3c1e5d0c4b5e9d3b0d6f5a0f2c11",
    read="0d6f5a0f2c116f1d3c1e5d0c4b5e9d3b0d6f5a0f2c116f1d3c1e5d0c4b5e9d3b",
    evaluations=139200,
    differing=2,
    followed=280,
    notes=("The outcome of each order is combined anew through order_release as it stood then.",),
    candidates=CANDIDATES,
    found=FOUND,
    filters=(AppliedFilter("Partner", "Halberd Systems GmbH", f"{HERE}?candidate=1"),),
    here=HERE,
    more=f"{HERE}?after=4",
)
NOTHING_FLIPS = replace(
    BACKTEST,
    candidates=CANDIDATES[:1],
    differing=0,
    filters=(),
    more="",
    found=replace(
        FOUND,
        headline="Nothing flips: 48,120 decisions would have come out the same",
        flipped=0, rerouted=0, inner=0, stricter=0, looser=0, undecidable=0, unanswered=0, amount=eur("0"),
        margin=eur("0"), load=(), turns=(), partners=(), partners_more=0, products=(), bands=(), lacking=(),
        refusals=(), flips=(), kept=0, total=0,
    ),
)  # fmt: skip
NO_MATCHING_FLIP = replace(BACKTEST, found=replace(FOUND, flips=()), more="")
NO_DECISIONS = replace(
    NOTHING_FLIPS,
    found=replace(FOUND, headline="Nothing was decided in this period", compared=0, straight_before=None, flips=()),
)
RUNNING = replace(BACKTEST, status="running", done=412000, total=1000000, found=None, candidates=(), may_cancel=True)
WAITING = replace(RUNNING, status="queued", done=0)
CANCELLED = replace(RUNNING, status="cancelled", may_cancel=False, cancelled_by=JONAS)
FAILED = replace(RUNNING, status="failed", may_cancel=False, error="its process ended 3 times before it was done")

BACKTESTS = BacktestsView(
    policy="price_deviation",
    runs=(
        BacktestRow(RUN, "price_deviation", TITLE, ("v5", "stricter.yaml"), date(2025, 7, 1), date(2025, 9, 30), "done",
                    48400, FOUND.headline, ANA, ago(minutes=4)),
        BacktestRow(uid("second"), "price_deviation", TITLE, ("v5",), date(2025, 1, 1), date(2025, 9, 30),
                    "running", 412000, "", JONAS, ago(minutes=1)),
        BacktestRow(uid("third"), "price_deviation", TITLE, ("v5",), date(2025, 1, 1), date(2025, 9, 30), "failed", 0,
                    "", JONAS, ago(days=1)),
    ),
    more="/backtests?after=x",
)  # fmt: skip
NO_BACKTESTS = BacktestsView("", ())
ASK = AskView(
    policy="price_deviation",
    title=TITLE,
    choices=(Choice(5, TITLE, "draft", True), Choice(4, TITLE, "active", False), Choice(3, TITLE, "retired", False)),
    first="2025-07-01",
    last="2025-09-30",
    presets=(Tab("Last quarter", "/policies/price_deviation/backtest?from=2025-07-01&to=2025-09-30"),
             Tab("Last 90 days", "/policies/price_deviation/backtest?from=2025-08-24&to=2025-11-21")),
)  # fmt: skip
WRONG_ASK = replace(ASK, text="policy: [", error="What to try is not 1 to 5. Name the versions to try.")
FLIP = FlipView(
    run=RUN,
    policy="price_deviation",
    title=TITLE,
    flip=FLIPS[0],
    subject_href="/orders/SO-20841",
    subject_open="Open the order",
    margin=eur("12400.00"),
    pairs=(
        PairRow(
            "SRV-880",
            (Fact("Price below contract, in %", Percent(Decimal("1.5")), "deviation_pct"),
             Fact("Tier of the partner", "gold", "tier")),
            Side("v4", "/policies/price_deviation/versions/4", ("within_tolerance",),
                 (Fact("Outcome", "pass", "outcome"),),
                 ("1.5 % below contract is within the tolerance of 2 % either way",), ("Pricing policy 2.1",)),
            Side("v5", "/policies/price_deviation/versions/5", ("below_contract",),
                 (Fact("Outcome", "hold", "outcome"),), ("1.5 % below contract is more than 1 %",), ()),
            (("within_tolerance", "Price below contract", "[-1..1]"),),
        ),
    ),
    back=f"{HERE}?candidate=1",
    digest="6f1d3c1e5d0c4b5e9d3b0d6f5a0f2c116f1d3c1e5d0c4b5e9d3b0d6f5a0f2c11",
)  # fmt: skip
PLAIN_FLIP = replace(
    FLIP, flip=replace(FLIPS[2], partner=None), subject_href="", margin=None, pairs=(), subject_open=""
)
