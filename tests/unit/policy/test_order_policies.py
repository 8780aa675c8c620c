"""The policies that ship with order governance are sound, complete, and agree with each other."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from headgate.policy import CompiledPolicy, compile_policy, lint, parse_policy

FOLDER = Path(__file__).parents[3] / "packs" / "order_governance" / "policies"
FILES = sorted(FOLDER.glob("*.yaml"))
RANK = {"release": 0, "flag": 1, "hold": 2, "reject": 3}


def policy(name: str) -> CompiledPolicy:
    return compile_policy(parse_policy((FOLDER / f"{name}.yaml").read_text(), f"{name}.yaml"))


def test_all_ten_are_there() -> None:
    names = [
        "approval_matrix",
        "credit_release",
        "margin_floor",
        "order_exceptions",
        "order_release",
        "price_deviation",
        "return_approvals",
        "return_disposition",
        "return_rules",
        "return_settlement",
    ]
    assert [f.stem for f in FILES] == names


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_is_without_any_remark_and_tests_every_row(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    assert table.policy == file.stem
    assert [str(i) for i in lint(table)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_row_says_why_and_on_which_clause(file: Path) -> None:
    for row in parse_policy(file.read_text(), file.name).rows:
        assert row.because, row.id
        assert row.clause, row.id


def test_the_release_is_as_grave_as_the_gravest_exception() -> None:
    release, exceptions = policy("order_release"), policy("order_exceptions")
    names = ["duplicate", "shortage", "below_minimum", "embargoed", "export_controlled", "tax_known"]
    for bits in itertools.product([False, True], repeat=len(names)):
        for status in ("active", "blocked", "unknown"):
            facts: dict[str, object] = {**dict(zip(names, bits, strict=True)), "partner_status": status}
            counts = {"holds": 0, "flags": 0, "rejects": 0, "order_amount": 1, "stake": 0}
            outcome = release.evaluate({**facts, **counts}).outputs["outcome"]
            severities = [e["severity"] for e in exceptions.evaluate(facts).outputs["list"]]
            assert outcome == max(["release", *severities], key=RANK.__getitem__), facts


def test_every_exception_that_can_hold_an_order_has_rows_of_its_own_in_the_matrix() -> None:
    matrix = policy("approval_matrix")
    named = {
        str(row.then["exception"])
        for name in ("price_deviation", "margin_floor", "credit_release", "order_exceptions")
        for row in policy(name).table.rows
        if "hold" in (row.then.get("outcome"), row.then.get("severity"))
    }
    assert named >= {"price_deviation", "no_contract_price", "margin_floor", "credit_limit", "duplicate_order"}
    for exception in {*named, "price_exception"}:
        facts = {
            "exception": exception,
            "stake": 1,
            "deviation_pct": 1,
            "margin_pct": 1,
            "tier": "silver",
            "risk": "low",
        }
        assert "default" not in matrix.evaluate(facts).rows, exception


def test_the_matrix_never_skips_a_level_and_escalates_to_somebody_else() -> None:
    matrix = policy("approval_matrix")
    exceptions = ["price_deviation", "margin_floor", "credit_limit", "price_exception", "partner_blocked", "odd"]
    stakes = [Decimal(s) for s in ("0", "2000.01", "2500.01", "5000.01", "20000.01", "25000.01")]
    for exception, stake, margin, deviation, tier, risk in itertools.product(
        exceptions, stakes, (-1, 1), (0, 20), ("gold", "bronze", ""), ("low", "medium", "high")
    ):
        facts = {"exception": exception, "stake": stake, "margin_pct": margin, "deviation_pct": deviation}
        asked = matrix.evaluate({**facts, "tier": tier, "risk": risk}).outputs["list"]
        assert sorted({a["level"] for a in asked}) == list(range(1, len({a["level"] for a in asked}) + 1))
        assert all(a["quorum"] >= 1 and a["sla_hours"] > 0 and a["expires_hours"] > a["sla_hours"] for a in asked)
        assert all(a["escalate_to"] != a["role"] for a in asked)
        assert len({(a["level"], a["role"]) for a in asked}) == len(asked)


def test_more_at_stake_never_means_fewer_levels() -> None:
    matrix = policy("approval_matrix")
    for exception, margin, deviation, risk in itertools.product(
        ["price_deviation", "margin_floor", "credit_limit", "price_exception"], (-1, 1), (0, 20), ("low", "high")
    ):
        base = {"exception": exception, "margin_pct": margin, "deviation_pct": deviation, "tier": "", "risk": risk}
        levels = [len(matrix.evaluate({**base, "stake": s}).rows) for s in (1, 3000, 6000, 21000, 26000)]
        assert levels == sorted(levels)


def test_the_credit_limit_has_no_tolerance() -> None:
    credit = policy("credit_release")
    facts = {"has_account": True, "on_hold": False, "overdue_days": 0, "utilisation_pct": 100, "terms": "NET30"}
    assert credit.evaluate({**facts, "over_limit": Decimal("0.01")}).outputs["outcome"] == "hold"
    assert credit.evaluate({**facts, "over_limit": Decimal("0.00")}).outputs["outcome"] == "flag"
