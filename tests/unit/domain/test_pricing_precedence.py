"""Which agreement wins, and what the trace says of the others."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.pricing import day_end, price_book, resolve_price
from headgate.kernel.canonical import canonical
from tests.unit.domain.examples import NOW, START, d, net, price, query, rates, term

LADDER = [
    term("ALL", product=None),
    term("FAMILY", product=None, family="tools"),
    term("LIST"),
    net("CHANNEL", partner=None, product=None, channel="web"),
    net("REGION-SKU", partner=None, region="DE"),
    net("REGION-CHANNEL", partner=None, product=None, region="DE", channel="web"),
    net("GROUP", partner=None, product=None, partner_group="gold"),
    net("GROUP-SKU", partner=None, partner_group="gold"),
    net("PARTNER", product=None),
    net("PARTNER-FAMILY", product=None, family="tools"),
    net("PARTNER-SKU"),
    net("PARTNER-DE", region="DE"),
    net("EXCEPTION", "12", kind="exception"),
]


@pytest.mark.parametrize("top", range(1, len(LADDER) + 1))
def test_each_step_of_the_documented_order_beats_all_steps_below(top: int) -> None:
    terms = LADDER[:top]
    random.Random(top).shuffle(terms)
    trace = price(*terms)
    assert trace.winner is not None
    assert trace.winner.code == LADDER[top - 1].code
    assert [item.verdict for item in trace.candidates] == ["wins"] + ["loses"] * (top - 1)
    assert not trace.tie


def test_the_later_start_wins_within_one_scope() -> None:
    trace = price(net("OLD", "8"), net("NEW", "9", valid_from=START + timedelta(days=1)))
    assert trace.unit_price == d(9)
    assert trace.candidates[1].reason == "NEW r1 #1 starts later, on 2026-01-02T00:00:00.000000Z"
    assert not trace.tie


def test_the_lower_price_wins_a_tie_and_the_tie_is_flagged() -> None:
    trace = price(net("DEAR", "9.50"), net("CHEAP", "9.40"))
    assert (trace.unit_price, trace.tie) == (d("9.40"), True)
    assert trace.candidates[1].reason == "CHEAP r1 #1 ranks the same and is cheaper: 9.40 against 9.50"


def test_two_agreements_with_the_same_price_are_no_tie() -> None:
    trace = price(net("B", "9"), net("A", "9.00"))
    assert not trace.tie
    assert trace.winner is not None
    assert trace.winner.code == "A"


def test_a_loser_is_told_what_it_lost_to() -> None:
    trace = price(term("LIST"), net("NET"), net("EX", "11", kind="exception"))
    reasons = {item.term.code: item.reason for item in trace.candidates}
    assert reasons["NET"] == "EX r1 #1 is an approved price exception and goes first"
    assert price(term("LIST"), net("NET")).candidates[1].reason == "NET r1 #1 is more specific: it names the partner"


def test_the_higher_minimum_quantity_wins_where_it_is_reached() -> None:
    few, many = net("FEW", "9"), net("MANY", "9.20", min_quantity=d(10))
    assert price(few, many, quantity=10).unit_price == d("9.20")
    below = price(few, many, quantity=9)
    assert below.unit_price == d(9)
    assert below.candidates[1].verdict == "not_applicable"
    assert below.candidates[1].reason == "it needs at least 10 and the line has 9"


@pytest.mark.parametrize(
    "other",
    [
        net("X", partner="P-2"),
        net("X", partner=None, partner_group="silver"),
        net("X", region="FR"),
        net("X", channel="edi"),
        net("X", product="SKU-2"),
        net("X", product=None, family="toys"),
    ],
)
def test_terms_of_others_never_show(other: object) -> None:
    assert price(other).candidates == ()  # type: ignore[arg-type]


def test_a_discount_is_taken_off_the_list_price_that_would_have_won() -> None:
    off = term("OFF", "12.5", method="discount", kind="net", partner="P-1", product=None)
    trace = price(term("GENERAL", "20", product=None, family="tools"), term("LIST", "9.99"), off, quantity=3)
    assert trace.unit_price == d("8.7413")  # 8.74125 half up
    assert trace.amount == d("26.22")


def test_a_discount_without_a_list_price_does_not_apply() -> None:
    trace = price(term("OFF", "10", method="discount", kind="net", partner="P-1"))
    assert trace.winner is None
    assert trace.candidates[0].reason == "there is no list price to take the discount from"


def test_a_discount_for_everyone_goes_before_the_list_price_of_the_same_scope() -> None:
    trace = price(term("LIST"), term("OFF", "10", method="discount", kind="net"))
    assert (trace.unit_price, trace.tie) == (d("9.0000"), False)


def test_cost_plus_is_a_markup_on_cost() -> None:
    plus = net("PLUS", "25", method="cost_plus")
    assert price(plus, cost=d("6.66")).unit_price == d("8.3250")
    assert price(plus).candidates[0].reason == "the product's cost is not known"


def test_a_converted_price_keeps_the_rate_it_was_converted_with() -> None:
    trace = price(term("LIST", currency="USD"), quantity=3, fx=rates(USD_EUR="0.8765432"))
    assert (trace.unit_price, trace.amount) == (d("8.7654"), d("26.30"))
    assert [rate.as_json() for rate in trace.rates] == [
        {"base": "USD", "quote": "EUR", "rate": "0.8765432", "on": "2026-03-02"}
    ]


def test_a_price_in_the_orders_currency_goes_before_a_converted_one_of_the_same_scope() -> None:
    trace = price(term("US", "1", currency="USD"), term("EU", "10"), fx=rates(USD_EUR="0.9"))
    assert trace.winner is not None
    assert trace.winner.code == "EU"
    assert trace.candidates[1].reason == "EU r1 #1 is in the order's currency"


def test_a_price_without_a_rate_does_not_apply() -> None:
    trace = price(term("US", currency="USD"))
    assert trace.candidates[0].reason == "it is in USD and there is no exchange rate to EUR"


def test_a_written_price_is_not_rounded_and_the_amount_is() -> None:
    trace = price(net("NET", "0.123456"), quantity=100)
    assert (trace.unit_price, trace.amount) == (d("0.123456"), d("12.35"))


def test_the_amount_follows_the_minor_unit_of_the_currency() -> None:
    assert price(net("NET", "10.5", currency="JPY"), quantity=3, currency="JPY").amount == d(32)
    assert price(net("NET", "10.5555", currency="KWD"), currency="KWD").amount == d("10.556")


def test_an_exception_holds_while_enough_of_its_quantity_is_left() -> None:
    special = net("EX", "5", kind="exception", max_quantity=d(100), used_quantity=d(90))
    assert price(net("NET"), special, quantity=10).unit_price == d(5)
    over = price(net("NET"), special, quantity=11)
    assert over.unit_price == d(9)
    assert over.candidates[1].reason == "10 of its 100 are left and the line has 11"


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("Europe/Berlin", "2026-03-31", "2026-03-31T22:00:00+00:00"),  # summer time, two hours ahead
        ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00+00:00"),  # the night before the clock changes
        ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00+00:00"),  # a day of 23 hours
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00+00:00"),  # a day of 25 hours
        ("America/New_York", "2026-12-31", "2027-01-01T05:00:00+00:00"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00+00:00"),  # midnight is skipped: the day starts at 01:00
    ],
)
def test_an_agreement_that_ends_with_a_day_ends_at_midnight_of_the_tenants_zone(zone: str, day: str, end: str) -> None:
    until = day_end(datetime.fromisoformat(day).date(), ZoneInfo(zone))
    assert until == datetime.fromisoformat(end)
    deal = net("NET", valid_until=until)
    assert price(deal, at=until - timedelta(microseconds=1)).winner == deal
    over = price(deal, at=until)
    assert over.winner is None
    assert over.candidates[0].reason.startswith("it ended at ")


def test_a_term_starts_at_its_first_instant() -> None:
    deal = net("NET", valid_from=NOW)
    assert price(deal, at=NOW).winner == deal
    assert price(deal, at=NOW - timedelta(microseconds=1)).candidates[0].reason.startswith("it starts on ")


def test_a_replay_of_what_was_known_gives_the_same_bytes_after_later_changes() -> None:
    was = net("NET", "9")
    then = price(term("LIST"), was)
    later = NOW + timedelta(days=1)
    retired = net("NET", "9", retired_at=later)
    backdated = net("NET", "5", revision=2, recorded_at=later)
    again = price(backdated, retired, term("LIST"))
    assert canonical(again.as_json()) == canonical(then.as_json())
    assert price(backdated, retired, term("LIST"), as_known=later).unit_price == d(5)


def test_what_was_recorded_at_the_very_moment_is_known() -> None:
    assert price(net("NET", recorded_at=NOW)).unit_price == d(9)
    assert price(net("NET", retired_at=NOW)).winner is None


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(LADDER), min_size=1, max_size=8))
def test_the_order_of_the_terms_does_not_change_a_byte(rng: random.Random, terms: list) -> None:
    unique = list({item.code: item for item in terms}.values())
    first = canonical(resolve_price(query(7), price_book(unique)).as_json())
    rng.shuffle(unique)
    assert canonical(resolve_price(query(7), price_book(unique)).as_json()) == first


def test_no_agreement_at_all_is_an_answer_too() -> None:
    trace = price()
    assert (trace.winner, trace.unit_price, trace.amount, trace.method, trace.tie) == (None, None, None, "", False)
    assert trace.as_json()["winner"] is None
