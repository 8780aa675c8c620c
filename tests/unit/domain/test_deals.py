"""Deals: reading them, and how far two claims on a customer stand against each other."""

from __future__ import annotations

import sys
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.deals import (
    DEFAULT_WEIGHTS,
    Claim,
    Company,
    Conflict,
    company_from,
    conflicts,
    deal_json,
    keys,
    parse_deal,
    parse_extension,
    parse_opportunity,
    weigh,
)
from headgate.domain.deals.names import legal_core, name_likeness, registrable, street_likeness
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.errors import Invalid

PAIRS = Path(__file__).parents[3] / "packs" / "channel_revenue" / "scenarios" / "conflicts.yaml"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(days=90)
DEAL: dict[str, Any] = {
    "deal": "D-1",
    "partner": "P-1",
    "customer": {"name": "Acme Robotics GmbH", "country": "DE", "domain": "acme-robotics.de", "city": "Ulm"},
    "lines": [
        {"line": 1, "product": "ARM", "quantity": "2", "amount": "8000.00"},
        {"line": 2, "product": "CELL", "quantity": "1", "amount": "12000.00"},
    ],
    "currency": "EUR",
    "close_on": "2026-06-30",
}


def deal(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(DEAL), **changes}


def claim(customer: Company, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "kind": "deal",
        "ref": "D-2",
        "holder": "P-2",
        "customer": customer,
        "products": frozenset({"ARM"}),
        "since": NOW - timedelta(days=10),
        "until": UNTIL,
    }
    return Claim(**{**values, **changes})


def against(customer: dict[str, Any], **changes: Any) -> Conflict:
    return weigh(parse_deal(DEAL), NOW, UNTIL, claim(company_from(customer), **changes), DEFAULT_WEIGHTS)


def test_a_deal_is_read_whole_and_written_back_the_same() -> None:
    found = parse_deal(
        deal(contact={"name": "Ina Roth", "email": "ina@acme-robotics.de"}, evidence=["mail of 3 March"])
    )
    assert found.amount == Decimal(20000)
    assert parse_deal(loads(canonical_text(deal_json(found)))) == found


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"deal": ""}, "deal"),
        ({"customer": None}, "customer"),
        ({"customer": {"name": "?!", "country": "DE"}}, "customer.name"),
        ({"customer": {"name": "Acme", "country": "Germany"}}, "customer.country"),
        ({"customer": {"name": "Acme", "country": "DE", "duns": "12345"}}, "customer.duns"),
        ({"customer": {"name": "Acme", "country": "DE", "domain": "acme"}}, "customer.domain"),
        ({"lines": []}, "lines"),
        ({"lines": [{"line": 1, "product": "A", "quantity": 0, "amount": 1}]}, "lines[0].quantity"),
        ({"amount": "19999.99"}, "amount"),
        ({"close_on": "30.06.2026"}, "close_on"),
        ({"close_on": "2026-02-30"}, "close_on"),
        ({"contact": {"email": "nobody"}}, "contact.email"),
        ({"evidence": ["x"] * 21}, "evidence"),
        ({"currency": "EURO"}, "currency"),
    ],
)
def test_a_deal_that_cannot_be_read_says_where(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_deal(deal(**change))
    assert field in [problem.field for problem in caught.value.problems]


def test_a_line_number_counts_once() -> None:
    twice = [{"line": "1", "product": "ARM", "quantity": "1", "amount": "1"}] * 2
    with pytest.raises(Invalid, match="used by an earlier line"):
        parse_deal(deal(lines=twice))


def test_extensions_and_closed_opportunities_need_their_deal() -> None:
    with pytest.raises(Invalid, match="deal"):
        parse_extension({"until": "2026-09-30", "reason": "the customer's board meets later"})
    won = parse_opportunity({"opportunity": "OPP-1", "deal": "D-1", "amount": "19500.00", "currency": "EUR"})
    assert won.amount == Decimal("19500.00")


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Müller & Söhne GmbH & Co. KG", "muller and sohne"),
        ("ACME Robotics, Inc.", "acme robotics"),
        ("Foo Pty. Ltd.", "foo"),
        ("Oesterreichische Lotterien Ges.m.b.H.", "oesterreichische lotterien"),
        ("GmbH", "gmbh"),
    ],
)
def test_legal_forms_are_no_part_of_a_name(name: str, core: str) -> None:
    assert legal_core(name) == core


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("https://www.shop.acme.co.uk/x?y=1", "acme.co.uk"),
        ("info@Acme.de", "acme.de"),
        ("acme.de:8080", "acme.de"),
        ("someone@gmail.com", ""),
        ("co.uk", ""),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("a" * 70 + ".de", ""),
    ],
)
def test_a_domain_is_what_somebody_registered(domain: str, found: str) -> None:
    assert registrable(domain) == found


