"""The simulated channel: the same from the same seed, sound where it says so, and broken where it says so."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headgate.channel import credit, inventory, partners, products, returns, taxes
from headgate.channel.agreements.core.draft import read_draft
from headgate.domain.orders import line_content_key, parse_order, validators
from headgate.domain.pricing import find_conflicts
from headgate.kernel.canonical import digest
from headgate.kernel.errors import Invalid
from headgate.packs.simulator import KINDS, simulate
from headgate.packs.simulator.masters import make_rates
from headgate.packs.simulator.model import Simulation
from headgate.packs.simulator.names import EMBARGOED

START = date(2026, 3, 2)
SIZE = {"weeks": 4, "partners": 24, "products": 300}
MASTERS = {
    "partner.recorded": partners.validate,
    "product.recorded": products.validate,
    "credit_account.recorded": credit.validate,
    "stock.recorded": inventory.validate,
    "tax_rate.recorded": taxes.validate_tax_rates,
    "exemption.recorded": taxes.validate_exemptions,
    "fx_rate.recorded": taxes.validate_fx_rates,
}


@pytest.fixture(scope="module")
def channel() -> Simulation:
    return simulate(7, START, **SIZE)


def submitted(channel):
    return {e.subject: e for e in channel.stream if e.type == "order.submitted"}


def test_the_same_seed_gives_the_same_channel_and_another_seed_another(channel):
    again, other = simulate(7, START, **SIZE), simulate(8, START, **SIZE)
    assert digest(list(channel.events())) == digest(list(again.events()))
    assert channel.agreements == again.agreements
    assert channel.ground_truth == again.ground_truth
    assert digest(list(channel.events())) != digest(list(other.events()))


def test_every_event_is_valid_and_has_an_id_of_its_own(channel):
    checks = {**validators, **returns.validators, **MASTERS}
    ids = Counter((e["source"], e["id"]) for e in channel.events())
    assert set(ids.values()) == {1}
    for event in channel.events():
        assert event["specversion"] == "1.0"
        assert checks[event["type"]](event["data"]) == [], event["id"]


def test_the_stream_is_in_order_of_time_and_inside_its_weeks(channel):
    times = [e.time for e in channel.stream]
    assert times == sorted(times)
    assert channel.start <= times[0]
    assert times[-1] < channel.end == channel.start + timedelta(weeks=4)
    assert all(e.time < channel.start for e in channel.masters)
    assert str(channel.start) == "2026-03-02 00:00:00+01:00"


def test_agreements_are_readable_and_no_two_of_them_tie(channel):
    terms = []
    for number, document in enumerate(channel.agreements):
        draft, problems = read_draft(document, ZoneInfo("Europe/Berlin"))
        assert problems == []
        assert draft is not None
        terms += [item.term for item in draft.terms]
        assert number < 100
    kinds = {document["kind"] for document in channel.agreements}
    assert kinds == {"list", "contract", "promotion", "net"}
    assert {t.tier_mode for t in terms} == {"none", "range", "slab"}
    assert [c for c in find_conflicts(terms) if c.kind == "tie"] == []


def test_masters_cover_what_orders_name_except_where_that_was_planted(channel):
    known = {item["product"] for e in channel.masters if e.type == "product.recorded" for item in e.data["items"]}
    people = {
        item["partner"]: item for e in channel.masters if e.type == "partner.recorded" for item in e.data["items"]
    }
    accounts = {
        i["account"]: i for e in channel.masters if e.type == "credit_account.recorded" for i in e.data["items"]
    }
    unknown = {g.order for g in channel.ground_truth if g.kind == "unknown_product"}
    embargoed = {g.order for g in channel.ground_truth if g.kind == "embargoed_ship_to"}
    for number, event in submitted(channel).items():
        assert people[event.data["partner"]]["account"] in accounts
        assert ({line["product"] for line in event.data["lines"]} <= known) == (number not in unknown)
        assert (event.data["ship_to"]["country"] in EMBARGOED) == (number in embargoed)
    assert any("parent" in account for account in accounts.values())
    assert len({p["tier"] for p in people.values()}) == 4
    assert len({p["country"] for p in people.values()}) >= 8


def test_sound_orders_repeat_nothing_and_keep_to_minimum_and_multiple(channel):
    planted = {g.order for g in channel.ground_truth}
    rules = {p.code: p for p in channel.products}
    seen: dict[tuple[str, bytes], datetime] = {}
    for number, event in sorted(submitted(channel).items(), key=lambda item: item[1].time):
        if number in planted:
            continue
        order = parse_order(dict(event.data))
        key = (order.partner, line_content_key(order))
        assert key not in seen or order.placed_at - seen[key] > timedelta(days=7)
        seen[key] = order.placed_at
        for line in order.lines:
            product = rules[line.product]
            assert line.quantity >= product.min_quantity
            assert line.quantity % product.multiple == 0
            assert not product.export_controlled or order.ship_to.country == "DE"


def test_what_is_planted_is_labelled_with_kind_amount_and_expectation(channel):
    orders = submitted(channel)
    shares = Counter(g.kind for g in channel.ground_truth)
    assert set(shares) == set(KINDS)
    assert Decimal("0.10") < Decimal(len(channel.ground_truth)) / len(orders) < Decimal("0.14")
    expected = {
        "split_orders": "release",
        "below_minimum": "flag",
        "tier_discount": "flag",
        "embargoed_ship_to": "reject",
        "unknown_product": "refuse",
    }
    for truth in channel.ground_truth:
        assert truth.order in orders
        assert truth.amount > 0
        assert truth.expected == expected.get(truth.kind, "hold")
        assert all(number in orders for number in truth.related)
        if truth.line:
            assert truth.line in {line["line"] for line in orders[truth.order].data["lines"]}


def test_a_planted_duplicate_repeats_its_original_within_the_week(channel):
    orders = submitted(channel)
    for truth in (g for g in channel.ground_truth if g.kind == "duplicate_order"):
        copy, first = orders[truth.order], orders[truth.related[0]]
        assert copy.data["lines"] == first.data["lines"]
        assert timedelta(0) < copy.time - first.time < timedelta(days=7)


def test_split_orders_stay_under_the_limit_each_and_break_it_together(channel):
    orders = submitted(channel)
    limit = Decimal(channel.tenant.settings["orders"]["split_limit"])
    for truth in (g for g in channel.ground_truth if g.kind == "split_orders"):
        together = [orders[n] for n in (truth.order, *truth.related)]
        assert truth.amount > limit
        assert max(e.time for e in together) - min(e.time for e in together) < timedelta(hours=24)


def test_only_released_orders_ship_and_never_more_than_was_ordered(channel):
    orders = submitted(channel)
    stopped = {g.order for g in channel.ground_truth if g.expected in {"hold", "reject", "refuse"}}
    content = {number: event.data for number, event in orders.items()}
    content |= {e.subject: e.data for e in channel.stream if e.type == "order.amended"}
    sent: Counter[tuple[str, str]] = Counter()
    for event in channel.stream:
        if event.type == "shipment.confirmed":
            assert event.subject not in stopped
            assert event.time > orders[event.subject].time
            sent.update({(event.subject, line["line"]): int(line["quantity"]) for line in event.data["lines"]})
    for (number, code), quantity in sent.items():
        ordered = {line["line"]: int(line["quantity"]) for line in content[number]["lines"]}
        assert quantity == ordered[code]


def test_demand_follows_the_working_week(channel):
    local = [e.time.astimezone(ZoneInfo("Europe/Berlin")) for e in submitted(channel).values()]
    days, hours = Counter(at.weekday() for at in local), Counter(at.hour for at in local)
    assert min(days[d] for d in range(5)) > 5 * max(days[5], days[6])
    assert hours[10] > hours[12] < hours[14]
    assert not {0, 1, 2, 3, 4, 23} & set(hours)
    lines = [len(e.data["lines"]) for e in submitted(channel).values()]
    assert 2.3 < sum(lines) / len(lines) < 3.5


def test_a_few_products_make_most_of_the_orders(channel):
    sold = Counter(line["product"] for e in submitted(channel).values() for line in e.data["lines"])
    top = sum(count for _, count in sold.most_common(len(channel.products) // 5))
    assert top > sum(sold.values()) / 2


def test_stock_is_replenished_every_week_in_both_warehouses_and_never_short_for_sound_orders(channel):
    snapshots = [e for e in channel.stream if e.type == "stock.recorded"]
    weeks = {e.time.astimezone(UTC).date() for e in snapshots}
    assert len(weeks) == 4
    assert {i["warehouse"] for e in snapshots for i in e.data["items"]} == {"BER", "RTM"}
    assert channel.counts["short"] == 0


@pytest.mark.slow
def test_the_full_size_is_that_of_the_demo():
    channel = simulate(1, START)
    assert 6_000 <= len(submitted(channel)) <= 8_000
    assert (len(channel.partners), len(channel.products), len(channel.storefronts)) == (60, 800, 3)
    assert len({e.data["storefront"] for e in submitted(channel).values()}) == 3
    assert channel.tenant.name == "Nordwind Distribution"


@pytest.mark.parametrize(
    "size", [{"weeks": 1}, {"partners": 3}, {"products": 10}, {"storefronts": 0}, {"storefronts": 9}]
)
def test_a_size_that_makes_no_channel_is_refused(size):
    with pytest.raises(Invalid):
        simulate(1, START, **size)


def test_rates_move_little_from_week_to_week():
    rates = make_rates(Random(1), START, 12)
    assert len(rates) == 13
    for before, after in pairwise(rates):
        for pair, rate in after.items():
            assert abs(rate.rate / before[pair].rate - 1) < Decimal("0.005")


def test_goods_come_back_after_they_were_delivered_and_are_looked_at_after_they_came(channel):
    shipped: dict[tuple[str, str], Decimal] = {}
    for event in channel.stream:
        if event.type == "shipment.confirmed":
            for line in event.data["lines"]:
                place = (event.subject, line["line"])
                shipped[place] = shipped.get(place, Decimal(0)) + Decimal(line["quantity"])
    told: dict[str, list[Any]] = {}
    for event in channel.stream:
        if event.type.startswith("rma."):
            told.setdefault(event.subject, []).append(event)
    assert len(told) > 10
    steps = ["rma.requested", "rma.received", "rma.inspected"]
    for events in told.values():
        assert [e.type for e in events] == steps[: len(events)]
        (line,) = events[0].data["lines"]
        assert Decimal(line["quantity"]) <= shipped[events[0].data["order"], line["line"]]
    assert {1, 3} <= {len(events) for events in told.values()}, "some wait when the weeks end, others are settled"
