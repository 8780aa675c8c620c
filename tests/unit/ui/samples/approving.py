"""Who would be asked, and delegations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from headgate.console.views.approving import (
    CanDecide,
    CannotDecide,
    DelegationRow,
    DelegationsView,
    EarlierAsk,
    ForeseenStep,
    MatrixField,
    PreviewView,
)
from headgate.console.views.common import FormError, Option
from tests.unit.ui.samples.base import ANA, JONAS, LENA, MIRA, ago, ahead, eur, uid

FIELDS = (
    MatrixField(
        "exception",
        "Exception",
        "price_deviation",
        (
            Option("margin_floor", "Margin floor"),
            Option("price_deviation", "Price deviation"),
            Option("other", "Other"),
        ),
    ),
    MatrixField("stake", "Money at stake in the tenant's currency", "6000", hint="A number, for example 5000 or 12.5."),
    MatrixField("deviation_pct", "Price below contract, in %", "12", hint="In percent, for example 12.5."),
    MatrixField("risk", "Credit risk", "low", options=(Option("low", "Low"), Option("high", "High"))),
)
ASK = PreviewView(
    matrices=(
        Option("approval_matrix", "Who must approve what, how soon, and who steps in"),
        Option("deal_approvals", "Who decides about which deal"),
    ),
    policy="approval_matrix",
    title="Who must approve what, how soon, and who steps in",
    version=6,
    fields=tuple(replace(field, value="") for field in FIELDS),
    people=(Option(ANA.id, ANA.name), Option(JONAS.id, JONAS.name)),
    asked_by="",
    open_ones=(
        Option("00000000-0000-0000-0000-0000000000a1", "NW-200347: price deviation, margin floor"),
        Option("00000000-0000-0000-0000-0000000000a2", "NW-200351: credit limit"),
    ),
)
ANSWER = replace(
    ASK,
    fields=FIELDS,
    asked_by=ANA.id,
    answered=True,
    expires_at=ahead(days=12),
    steps=(
        ForeseenStep(
            level=1,
            role="channel_manager",
            needs="one of them must agree",
            status="open",
            why=("A price off contract is for the channel manager",),
            rows=("price",),
            people=(CanDecide(JONAS, away=(MIRA,)), CanDecide(MIRA, on_behalf_of=JONAS)),
            left_out=(CannotDecide(ANA, "Ana Keller asked for this, so someone else has to decide it."),),
            enough=True,
            hours=Decimal(8),
            escalates_to="finance director",
        ),
        ForeseenStep(
            level=2,
            role="finance_director",
            needs="one of them must agree",
            status="waiting",
            why=("With 6,000 at stake, more than 5,000, the finance director decides as well",),
            rows=("price_large",),
            people=(),
            left_out=(),
            enough=False,
            hours=Decimal(8),
        ),
        ForeseenStep(
            level=2,
            role="finance",
            needs="2 of 3 must agree, and any of them may stop it",
            status="skipped",
            why=(),
            rows=("price_deep",),
            people=(CanDecide(LENA),),
            left_out=(),
            enough=True,
            hours=Decimal(8),
            note="Not needed because max_deviation_pct > 20 does not hold (max_deviation_pct is 12).",
        ),
    ),
)
WRONG = replace(
    ASK,
    error="The matrix cannot be asked like this.",
    fields=(FIELDS[0], replace(FIELDS[1], value="much", error="Stake is not a number."), *FIELDS[2:]),
)
ROWS = (
    DelegationRow(
        id=uid("d1"),
        delegator=JONAS,
        delegate=MIRA,
        roles=("Channel manager",),
        valid_from=ago(days=1),
        valid_until=ahead(days=13),
        up_to=eur("5000"),
        onward=False,
        reason="Jonas is on holiday",
        state="in_force",
        can_end=True,
    ),
    DelegationRow(
        id=uid("d2"),
        delegator=LENA,
        delegate=JONAS,
        roles=("Finance", "Finance director"),
        valid_from=ahead(days=20),
        valid_until=ahead(days=40),
        up_to=None,
        onward=True,
        reason="Parental leave",
        state="to_come",
        can_end=False,
        lost=("finance",),
    ),
)
DELEGATIONS = DelegationsView(
    rows=ROWS,
    past=False,
    everybody=True,
    people=(Option(MIRA.id, MIRA.name), Option(JONAS.id, JONAS.name)),
    roles=(Option("channel_manager", "Channel manager"), Option("finance", "Finance")),
    picked=("finance",),
    first="2025-11-21",
    last="2025-12-04",
    currency="EUR",
    delegators=(Option(ANA.id, ANA.name), Option(LENA.id, LENA.name)),
)
DELEGATIONS_WRONG = replace(
    DELEGATIONS,
    delegators=(),
    errors=(
        FormError("until", "Until has passed. Let it end in the future."),
        FormError("", "Jonas Brandt does not hold finance and cannot delegate it."),
    ),
)
NO_DELEGATIONS = replace(DELEGATIONS, rows=(), everybody=False, delegators=(), roles=())
SEVERAL = replace(
    ANSWER,
    earlier=(
        EarlierAsk(
            "Exception Price deviation, Money at stake in the tenant's currency 6000",
            (("also.0.exception", "price_deviation"), ("also.0.stake", "6000")),
            "/approvals/preview?policy=approval_matrix",
        ),
        EarlierAsk("Exception Margin floor", (("also.1.exception", "margin_floor"),), "/approvals/preview"),
    ),
)