def test_house_numbers_that_differ_are_two_addresses() -> None:
    assert street_likeness("Hauptstr. 12", "Hauptstraße 12") == 1
    assert street_likeness("Hauptstr. 12", "Hauptstr. 14") == 0


NAMES = st.text("abcdeü &.-GmbH", min_size=1, max_size=30).filter(lambda text: any(c.isalnum() for c in text))


@given(NAMES, NAMES)
def test_likeness_is_the_same_from_both_sides_and_full_with_oneself(one: str, other: str) -> None:
    assert name_likeness(one, other) == name_likeness(other, one)
    assert 0 <= name_likeness(one, other) <= 1
    assert name_likeness(one, one) == 1


def test_the_same_customer_product_and_time_are_a_full_conflict() -> None:
    found = against({"name": "ACME Robotics", "country": "DE", "domain": "www.acme-robotics.de"})
    assert found.same_customer > 95
    assert found.overlap == 100
    assert found.score == found.same_customer
    assert [s.name for s in found.signals] == ["domain", "name", "products", "time"]
    assert "acme-robotics.de" in found.signals[0].because


def test_another_company_is_no_conflict_whatever_is_sold() -> None:
    other = company_from({"name": "Boreal Timber Oy", "country": "FI"})
    assert conflicts(parse_deal(DEAL), NOW, UNTIL, [claim(other)]) == ()


def test_other_products_and_other_times_weigh_less() -> None:
    same = {"name": "Acme Robotics", "country": "DE", "domain": "acme-robotics.de"}
    full = against(same)
    other_products = against(same, products=frozenset({"LAMP"}))
    over = against(same, until=NOW - timedelta(days=1))
    late = against(same, close_on=date(2027, 6, 30))
    assert full.score > late.score > over.score > 0
    assert full.score > other_products.score > 0
    assert other_products.overlap == 70
    assert over.overlap == 80


def test_a_claim_without_products_or_end_is_about_everything() -> None:
    found = against({"name": "Acme Robotics", "country": "DE"}, kind="customer", products=frozenset(), until=None)
    assert found.overlap == 100


def test_different_duns_numbers_speak_against_one_customer_unless_one_parent_holds_both() -> None:
    base = {"name": "Acme Robotics GmbH", "country": "DE", "duns": "111111111"}
    other = {**base, "duns": "222222222"}
    mine = parse_deal(deal(customer=base))
    apart = weigh(mine, NOW, UNTIL, claim(company_from(other)), DEFAULT_WEIGHTS)
    owned = weigh(mine, NOW, UNTIL, claim(company_from({**other, "parent_duns": "111111111"})), DEFAULT_WEIGHTS)
    assert apart.same_customer < 20
    assert any(s.name == "duns_differs" for s in apart.signals)
    assert owned.same_customer > 80


def test_a_deal_is_never_held_against_itself_and_the_worst_comes_first() -> None:
    customer = parse_deal(DEAL).customer
    like = company_from({"name": "Acme Robotik", "country": "DE"})
    found = conflicts(
        parse_deal(DEAL),
        NOW,
        UNTIL,
        [claim(customer, ref="D-1"), claim(like, ref="D-3"), claim(customer, ref="D-2")],
    )
    assert [c.claim.ref for c in found] == ["D-2", "D-3"]


