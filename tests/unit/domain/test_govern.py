"""One decision per order: how outcomes combine, what is at stake, what an approval sets aside."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.domain.checks import OrderFacts, OrderVerdict, Rules, govern_order
from headgate.domain.checks.combine import Named, read_names, read_outcome, total_stake
from headgate.domain.credit import Level, ceilings
from headgate.domain.orders import ShipTo
from headgate.kernel.canonical import canonical
from tests.unit.domain.examples import Desk, account, d, facts, level, line, order, product, stock

CHEAP = line(price="8")  # 20 % below the list price, 2 above cost


def found(verdict: OrderVerdict) -> list[tuple[str, str | None, object, str]]:
    return [(item.type, item.line, item.stake, item.outcome) for item in verdict.exceptions]


def test_a_price_far_below_contract_holds_with_the_difference_at_stake() -> None:
    verdict = govern_order(facts(CHEAP), Desk())
    assert verdict.outcome == "hold"
    assert found(verdict) == [("price_deviation", "1", d("20.00"), "hold")]
    assert verdict.exceptions[0].detail == "asked 8, 20.0000 % below 10 of LIST r1 #1"


def test_a_flag_releases_with_its_exception() -> None:
    verdict = govern_order(facts(book=facts(line(product="OTHER")).book), Desk())
    assert verdict.outcome == "flag"
    assert found(verdict) == [("no_contract_price", "1", d("100.00"), "flag")]


def test_a_margin_below_the_floor_puts_the_missing_amount_at_stake() -> None:
    verdict = govern_order(facts(products={"SKU-1": product(cost=d("9.5"))}), Desk())
    assert found(verdict) == [("margin_floor", "1", d("5.00"), "hold")]  # 10 % of 100 wanted, 5 earned


def test_without_a_floor_in_the_answer_the_loss_or_the_amount_is_at_stake() -> None:
    desk = Desk(margin_floor=lambda inputs: {"outcome": "hold", "exception": "margin_floor"})
    assert govern_order(facts(products={"SKU-1": product(cost=d(12))}), desk).stake == d("20.00")
    assert govern_order(facts(), desk).stake == d("100.00")


def test_a_credit_limit_puts_the_excess_at_stake() -> None:
    verdict = govern_order(facts(credit=(Level(account(receivables="900")),)), Desk())
    assert found(verdict) == [("credit_limit", None, d("19.00"), "hold")]


def test_overdue_payments_put_the_overdue_amount_at_stake() -> None:
    late = account(receivables="70", overdue_31_60="40", overdue_61_plus="30")
    assert found(govern_order(facts(credit=(Level(late),)), Desk())) == [("credit_overdue", None, d("70.00"), "hold")]


def test_a_shortage_puts_what_must_wait_at_stake_per_line() -> None:
    verdict = govern_order(facts(stock=stock(level(on_hand=4))), Desk())
    assert found(verdict) == [("out_of_stock", "1", d("60.00"), "hold")]


def test_one_line_with_two_exceptions_is_not_counted_twice() -> None:
    assert total_stake([("1", d(5)), ("1", d(20)), ("2", d(7)), (None, d(10))]) == d(27)
    assert total_stake([("1", d(5)), (None, d(10))]) == d(10)
    assert total_stake([]) == 0


def test_an_embargo_rejects_and_no_approval_sets_it_aside() -> None:
    asked = order(ship_to=ShipTo("KP"))
    waived = frozenset({("export_restricted", "")})
    for verdict in (govern_order(facts(order=asked), Desk()), govern_order(facts(order=asked, waived=waived), Desk())):
        assert verdict.outcome == "reject"
        assert verdict.exception_types == ("tax_undetermined", "export_restricted")


def test_a_waived_exception_does_not_hold_again() -> None:
    desk = Desk()
    verdict = govern_order(facts(CHEAP, waived=frozenset({("price_deviation", "1")})), desk)
    assert (verdict.outcome, verdict.exceptions) == ("release", ())
    assert desk.inputs("order_release")[0]["holds"] == 0
    (waived,) = [item for item in verdict.checked if item.waived]
    assert (waived.exception, waived.outcome) == ("price_deviation", "pass")


def test_a_waiver_is_for_its_line_and_type_only() -> None:
    both = [line("1", "SKU-1", 10, "8"), line("2", "SKU-2", 10, "8")]
    assert found(govern_order(facts(*both, waived=frozenset({("price_deviation", "1")})), Desk())) == [
        ("price_deviation", "2", d("20.00"), "hold")
    ]
    assert govern_order(facts(CHEAP, waived=frozenset({("margin_floor", "1")})), Desk()).outcome == "hold"


@pytest.mark.parametrize(
    ("changes", "waiver"),
    [
        ({"stock": stock(level(on_hand=4))}, ("out_of_stock", "1")),
        ({"products": {"SKU-1": product(min_quantity=d(11))}}, ("below_minimum", "1")),
        ({"partner": None}, ("partner_blocked", "")),
        (
            {"products": {"SKU-1": product(export_controlled=True)}, "rules": Rules(home_country="FR")},
            ("export_restricted", "1"),
        ),
    ],
)
def test_what_the_final_table_held_can_be_waived_too(changes: dict[str, Any], waiver: tuple[str, str]) -> None:
    assert govern_order(facts(**changes), Desk()).outcome == "hold"
    assert govern_order(facts(**changes, waived=frozenset({waiver})), Desk()).outcome == "release"


def over(receivables: str, **changes: Any) -> OrderFacts:
    return facts(credit=(Level(account(receivables=receivables)),), **changes)


def test_a_credit_approval_holds_again_when_the_exposure_has_grown() -> None:
    approved = ceilings(govern_order(over("900"), Desk()).credit)
    waived = frozenset({("credit_limit", "")})
    assert govern_order(over("900", waived=waived, ceilings=approved), Desk()).outcome == "release"
    assert govern_order(over("900.01", waived=waived, ceilings=approved), Desk()).outcome == "hold"
    assert govern_order(over("900", waived=waived), Desk()).outcome == "hold"


def test_an_approval_of_overdue_payments_does_not_let_a_broken_limit_pass() -> None:
    late = account(receivables="900", overdue_31_60="900")

    def overdue_first(inputs: Any) -> dict[str, Any]:
        return {"outcome": "hold", "exception": "credit_overdue"} if inputs["overdue_days"] else {"outcome": "pass"}

    desk = Desk(credit_release=overdue_first)
    waived = frozenset({("credit_overdue", "")})
    assert govern_order(facts(credit=(Level(late),), waived=waived), desk).outcome == "hold"
    small = account(receivables="100", overdue_31_60="100")
    assert govern_order(facts(credit=(Level(small),), waived=waived), desk).outcome == "release"


def named(*rows: tuple[str, str]) -> Any:
    """A table `order_exceptions` that always names these types with their severity."""
    listed = [{"exception": exception, "severity": severity, "owner_role": "finance"} for exception, severity in rows]
    return lambda inputs: {"list": listed}


def test_an_outcome_that_nobody_knows_holds() -> None:
    assert [read_outcome({"outcome": given}) for given in ("maybe", None, ["hold"])] == ["hold"] * 3
    assert read_outcome({}) == "hold"
    assert read_outcome({"outcome": "pass"}) == "release"


def test_of_several_rows_for_one_exception_the_severest_counts() -> None:
    assert read_names(named(("x", "flag"), ("x", "reject"), ("x", "hold"), ("", "hold"))({})) == {
        "x": Named("reject", "finance")
    }
    assert read_names({}) == {}


def test_the_naming_table_says_how_grave_each_exception_is_and_whose() -> None:
    desk = Desk(order_exceptions=named(("out_of_stock", "hold"), ("below_minimum", "flag")))
    short = {"stock": stock(level(on_hand=4)), "products": {"SKU-1": product(min_quantity=d(11))}}
    verdict = govern_order(facts(**short), desk)
    assert found(verdict) == [
        ("out_of_stock", "1", d("60.00"), "hold"),
        ("below_minimum", "1", d("100.00"), "flag"),
    ]
    assert verdict.exceptions[0].owner_role == "finance"
    assert verdict.naming is verdict.evaluations[-2]
    assert desk.inputs("order_exceptions") == desk.inputs("order_release")


def test_what_the_naming_table_leaves_out_is_not_an_exception() -> None:
    desk = Desk(order_exceptions=named(("out_of_stock", "hold")))
    short = {"stock": stock(level(on_hand=4)), "products": {"SKU-1": product(min_quantity=d(11))}}
    assert govern_order(facts(**short), desk).exception_types == ("out_of_stock",)


def test_a_sound_order_is_not_asked_for_the_names_of_its_exceptions() -> None:
    desk = Desk(order_exceptions=named(("x", "hold")))
    assert govern_order(facts(), desk).naming is None
    assert desk.inputs("order_exceptions") == []


def test_without_a_naming_table_everything_found_counts_as_gravely_as_the_order() -> None:
    short = {"stock": stock(level(on_hand=4)), "products": {"SKU-1": product(min_quantity=d(11))}}
    assert [item[0:4:3] for item in found(govern_order(facts(**short), Desk()))] == [
        ("out_of_stock", "hold"),
        ("below_minimum", "hold"),
    ]


def test_a_type_that_only_the_naming_table_has_concerns_the_whole_order_and_can_be_approved() -> None:
    def hold(inputs: Any) -> dict[str, Any]:
        return {"outcome": "hold"}

    desk = Desk(order_release=hold, order_exceptions=named(("new_partner", "hold")))
    assert found(govern_order(facts(), desk)) == [("new_partner", None, d("119.00"), "hold")]
    approved = frozenset({("new_partner", "")})
    assert govern_order(facts(waived=approved), desk).outcome == "release"
    both = Desk(order_release=hold, order_exceptions=named(("new_partner", "hold"), ("odd_hours", "flag")))
    verdict = govern_order(facts(waived=approved), both)
    assert (verdict.outcome, verdict.exception_types) == ("flag", ("odd_hours",))
    third = Desk(order_release=hold, order_exceptions=named(("new_partner", "hold"), ("large", "hold")))
    assert govern_order(facts(waived=approved), third).outcome == "hold"


def test_a_hold_that_nothing_explains_still_has_a_type_and_can_be_approved() -> None:
    desk = Desk(order_release=lambda inputs: {"outcome": "hold"})
    assert found(govern_order(facts(), desk)) == [("order_release", None, d("119.00"), "hold")]
    assert govern_order(facts(waived=frozenset({("order_release", "")})), desk).outcome == "release"


def test_a_reject_cannot_be_approved_away() -> None:
    desk = Desk(order_release=lambda inputs: {"outcome": "reject"})
    assert govern_order(facts(waived=frozenset({("order_release", "")})), desk).outcome == "reject"


def test_a_policy_that_holds_without_naming_an_exception_gives_its_own_name() -> None:
    desk = Desk(margin_floor=lambda inputs: {"outcome": "hold"})
    assert govern_order(facts(), desk).exception_types == ("margin_floor",)


def test_the_whole_verdict_has_a_canonical_form_and_every_evaluation_is_in_it() -> None:
    verdict = govern_order(facts(CHEAP, line("2", "SKU-2")), Desk())
    assert len(verdict.evaluations) == 2 + 3 + 1 + 1  # prices, margins and order margin, credit, the final table
    shown = verdict.as_json()
    assert canonical(shown)
    assert {item["check"] for item in shown["checks"]} == {
        "partner",
        "price",
        "margin",
        "credit",
        "tax",
        "availability",
        "duplicate",
        "minimum",
        "export",
    }
    assert shown["lines"][0]["trace"]["winner"] == "LIST r1 #1"
