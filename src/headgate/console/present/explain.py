"""The explanation drawer: how a price, a margin, a verdict, a tax or a promise of stock came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.channel.agreements import FoundTerm
from headgate.console import urls
from headgate.console.present.asks import instant, number
from headgate.console.present.checks import TITLES, Found, findings, reference
from headgate.console.present.evaluations import (
    Recorded,
    cells,
    day_of,
    last_day_of,
    linked,
    links_of,
    output_facts,
    passed_over,
    policy_ref,
    readable,
    reason_of,
)
from headgate.console.present.lens import Lens
from headgate.console.present.money import credit_sums, tax_snapshot
from headgate.console.present.names import Names
from headgate.console.present.order import OrderFacts, address
from headgate.console.views.common import Person, SumRow
from headgate.console.views.explain import (
    CreditView,
    MarginView,
    PolicyEvaluationView,
    PriceBand,
    PriceCandidate,
    PriceTraceView,
    RuleMakers,
    StockRow,
    StockView,
    TaxView,
)
from headgate.domain.stock import StockLevel, atp
from headgate.kernel.errors import NotFound
from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase, joined, phrase, sentence, worded
from headgate.policy import PolicyVersion
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

NOT_DECIDED = phrase("this order has not been decided yet")


def price_view(facts: OrderFacts, line: str, terms: Mapping[tuple[str, int], FoundTerm], lens: Lens) -> PriceTraceView:
    """Every candidate for a line's contract price, the one that won, and why the others did not. Raises `NotFound`."""
    stored, recorded = _both(facts, line)
    trace = recorded.get("trace") or {}
    asked = facts.money(stored["unit_price"])
    contract = None if trace.get("unit_price") is None else Money(number(trace["unit_price"]), str(trace["currency"]))
    found = next((f for f in findings(facts.recorded) if f.check == "price" and f.line == line), None)
    return PriceTraceView(
        order=facts.order_no,
        line=line,
        product=stored["product"],
        description=facts.name_of(stored),
        partner=facts.partner.name,
        quantity=stored["quantity"],
        unit=stored["unit"],
        as_of=instant(trace.get("at")) or facts.decided_at,
        asked=asked,
        contract=contract,
        deviation=None if contract is None else -number(recorded.get("deviation_pct")),
        difference=None if contract is None else asked - contract,
        candidates=tuple(_candidate(each, terms, facts, lens) for each in trace.get("candidates") or ()),
        policy=reference(found, facts.tables) if found is not None else None,
        bands=tuple(_band(each, facts) for each in trace.get("bands") or ())
        if len(trace.get("bands") or ()) > 1
        else (),
        tie=bool(trace.get("tie")),
        rounding=worded(str(trace.get("rounding") or "")),
    )


def candidate_terms(facts: OrderFacts, line: str) -> list[tuple[str, int]]:
    """The terms that a line's price trace speaks of."""
    _, recorded = _both(facts, line)
    candidates = (recorded.get("trace") or {}).get("candidates") or ()
    return [(str(c["agreement"]), int(c["term"])) for c in candidates]


def _candidate(
    each: Recorded, terms: Mapping[tuple[str, int], FoundTerm], facts: OrderFacts, lens: Lens
) -> PriceCandidate:
    term = terms.get((str(each["agreement"]), int(each["term"])))
    price = each.get("unit_price")
    return PriceCandidate(
        agreement_id=UUID(str(each["agreement"])),
        agreement=f"{each['code']} r{each['revision']}",
        title=recorded(term.title) if term is not None else str(each["code"]),
        method=str(each["method"]),
        rule=rule_text(term, lens) if term is not None else humanise(str(each["method"])).lower(),
        scope=scope_text(term, facts.partner.name) if term is not None else "",
        valid_from=day_of(term.valid_from if term is not None else facts.decided_at, lens),
        valid_until=last_day_of(term.valid_until, lens) if term is not None else None,
        price=None if price is None else facts.money(number(price)),
        verdict=str(each["verdict"]),
        why=sentence(readable(str(each["reason"]), lens, 4)),
    )