@given(st.sampled_from(["domain", "duns", "street"]))
def test_more_evidence_never_lowers_the_score(extra: str) -> None:
    more = {"domain": "acme-robotics.de", "duns": "111111111", "street": "Am Hang 4"}
    mine = company_from({"name": "Acme Robotics", "country": "DE", "city": "Ulm", extra: more[extra]})
    theirs = company_from({"name": "Acme Robotik", "country": "DE", "city": "Ulm"})
    same = company_from({"name": "Acme Robotik", "country": "DE", "city": "Ulm", extra: more[extra]})
    mine_deal = parse_deal(deal(customer={"name": mine.name, "country": "DE", "city": "Ulm", extra: more[extra]}))
    without = weigh(mine_deal, NOW, UNTIL, claim(theirs), DEFAULT_WEIGHTS)
    assert weigh(mine_deal, NOW, UNTIL, claim(same), DEFAULT_WEIGHTS).score > without.score


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        ("Rivermark", "River Mark Ltd", "1"),
        ("Blue-Sky Logistics", "Bluesky", "1"),
        ("Bluesky Aviation Leasing", "Leasing Aviation Blue Sky", "1"),
        ("Data Bridge Partners", "DataBridge B.V.", "1"),
        ("Rivermark Holding", "River Mark", "1"),
        ("Rivermark Retail GmbH", "River Mark", "1"),
        ("Sonnen Hof Pflege gGmbH", "Sonnenhof Pflegedienst", "1"),
        ("Kranich Stahlhandel", "Kranich Stahl", "1"),
    ],
)
def test_words_written_together_and_apart_are_one_name(ours: str, theirs: str, alike: str) -> None:
    assert name_likeness(ours, theirs) == name_likeness(theirs, ours) == Decimal(alike)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Mark River", "Rivermark"),  # the order of the halves counts
        ("River Marketing", "Rivermark Retail"),
        ("Blue Sky Bakery", "Bluesky Aviation"),
        ("A Cme Tools", "Acme Gifts"),
        ("Kranich Stahlhandel", "Kranich Reisedienst"),
        ("Sommer Pflegedienst", "Winter Pflegedienst"),
    ],
)
def test_words_that_only_look_like_halves_stay_apart(ours: str, theirs: str) -> None:
    assert name_likeness(ours, theirs) < Decimal("0.75")


def test_a_compound_says_as_much_as_two_words_unless_common_words_contradict() -> None:
    here = {"country": "US", "city": "Austin"}

    def score(ours: str, theirs: str) -> Decimal:
        mine = parse_deal(deal(customer={"name": ours, **here}))
        return weigh(mine, NOW, UNTIL, claim(company_from({"name": theirs, **here})), DEFAULT_WEIGHTS).same_customer

    assert score("Bluesky Logistics", "Blue Sky") >= 50 > score("Bluesky Systems", "Blue Sky Services")


def test_the_labelled_pairs_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = yaml.safe_load(PAIRS.read_text(encoding="utf-8"))["pairs"]
    found = {True: {True: 0, False: 0}, False: {True: 0, False: 0}}
    looked_up = 0
    for pair in pairs:
        ours, theirs = company_from(pair["ours"]), company_from(pair["theirs"])
        mine = parse_deal(deal(customer=pair["ours"]))
        same = weigh(mine, NOW, UNTIL, claim(theirs), DEFAULT_WEIGHTS).same_customer >= 50
        found[pair["same"]][same] += 1
        looked_up += pair["same"] and bool(keys(ours) & keys(theirs))
    right, wrong, missed = found[True][True], found[False][True], found[True][False]
    precision, recall = right / (right + wrong), right / (right + missed)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(pairs)} pairs: precision {precision:.3f}, recall {recall:.3f}\n")
    assert precision >= 0.93
    assert recall >= 0.95
    assert looked_up >= right
