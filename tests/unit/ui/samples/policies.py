"""Policies."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from headgate.console.present.policies import problems_of
from headgate.console.present.policy_change import diff_table
from headgate.console.views.common import Fact, FormError
from headgate.console.views.policies import (
    NO_ACTS,
    Emergency,
    EvidenceCard,
    ExportChoice,
    LastTry,
    PoliciesView,
    PolicyActs,
    PolicyDiffView,
    PolicyEditView,
    PolicyExportView,
    PolicyReviewView,
    PolicyRow,
    PolicyTest,
    PolicyView,
    TableColumn,
    TableRow,
    VersionRow,
)
from headgate.kernel.canonical import canonical_text
from headgate.policy import check_text
from headgate.policy.core.document import read_document
from headgate.policy.core.editing import to_grid
from tests.unit.ui.samples.base import (
    ANA,
    JONAS,
    MIRA,
    ago,
)
from tests.unit.ui.samples.partners import FEWER, WEEKS

POLICIES = PoliciesView(
    policies=(
        PolicyRow(
            "order_release",
            "What happens to an order after its checks",
            "channel_operations",
            5,
            "active",
            ago(days=40),
            None,
            9,
            14,
            14,
            2811,
            WEEKS[:7],
        ),
        PolicyRow(
            "price_deviation",
            "How far a line may stray from its contract price",
            "channel_operations",
            4,
            "active",
            ago(days=12),
            None,
            7,
            11,
            11,
            8120,
            WEEKS[3:10],
            "v5 in review by Mira Osei",
            tried=LastTry(
                "412 of 8,120 decisions would have come out otherwise, 184,220.00 EUR in all",
                "/backtests/x",
                ago(days=2),
                True,
            ),
        ),
        PolicyRow(
            "margin_floor",
            "The least margin an order may make",
            "finance",
            2,
            "active",
            ago(days=90),
            None,
            6,
            8,
            7,
            8120,
            FEWER[:7],
        ),
        PolicyRow(
            "credit_release",
            "When an order may be released on credit",
            "finance",
            3,
            "active",
            ago(days=200),
            None,
            8,
            12,
            12,
            2811,
            WEEKS[2:9],
        ),
        PolicyRow(
            "approval_matrix",
            "Who approves which exception",
            "finance",
            6,
            "active",
            ago(days=5),
            ago(days=-60),
            12,
            16,
            16,
            188,
            WEEKS[4:11],
        ),
        PolicyRow("returns", "Which returns need a look", "order_desk", 1, "draft", None, None, 3, 0, 0, 0, ()),
    )
)


POLICY = PolicyView(
    policy="price_deviation",
    title="How far a line may stray from its contract price",
    owner="channel_operations",
    version=4,
    status="active",
    hit="first",
    valid_from=ago(days=12),
    valid_until=None,
    digest="5ac1f00d" * 8,
    pack="order_governance 1.2",
    inputs=(
        TableColumn("Price below contract, %", "deviation_pct", "percent"),
        TableColumn("Tier", "tier", "enum"),
        TableColumn("Line amount", "amount", "money"),
        TableColumn("Special price valid", "special_price", "yes/no"),
    ),
    outputs=(TableColumn("Outcome", "outcome", "enum"), TableColumn("Exception", "exception", "text")),
    rows=(
        TableRow(
            "special_price",
            ("", "", "", "true"),
            ("pass", ""),
            "A special price covers this line",
            "Price policy §2.0",
            212,
        ),
        TableRow(
            "within_tolerance",
            ("[-2..2]", "", "", ""),
            ("pass", ""),
            "{deviation_pct} % is within the 2 % tolerance",
            "Price policy §2.1",
            7702,
        ),
        TableRow(
            "small_gold",
            ("(2..5]", "'gold'", "< 10000", ""),
            ("flag", "price_deviation"),
            "Gold partners may have up to 5 % on lines under 10,000",
            "Price policy §2.2",
            148,
        ),
        TableRow(
            "discount",
            ("(5..10]", "'gold', 'silver'", "", ""),
            ("flag", "price_deviation"),
            "Up to 10 % passes with a flag",
            "Price policy §2.2",
            44,
        ),
        TableRow(
            "deep_discount",
            ("> 10", "", "", ""),
            ("hold", "price_deviation"),
            "{deviation_pct} % below contract; over 10 % needs approval",
            "Price policy §2.3",
            14,
        ),
        TableRow(
            "above_contract",
            ("< -2", "", "", ""),
            ("hold", "overcharge"),
            "Above contract: the partner would be overcharged",
            "Price policy §2.4",
            0,
        ),
    ),
    default=("hold", "price_deviation"),
    tests=(
        PolicyTest(
            "exactly at the tolerance passes",
            (Fact("deviation_pct", Decimal(2)), Fact("tier", "gold")),
            (Fact("outcome", "pass"),),
            True,
        ),
        PolicyTest(
            "12.4 % below is held",
            (Fact("deviation_pct", Decimal("12.4")), Fact("tier", "gold")),
            (Fact("outcome", "hold"),),
            True,
        ),
        PolicyTest(
            "a bronze partner at 4 % is held",
            (Fact("deviation_pct", Decimal(4)), Fact("tier", "bronze")),
            (Fact("outcome", "hold"),),
            False,
            (Fact("outcome", "flag"),),
        ),
    ),
    versions=(
        VersionRow(5, "in_review", MIRA, None, None, None, ago(days=1), False),
        VersionRow(4, "active", JONAS, MIRA, ago(days=12), None, ago(days=15), True),
        VersionRow(3, "retired", JONAS, ANA, ago(days=200), ago(days=12), ago(days=204), False),
    ),
    decisions=8120,
    marked_row="deep_discount",
)


TEXT = (Path(__file__).parents[4] / "packs/order_governance/policies/price_deviation.yaml").read_text(encoding="utf-8")
LOWERED = (
    TEXT.replace("version: 1", "version: 2")
    .replace("[-2..2]", "[-2..1]")
    .replace("(2..", "(1..")
    .replace("hit: first", "hit: unique")
    .replace("  - id: small_line", "  - id: tiny_line")
    .replace(
        "- {name: tier, type: string", "- {name: country, type: string, label: Country}\n  - {name: tier, type: string"
    )
)
CHECKED = check_text(LOWERED)
TABLE_DIFF = diff_table(check_text(TEXT).table, CHECKED.table)

BACKTEST = EvidenceCard(
    "backtest",
    "Backtest over the last quarter",
    "38 of 8,120 orders flip from pass to hold, most of them from Kestrel IT Ltd.",
    (Fact("Orders that flip", "38"), Fact("Straight through", "91.4 % → 90.9 %")),
    "/policies",
    JONAS,
    ago(hours=3),
    True,
)

DRAFT_POLICY = replace(
    POLICY,
    version=5,
    status="draft",
    valid_from=None,
    rows=tuple(replace(row, hits=None) for row in POLICY.rows),
    hits_of="",
    acts=PolicyActs(propose=True, edit=True, withdraw=True, emergency=True, blocked="It has errors to mend."),
    problems=problems_of(CHECKED),
    evidence=(BACKTEST, replace(BACKTEST, current=False, href="")),
    based_on=4,
    zone="Europe/Berlin",
    errors=(FormError("reason", "Is missing. Say why."), FormError("step", "It is in review, not a draft.")),
)
EMERGENCY_POLICY = replace(
    POLICY,
    acts=PolicyActs(propose=True, retire=True, review_emergency=True, schedule=True, withdraw=True),
    emergency=Emergency(MIRA, "A price list leaked; every order below contract must stop", ago(hours=2), True),
    acting_for=(JONAS,),
    zone="Europe/Berlin",
)
LOCKED_POLICY = replace(
    POLICY, acts=NO_ACTS, inherited="inherited from Westhafen, version 4", locked_by="Westhafen <b>Systemhaus</b>"
)
POLICY_DIFF = PolicyDiffView("price_deviation", POLICY.title, 2, "in_review", TABLE_DIFF, (4, 3, 1))
SAME_DIFF = replace(POLICY_DIFF, diff=diff_table(CHECKED.table, CHECKED.table))
REVIEW = PolicyReviewView(
    policy="price_deviation",
    title=POLICY.title,
    version=2,
    status="in_review",
    digest="5ac1f00d" * 8,
    author=JONAS,
    editors=(MIRA,),
    submitted_at=ago(hours=2),
    diff=TABLE_DIFF,
    against=1,
    stale_base="It was made from version 1; version 3 is in force since.",
    problems=problems_of(CHECKED),
    tests=10,
    tests_passed=10,
    evidence=(BACKTEST,),
    may_decide=True,
    blocked="",
    zone="Europe/Berlin",
    errors=(FormError("justification", "Write why: it is kept with the decision."),),
)
FIRST_REVIEW = replace(
    REVIEW, diff=None, against=None, stale_base="", problems=(), evidence=(), may_decide=False,
    blocked="You wrote at it, so somebody else decides.", errors=(),
)  # fmt: skip
EDIT = PolicyEditView(
    "price_deviation",
    POLICY.title,
    2,
    "5ac1f00d" * 8,
    LOWERED,
    canonical_text(
        {
            "grid": to_grid(read_document(LOWERED)),
            "text": LOWERED,
            "issues": [],
            "more": 0,
            "errors": 0,
            "tests": [],
            "fit": True,
        }
    ),
    problems_of(CHECKED),
)
BROKEN_EDIT = replace(EDIT, data="", problems=(), error="policy.yaml:3: is not YAML.", warning="Somebody saved it.")


EXPORT = PolicyExportView(
    policy="price_deviation",
    title="How far a line may stray from its contract price",
    version=4,
    status="active",
    choices=(
        ExportChoice("xlsx", "Excel workbook", "A table and its tests to work on in a spreadsheet.", 8_120, ()),
        ExportChoice(
            "jdm",
            "GoRules JSON",
            "The GoRules editor and the ZEN engine.",
            4_032,
            (
                "inputs: tier: the default bronze is not carried over: a fact that is absent stays absent there",
                "rows: the clauses are kept in the description",
            ),
        ),
        ExportChoice(
            "dmn", "DMN 1.3", "Modellers that read the standard.", 0, (), "row r7: split() has no S-FEEL form"
        ),
    ),
)
