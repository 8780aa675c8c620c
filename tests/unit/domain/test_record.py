"""The text kept of a decision says everything the verdict says."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from headgate.channel.orders import OrderLens
from headgate.domain.checks import OrderFacts, OrderVerdict, govern_order, record_text
from headgate.domain.checks.facts import Verdict
from headgate.domain.credit import Level
from headgate.kernel.canonical import canonical_text
from headgate.kernel.tabular import expand
from headgate.policy.core.evaluation import Evaluation, Matched, PolicyRef
from tests.unit.domain.examples import Desk, account, d, facts, level, line, product, stock

CASES = {
    "plain": facts(),
    "below contract": facts(line(price="8")),
    "no agreement": facts(book=facts(line(product="OTHER")).book),
    "several lines": facts(line("1"), line("2", price="7"), line("3", quantity="2.50")),
    "short": facts(stock=stock(level(on_hand=4))),
    "below cost": facts(products={"SKU-1": product(cost=d(12))}),
    "over the limit": facts(credit=(Level(account(receivables="900"), (("A-2", d(70)),)),)),
    "no account": facts(credit=()),
}


@pytest.mark.parametrize("asked", CASES.values(), ids=list(CASES))
def test_the_record_written_out_is_the_whole_verdict(asked: OrderFacts) -> None:
    verdict = govern_order(asked, Desk())
    assert expand(json.loads(record_text(verdict))) == verdict.as_json()


def test_the_table_that_names_exceptions_is_in_the_record() -> None:
    rows = [{"exception": "out_of_stock", "severity": "hold", "owner_role": "supply"}]
    desk = Desk(order_exceptions=lambda inputs: {"list": rows})
    verdict = govern_order(facts(stock=stock(level(on_hand=4))), desk)
    assert verdict.naming is not None
    assert expand(json.loads(record_text(verdict))) == verdict.as_json()


def test_the_record_is_canonical_and_much_shorter_than_the_verdict_written_out() -> None:
    verdict: OrderVerdict = govern_order(facts(*(line(str(n)) for n in range(1, 9))), Desk())
    text = record_text(verdict)
    assert text == canonical_text(json.loads(text))
    assert len(text) < 0.6 * len(canonical_text(verdict.as_values()))


def test_the_links_of_a_chained_policy_are_in_the_record_of_each_line() -> None:
    plain, limit = Desk(), PolicyRef("limit", 3, "ab" * 32, "first")
    chained = PolicyRef("price_deviation", 1, "cd" * 32, "first", {"deviation_pct": "limit.pct"})

    def decide(policy: str, inputs: Mapping[str, object]) -> Verdict:
        said = plain(policy, inputs)
        if policy != "price_deviation":
            return said
        link = Evaluation(limit, (Matched("row", ("why",), (), "§1"),), {"x": d(1)}, {"pct": d(5)})
        absent = ("tier",) if inputs["line_amount"] == d(70) else ()
        return Evaluation(chained, (), dict(inputs), dict(said.outputs), (link,), absent)

    verdict = govern_order(facts(line("1"), line("2", price="7")), decide)
    record = expand(json.loads(record_text(verdict)))
    assert record == verdict.as_json()
    told = [c["evaluation"] for c in record["checks"] if c["policy"] == "price_deviation"]
    assert len(told) == 2
    assert all(each["from"] == {"deviation_pct": "limit.pct"} for each in told)
    assert all((each["links"][0]["policy"], each["links"][0]["rows"]) == ("limit", ["row"]) for each in told)
    assert [each.get("defaulted") for each in told] == [None, ["tier"]]
    # A backtest weighs the inputs again and nothing else that stands beside them.
    text, lens = record_text(verdict), OrderLens()
    peeked = lens.peek(text.encode(), "price_deviation")
    assert peeked is not None
    for asked in (peeked, lens.asked(json.loads(text), "price_deviation")):
        assert [dict(zip(a.names, a.values, strict=True)) for a in asked] == [each["inputs"] for each in told]
