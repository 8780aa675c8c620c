"""Each check: what it observes and which typed inputs it hands to the policies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate.domain.checks import PartnerFacts, Rules, govern_order, reference_problems
from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import prepare, ratio_pct
from headgate.domain.checks.split import check_split
from headgate.domain.credit import Level
from headgate.domain.orders import OrderLine, ShipTo, line_content_key
from headgate.domain.pricing import price_book
from headgate.domain.tax import TaxTable
from headgate.kernel.errors import Refused
from tests.unit.domain.examples import (
    NOW,
    Answer,
    Desk,
    account,
    d,
    earlier,
    facts,
    level,
    line,
    net,
    order,
    product,
    rates,
    stock,
    term,
)


def desk_inputs(policy: str, **changes: Any) -> list[dict[str, object]]:
    desk = Desk()
    govern_order(facts(**changes), desk)
    return desk.inputs(policy)


def test_the_price_policy_sees_deviation_contract_amount_and_tier() -> None:
    desk = Desk()
    govern_order(facts(line("1", "SKU-1", 10, "9"), line("2", "SKU-2", 3, "11")), desk)
    assert desk.inputs("price_deviation") == [
        {"deviation_pct": d("10.0000"), "has_contract": True, "line_amount": d("90.00"), "tier": "gold"},
        {"deviation_pct": d("-10.0000"), "has_contract": True, "line_amount": d("33.00"), "tier": "gold"},
    ]


def test_lines_of_one_order_share_what_is_left_of_a_price_exception() -> None:
    special = net("EX", "8", kind="exception", max_quantity=d(15))
    asked = [line("1", "SKU-1", 10, "8"), line("2", "SKU-1", 10, "8"), line("3", "SKU-1", 5, "8")]
    verdict = govern_order(facts(*asked, book=price_book([term("LIST"), special])), Desk())
    assert [item.contract_price for item in verdict.lines] == [d(8), d(10), d(8)]
    assert verdict.lines[1].trace.candidates[1].reason == "5 of its 15 are left and the line has 10"


@pytest.mark.parametrize(
    ("metered", "contract"), [({}, "10"), ({1: "-5"}, "8"), ({1: "-4"}, "10"), ({1: "1"}, "10"), ({2: "-9"}, "10")]
)
def test_a_meter_counts_what_others_took_and_what_the_order_itself_gives_back(
    metered: dict[int, str], contract: str
) -> None:
    special = net("EX", "8", kind="exception", max_quantity=d(15), used_quantity=d(10))
    counted = {(special.agreement, number): d(quantity) for number, quantity in metered.items()}
    asked = facts(line("1", "SKU-1", 10, "8"), book=price_book([term("LIST"), special]), metered=counted)
    (priced,) = govern_order(asked, Desk()).lines
    assert priced.contract_price == d(contract)
    assert asked.metered == counted  # the facts are not used up by looking at them


def test_a_line_without_a_contract_price_says_so() -> None:
    (seen,) = desk_inputs("price_deviation", book=price_book([]))
    assert (seen["has_contract"], seen["deviation_pct"]) == (False, d(0))


def test_the_price_is_compared_with_the_winning_agreement() -> None:
    (seen,) = desk_inputs("price_deviation", book=price_book([term("LIST", "20"), net("NET", "10")]))
    assert seen["deviation_pct"] == 0


@pytest.mark.parametrize(
    ("contract", "asked", "deviation"),
    [("10", "9.5", "5.0000"), ("3", "2", "33.3333"), ("0", "0", "0"), ("0", "1", "-1000"), ("0.01", "5", "-1000")],
)
def test_deviation_is_the_part_of_the_contract_price_that_is_missing(contract: str, asked: str, deviation: str) -> None:
    (seen,) = desk_inputs("price_deviation", order=order(line(price=asked)), book=price_book([term("LIST", contract)]))
    assert seen["deviation_pct"] == d(deviation)


def test_the_margin_policy_sees_each_line_and_the_order() -> None:
    desk = Desk()
    asked = [line("1", "SKU-1", 10, "10"), line("2", "SKU-2", 10, "5")]
    govern_order(facts(*asked, products={"SKU-1": product(), "SKU-2": product("SKU-2", family="toys")}), desk)
    assert desk.inputs("margin_floor") == [
        {"margin_pct": d("40.0000"), "family": "tools", "has_cost": True, "line_amount": d("100.00")},
        {"margin_pct": d("-20.0000"), "family": "toys", "has_cost": True, "line_amount": d("50.00")},
        {"margin_pct": d("20.0000"), "family": "", "has_cost": True, "line_amount": d("150.00")},
    ]


def test_an_unknown_cost_is_said_and_a_single_line_is_not_judged_twice() -> None:
    seen = desk_inputs("margin_floor", products={"SKU-1": product(cost=None)})
    assert seen == [{"margin_pct": d(0), "family": "tools", "has_cost": False, "line_amount": d("100.00")}]


def test_a_cost_in_another_currency_is_converted() -> None:
    dollars = {"SKU-1": product(cost=d(10), cost_currency="USD")}
    (seen,) = desk_inputs("margin_floor", products=dollars, rates=rates(USD_EUR="0.8"))
    assert seen["margin_pct"] == d("20.0000")
    (unknown,) = desk_inputs("margin_floor", products=dollars)
    assert unknown["has_cost"] is False


def test_a_percentage_of_nothing_is_nothing_or_the_lowest_there_is() -> None:
    assert ratio_pct(d(0), d(0)) == 0
    assert ratio_pct(d(-6), d(0)) == d(-1000)
    assert ratio_pct(d(-600), d("0.01")) == d(-1000)


def test_the_credit_policy_sees_the_gross_amount_on_top_of_the_exposure() -> None:
    (seen,) = desk_inputs("credit_release", credit=(Level(account(receivables="900", overdue_31_60="5")),))
    assert seen == {
        "utilisation_pct": d("101.90"),
        "over_limit": d("19.00"),
        "overdue_days": 31,
        "on_hold": False,
        "has_account": True,
        "terms": "net30",
    }


def test_a_partner_without_an_account_is_said() -> None:
    (seen,) = desk_inputs("credit_release", credit=())
    assert (seen["has_account"], seen["over_limit"], seen["utilisation_pct"]) == (False, 0, 0)


def test_the_orders_own_terms_go_to_the_credit_policy() -> None:
    (seen,) = desk_inputs("credit_release", order=order(terms="prepaid"))
    assert seen["terms"] == "prepaid"


def test_a_sound_order_is_released_and_touches_nobody() -> None:
    desk = Desk()
    verdict = govern_order(facts(), desk)
    assert (verdict.outcome, verdict.exception_types, verdict.stake) == ("release", (), d(0))
    assert desk.inputs("order_release") == [
        {
            "holds": 0,
            "flags": 0,
            "rejects": 0,
            "exceptions": [],
            "order_amount": d("119.00"),
            "stake": d(0),
            "partner_status": "active",
            "new_partner": False,
            "duplicate": False,
            "shortage": False,
            "embargoed": False,
            "export_controlled": False,
            "below_minimum": False,
            "tax_known": True,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "signal", "exception"),
    [
        ({"partner": PartnerFacts("P-1", status="blocked")}, ("partner_status", "blocked"), "partner_blocked"),
        ({"partner": None}, ("partner_status", "unknown"), "partner_blocked"),
        ({"tax": TaxTable([])}, ("tax_known", False), "tax_undetermined"),
        ({"stock": stock(level(on_hand=9))}, ("shortage", True), "out_of_stock"),
        ({"products": {"SKU-1": product(min_quantity=d(11))}}, ("below_minimum", True), "below_minimum"),
        ({"products": {"SKU-1": product(multiple=d(3))}}, ("below_minimum", True), "below_minimum"),
        (
            {"order": order(customer_reference="PO-7"), "earlier": [earlier(customer_reference="PO-7")]},
            ("duplicate", True),
            "duplicate_order",
        ),
        (
            {"products": {"SKU-1": product(export_controlled=True)}, "order": order(ship_to=ShipTo("CH"))},
            ("export_controlled", True),
            "export_restricted",
        ),
    ],
)
def test_what_the_other_checks_see_reaches_the_final_table(
    changes: dict[str, Any], signal: tuple[str, object], exception: str
) -> None:
    desk = Desk()
    verdict = govern_order(facts(**changes), desk)
    (seen,) = desk.inputs("order_release")
    assert seen[signal[0]] == signal[1]
    assert exception in seen["exceptions"]  # type: ignore[operator]
    assert verdict.outcome == "hold"
    assert exception in verdict.exception_types


def test_a_new_partner_is_said_without_being_an_exception() -> None:
    (seen,) = desk_inputs("order_release", partner=PartnerFacts("P-1", new=True))
    assert (seen["new_partner"], seen["exceptions"]) == (True, [])


def test_quantities_at_the_minimum_and_at_a_multiple_are_fine() -> None:
    (seen,) = desk_inputs("order_release", products={"SKU-1": product(min_quantity=d(10), multiple=d("2.5"))})
    assert seen["below_minimum"] is False


def test_export_control_does_not_concern_the_home_country() -> None:
    (seen,) = desk_inputs("order_release", products={"SKU-1": product(export_controlled=True)})
    assert seen["export_controlled"] is False


def test_the_same_content_is_a_duplicate_whatever_the_line_numbers() -> None:
    sent = order(line("1", "SKU-1", "10.0", "10"), line("2", "SKU-2", 3, "5"))
    again = order(line("7", "SKU-2", 3, "5.00"), line("8", "SKU-1", 10, "10"), order="WEB1-2")
    desk = Desk()
    verdict = govern_order(facts(order=again, earlier=[earlier(content=line_content_key(sent))]), desk)
    (found,) = [item for item in verdict.exceptions if item.type == "duplicate_order"]
    assert found.detail == "order WEB1-0 of the same partner has the same products, quantities and prices"
    changed = order(line("1", "SKU-1", 11, "10"), line("2", "SKU-2", 3, "5"), order="WEB1-2")
    assert (
        desk_inputs("order_release", order=changed, earlier=[earlier(content=line_content_key(sent))])[0]["duplicate"]
        is False
    )


@pytest.mark.parametrize(
    ("before", "is_duplicate"),
    [
        (earlier(customer_reference="PO-7", hours=7 * 24), True),
        (earlier(customer_reference="PO-7", hours=7 * 24 + 1), False),  # too long ago
        (earlier("WEB1-1", customer_reference="PO-7"), False),  # itself
        (earlier("WEB1-9", hours=-1, customer_reference="PO-7"), False),  # placed later: that one is the duplicate
        (earlier("WEB1-0", hours=0, customer_reference="PO-7"), True),  # at the same instant the lower number is first
        (earlier("WEB1-2", hours=0, customer_reference="PO-7"), False),
    ],
)
def test_only_orders_placed_before_and_within_the_days_count(before: Any, is_duplicate: bool) -> None:
    (seen,) = desk_inputs("order_release", order=order(customer_reference="PO-7"), earlier=[before])
    assert seen["duplicate"] is is_duplicate


def test_two_orders_without_a_reference_are_not_alike_for_that() -> None:
    (seen,) = desk_inputs("order_release", earlier=[earlier()])
    assert seen["duplicate"] is False


def hint(limit: str, *before: Any) -> list[Finding]:
    return check_split(prepare(facts(earlier=before, rules=Rules(split_limit=d(limit)))))


def test_small_orders_that_add_up_to_more_than_the_limit_are_pointed_out() -> None:
    (found,) = hint("200", earlier("WEB1-0", amount=d(81)))
    assert found.detail == "with WEB1-0 the partner ordered 200.00 EUR within 24 hours, each order under 200"
    assert (found.policy, found.exception, found.stake) == ("", "", d(200))


def test_no_hint_for_one_large_order_a_small_sum_or_an_old_order() -> None:
    assert hint("119", earlier(amount=d(81))) == []
    assert hint("200", earlier(amount=d(80))) == []
    assert hint("200", earlier(amount=d(81), hours=25)) == []
    assert hint("200", earlier(amount=d(500))) == []
    assert check_split(prepare(facts(earlier=[earlier(amount=d(81))]))) == []


def test_unknown_partner_product_and_unit_are_named_with_their_place() -> None:
    asked = order(
        OrderLine("1", "SKU-1", d(1), d(1), "box"), OrderLine("2", "SKU-9", d(1), d(1)), line("3"), partner="P-9"
    )
    problems = reference_problems(asked, None, {"SKU-1": product(unit="piece")})
    assert [(problem.field, problem.value) for problem in problems] == [
        ("partner", "P-9"),
        ("lines[0].unit", "box"),
        ("lines[1].product", "SKU-9"),
    ]
    assert "sold by piece" in problems[1].fix


def test_totals_are_kept_in_both_currencies_with_the_rate() -> None:
    dollars = order(line(price="10"), currency="USD")
    verdict = govern_order(facts(order=dollars, rates=rates(USD_EUR="0.9")), Desk())
    shown = verdict.totals.as_json()
    assert (shown["net"], shown["tax"], shown["gross"]) == ("100.00", "19.00", "119.00")
    assert (shown["tenant_net"], shown["tenant_gross"]) == ("90.00", "107.10")
    assert shown["rate"] == {"base": "USD", "quote": "EUR", "rate": "0.9", "on": "2026-03-02"}


def test_an_order_without_a_rate_to_the_tenants_currency_is_refused() -> None:
    with pytest.raises(Refused, match="no exchange rate to EUR"):
        govern_order(facts(order=order(currency="USD")), Desk())


def test_amounts_reach_policies_in_the_tenants_currency() -> None:
    desk = Desk()
    credit = (Level(account(currency="USD", receivables="1000")),)
    govern_order(facts(order=order(currency="USD"), rates=rates(USD_EUR="0.9"), credit=credit), desk)
    assert desk.inputs("price_deviation")[0]["line_amount"] == d("90.00")
    assert desk.inputs("credit_release")[0]["over_limit"] == d("107.10")
    assert desk.inputs("order_release")[0]["order_amount"] == d("107.10")


def test_a_check_of_ones_own_is_one_more_function() -> None:
    def check_weekend(prepared: Any) -> list[Finding]:
        day = prepared.facts.order.placed_at.strftime("%A")
        if day not in ("Saturday", "Sunday"):
            return []
        return [Finding("weekend", f"placed on a {day}", signals={"weekend": True}, exception="weekend_order")]

    def calm(inputs: Any) -> dict[str, Any]:
        return {"outcome": "flag" if inputs.get("weekend") else "release"}

    desk = Desk(order_release=calm)
    saturday = order(placed_at=NOW - timedelta(days=2))
    verdict = govern_order(facts(order=saturday), desk, [check_weekend])
    assert (verdict.outcome, verdict.exception_types) == ("flag", ("weekend_order",))
    assert govern_order(facts(), desk, [check_weekend]).outcome == "release"


def test_the_same_facts_give_the_same_verdict() -> None:
    one, two = govern_order(facts(), Desk()), govern_order(facts(), Desk())
    assert one.as_json() == two.as_json()
    assert isinstance(one.release, Answer)