def rule_text(term: FoundTerm, lens: Lens) -> str:
    """A term's price rule in words."""
    if term.tier_mode != "none":
        words = {"discount": phrase("discount off list"), "cost_plus": phrase("cost plus")}
        return phrase("%(f)s by quantity", f=words.get(term.method, phrase("a price")))
    percent = f"{lens.fmt.number(term.value)} %"
    price = f"{lens.fmt.price(Money(term.value, term.currency))} {term.currency}" if term.currency else percent
    texts = {
        "list": phrase("list price %(price)s", price=price),
        "net": phrase("net %(price)s", price=price),
        "discount": phrase("%(value)s off list", value=percent),
        "cost_plus": phrase("cost plus %(value)s", value=percent),
    }
    text = texts.get(term.method, humanise(term.method).lower())
    return (
        phrase("%(text)s, from %(min_quantity)s on", text=text, min_quantity=lens.fmt.quantity(term.min_quantity))
        if term.min_quantity
        else text
    )


def scope_text(term: FoundTerm, partner: str) -> Phrase:
    """For whom and for what a term is."""
    what = (
        phrase("product %(product)s", product=term.product)
        if term.product
        else phrase("family %(family)s", family=term.family)
        if term.family
        else phrase("every product")
    )
    who = _whom(term, partner)
    return joined(" · ", [*who, what]) if who else phrase("everyone · %(what)s", what=what)


def whom(term: FoundTerm, partner: str) -> Phrase:
    """For whom a term is."""
    who = _whom(term, partner)
    return joined(" · ", who) if who else phrase("everyone")


def _whom(term: FoundTerm, partner: str) -> list[str]:
    told = [
        phrase("partner %(partner)s", partner=partner) if term.partner else "",
        phrase("group %(group)s", group=term.partner_group) if term.partner_group else "",
        phrase("region %(region)s", region=term.region) if term.region else "",
        phrase("channel %(channel)s", channel=term.channel) if term.channel else "",
    ]
    return [each for each in told if each]


def _band(each: Recorded, facts: OrderFacts) -> PriceBand:
    quantity, price = number(each["quantity"]), number(each["unit_price"])
    return PriceBand(quantity, facts.money(price), facts.money(price * quantity))


def margin_view(facts: OrderFacts, line: str, lens: Lens) -> MarginView:
    """The margin of a line. Raises `NotFound` also where the cost is not known."""
    stored, recorded = _both(facts, line)
    if stored["margin"] is None or stored["cost"] is None:
        raise NotFound(phrase("the cost of %(stored)s is not known, so there is no margin", stored=stored["product"]))
    quantity, cost, contract = stored["quantity"], stored["cost"], stored["contract_price"]
    found = next((f for f in findings(facts.recorded) if f.check == "margin" and f.line == line), None)
    outputs = found.evaluation.get("outputs", {}) if found is not None and found.evaluation is not None else {}
    floor = outputs.get("floor_pct")
    many = lens.fmt.quantity(quantity)
    price_of = lens.fmt.price
    return MarginView(
        order=facts.order_no,
        line=line,
        product=stored["product"],
        description=facts.name_of(stored),
        rows=(
            SumRow(
                "",
                phrase("Amount"),
                facts.money(stored["amount"]),
                f"{many} × {price_of(facts.money(stored['unit_price']))}",
            ),
            SumRow(
                "−",
                phrase("Cost"),
                facts.money(stored["amount"] - stored["margin"]),
                f"{many} × {price_of(facts.money(cost))}",
            ),
            SumRow("=", phrase("Margin"), facts.money(stored["margin"])),
        ),
        share=number(recorded.get("margin_pct")),
        floor=None if floor in (None, "") else number(floor),
        at_contract=(contract - cost) * 100 / contract if contract else None,
        cost_as_of=facts.decided_at,
        policy=reference(found, facts.tables) if found is not None else None,
    )


def check_view(facts: OrderFacts, key: str, lens: Lens) -> PolicyEvaluationView:
    """The evaluation behind a check. Raises `NotFound` for one that no policy decided."""
    found = next((f for f in findings(facts.recorded) if f.key == key), None)
    if found is None or found.evaluation is None or facts.decision is None:
        raise NotFound("no policy decided this")
    return evaluation_view(found, facts, lens)


