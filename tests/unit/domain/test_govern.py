"""One decision per order: how outcomes combine, what is at stake, what an approval sets aside."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.domain.checks import OrderFacts, OrderVerdict, Rules, govern_order
from headgate.domain.checks.govern import total_stake
from headgate.domain.checks.release import read_release
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


def collect(*rows: tuple[str, str]) -> dict[str, Any]:
    return {"list": [{"outcome": outcome, "exception": exception} for outcome, exception in rows]}


def test_of_a_collecting_table_the_severest_row_stands() -> None:
    reading = read_release(collect(("flag", "new_partner"), ("hold", "out_of_stock"), ("hold", "")))
    assert reading == ("hold", ("new_partner", "out_of_stock"), True)
    assert read_release({"list": []}) == ("release", (), True)


def test_a_single_row_names_one_exception_a_list_or_none() -> None:
    assert read_release({"outcome": "hold", "exception": "x"}) == ("hold", ("x",), False)
    assert read_release({"outcome": "hold", "exceptions": ["x", "y"]}) == ("hold", ("x", "y"), True)
    assert read_release({"outcome": "pass"}) == ("release", (), False)


def test_an_outcome_that_nobody_knows_holds() -> None:
    assert read_release({"outcome": "maybe"}).outcome == "hold"
    assert read_release({}).outcome == "hold"


def test_an_exception_that_only_the_final_table_names_concerns_the_whole_order_and_can_be_waived() -> None:
    desk = Desk(order_release=lambda inputs: {"outcome": "hold", "exception": "large_order"})
    assert found(govern_order(facts(), desk)) == [("large_order", None, d("119.00"), "hold")]
    assert govern_order(facts(waived=frozenset({("large_order", "")})), desk).outcome == "release"
    rows = Desk(order_release=lambda inputs: collect(("hold", "large_order"), ("flag", "odd_hours")))
    verdict = govern_order(facts(waived=frozenset({("large_order", "")})), rows)
    assert (verdict.outcome, verdict.exception_types) == ("flag", ("odd_hours",))


def test_what_a_collecting_table_does_not_name_is_not_an_exception() -> None:
    desk = Desk(order_release=lambda inputs: collect(("flag", "out_of_stock")))
    short = {"stock": stock(level(on_hand=4)), "products": {"SKU-1": product(min_quantity=d(11))}}
    assert found(govern_order(facts(**short), desk)) == [("out_of_stock", "1", d("60.00"), "flag")]


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
