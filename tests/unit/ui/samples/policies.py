"""Policies."""

from __future__ import annotations

from decimal import Decimal

from headgate.console.views.common import (
    Fact,
)
from headgate.console.views.policies import (
    PoliciesView,
    PolicyRow,
    PolicyTest,
    PolicyView,
    TableColumn,
    TableRow,
    VersionRow,
)
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