def evaluation_view(found: Found, facts: OrderFacts, lens: Lens) -> PolicyEvaluationView:
    """One evaluation with the facts it saw, the row that decided, and the rows it passed over."""
    evaluation, tables = found.evaluation, facts.tables
    assert evaluation is not None, "the caller made sure"
    assert facts.decision is not None, "what was found, was decided"
    title = TITLES.get(found.check, humanise(found.check))
    return PolicyEvaluationView(
        order=facts.order_no,
        title=phrase("%(title)s, line %(line)s", title=title, line=found.line) if found.line else title,
        outcome=found.outcome,
        reason=sentence(reason_of(evaluation, lens, found.place) or readable(found.detail, lens)),
        policy=policy_ref(tables, evaluation, found.place),
        hit=str(evaluation.get("hit") or "first"),
        cells=cells(tables, evaluation, linked(evaluation)),
        outputs=output_facts(tables, evaluation),
        passed_over=passed_over(tables, evaluation, lens),
        decision=facts.decision.decision,
        decided_at=facts.decision.at,
        digest=str(evaluation.get("digest", "")),
        links=links_of(tables, evaluation, lens),
    )


def makers_of(version: PolicyVersion, names: Names) -> RuleMakers:
    """Who wrote, approved or applied a version."""

    def person(who: str | None) -> Person | None:
        return names.person(who) if who else None

    return RuleMakers(
        author=names.person(version.author),
        editors=tuple(names.person(who) for who in version.editors if who != version.author),
        approver=person(version.approver),
        since=version.valid_from,
        emergency=person(version.emergency_by),
        reviewed=person(version.reviewed_by),
        inherited=version.inherited,
    )


def credit_view(facts: OrderFacts, lens: Lens) -> CreditView:
    """The credit exposure the order was weighed against. Raises `NotFound` without an account."""
    sums = credit_sums(facts.recorded, facts.partner.name, facts.decided_at)
    if not sums:
        raise NotFound("the order was not weighed against a credit account")
    found = next((f for f in findings(facts.recorded) if f.check == "credit"), None)
    reason = reason_of(found.evaluation, lens) if found is not None and found.evaluation is not None else ""
    policy = reference(found, facts.tables) if found is not None else None
    return CreditView(
        phrase("Order %(order)s", order=facts.order_no), urls.order(facts.order_no), sums, policy, sentence(reason)
    )


def tax_view(facts: OrderFacts, lens: Lens) -> TaxView:
    """The tax kept with the order. Raises `NotFound` before it was decided."""
    snapshot = tax_snapshot(facts.recorded, lens)
    if snapshot is None:
        raise NotFound(NOT_DECIDED)
    return TaxView(facts.order_no, address(facts.row["content"].get("ship_to") or {}, lens), snapshot)


def stock_view(facts: OrderFacts, line: str, levels: Sequence[StockLevel], read_at: datetime) -> StockView:
    """What can be promised of a line's product now, over the warehouses that have it. Raises `NotFound`."""
    stored = facts.line(line)
    if stored is None:
        raise NotFound(phrase("order %(order_no)s has no line %(line)s", order_no=facts.order_no, line=line))
    if not levels:
        raise NotFound(phrase("%(stored)s is not kept in stock", stored=stored["product"]))
    own = [r for r in facts.row["reservations"] if r["line"] == line and r["status"] == "held"]
    mine = sum((r["quantity"] for r in own), Decimal(0))
    rows = [
        StockRow("", phrase("On hand"), sum((level.on_hand for level in levels), Decimal(0))),
        StockRow("−", phrase("Reserved"), sum((level.reserved for level in levels), Decimal(0))),
        StockRow("−", phrase("Safety stock"), sum((level.safety_stock for level in levels), Decimal(0))),
        StockRow("+", phrase("Confirmed inbound"), sum((level.inbound for level in levels), Decimal(0))),
    ]
    if mine:
        rows.append(StockRow("+", phrase("Reserved for this very line"), mine))
    return StockView(
        order=facts.order_no,
        line=line,
        product=stored["product"],
        description=facts.name_of(stored),
        warehouse=joined(", ", (level.warehouse for level in levels)),
        unit=stored["unit"],
        rows=tuple(rows),
        available=sum((atp(level) for level in levels), Decimal(0)) + mine,
        asked=stored["quantity"] - stored["shipped"],
        read_at=read_at,
    )


def _both(facts: OrderFacts, line: str) -> tuple[Mapping[str, Any], Recorded]:
    stored, recorded = facts.line(line), facts.recorded_line(line)
    if stored is None:
        raise NotFound(phrase("order %(order_no)s has no line %(line)s", order_no=facts.order_no, line=line))
    if recorded is None:
        raise NotFound(NOT_DECIDED)
    return stored, recorded
