"""Every hit policy of DMN gives what the standard says it gives."""

from decimal import Decimal

import pytest

from headgate.kernel.errors import Invalid
from headgate.policy import parse_policy
from tests.unit.policy.samples import compiled, row, table

NUMBER = "{name: x, type: number}"
RANKED = "{name: out, type: enum, values: [reject, hold, pass]}"
ROWS = row("p", "", "pass") + row("h", 'x: "> 5"', "hold") + row("r", 'x: "> 9"', "reject")


@pytest.mark.parametrize("written", ["rule_order", "Rule Order", "RULE ORDER", "rule-order"])
def test_a_hit_policy_may_be_written_as_the_standard_does(written: str) -> None:
    assert parse_policy(table(written, NUMBER, row("a", ""))).hit == "rule_order"


def test_any_takes_the_answer_that_all_fitting_rows_share() -> None:
    policy = compiled(table("any", NUMBER, row("a", 'x: "> 5"', "yes") + row("b", 'x: "> 8"', "yes")))
    found = policy.evaluate({"x": 9})
    assert (found.rows, found.outputs) == (("a",), {"out": "yes"})
    assert policy.evaluate({"x": 6}).rows == ("a",)


def test_any_refuses_rows_that_contradict_each_other() -> None:
    policy = compiled(table("any", NUMBER, row("a", 'x: "> 5"', "one") + row("b", 'x: "> 8"', "two")))
    assert policy.evaluate({"x": 6}).outputs == {"out": "one"}
    told = "rows a, b all fit x 9, and a gives out one, b gives two; make them agree"
    with pytest.raises(Invalid, match=told):
        policy.evaluate({"x": 9})


def test_any_compares_what_formulas_come_to() -> None:
    rows = row("a", "", '"= x * 2"') + row("b", "", '"= x + x"')
    policy = compiled(table("any", NUMBER, rows, outputs="{name: out, type: number}"))
    assert policy.evaluate({"x": Decimal("2.5")}).outputs == {"out": Decimal("5.0")}


def test_rule_order_gives_every_fitting_row_in_the_order_of_the_file() -> None:
    found = compiled(table("rule_order", NUMBER, ROWS, outputs=RANKED)).evaluate({"x": 10})
    assert found.rows == ("p", "h", "r")
    assert found.outputs == {"list": [{"out": "pass"}, {"out": "hold"}, {"out": "reject"}]}


def test_output_order_gives_every_fitting_row_highest_priority_first() -> None:
    policy = compiled(table("output_order", NUMBER, ROWS, outputs=RANKED))
    assert policy.evaluate({"x": 10}).outputs["list"] == [{"out": "reject"}, {"out": "hold"}, {"out": "pass"}]
    assert policy.evaluate({"x": 7}).rows == ("h", "p")


def test_equal_priorities_are_told_apart_by_the_next_output() -> None:
    outputs = f"{RANKED}, {{name: fee, type: number, values: [50, 20, 0]}}"
    rows = "".join(
        f"  - {{id: {name}, then: {{out: {out}, fee: {fee}}}}}\n"
        for name, out, fee in [("a", "hold", 0), ("b", "hold", 20), ("c", "pass", 50)]
    )
    assert compiled(table("priority", NUMBER, rows, outputs=outputs)).evaluate({"x": 1}).rows == ("b",)
    assert compiled(table("output_order", NUMBER, rows, outputs=outputs)).evaluate({"x": 1}).rows == ("b", "a", "c")


def test_rows_of_equal_priority_keep_the_order_of_the_file() -> None:
    rows = row("late", "", "pass") + row("b", "", "hold") + row("a", "", "hold")
    assert compiled(table("output_order", NUMBER, rows, outputs=RANKED)).evaluate({"x": 1}).rows == ("b", "a", "late")


@pytest.mark.parametrize("hit", ["priority", "output_order"])
def test_a_ranked_table_needs_values_to_rank_by(hit: str) -> None:
    with pytest.raises(Invalid, match=f"the first output of a {hit} table needs values"):
        parse_policy(table(hit, NUMBER, row("a", "")))


def test_count_is_how_many_rows_fit() -> None:
    policy = compiled(table("collect\naggregate: count", NUMBER, ROWS, outputs=RANKED))
    assert [policy.evaluate({"x": x}).outputs["count"] for x in (1, 6, 10)] == [1, 2, 3]


def test_a_list_that_nothing_fits_is_empty_unless_a_default_stands() -> None:
    for hit in ("collect", "rule_order", "output_order"):
        text = table(hit, NUMBER, row("a", 'x: "> 5"', "hold"), outputs=RANKED)
        assert compiled(text).evaluate({"x": 1}).outputs == {"list": []}
        found = compiled(text + "default: {out: pass}\n").evaluate({"x": 1})
        assert (found.rows, found.outputs) == (("default",), {"list": [{"out": "pass"}]})


@pytest.mark.parametrize("name", ["list", "count"])
def test_an_output_is_not_called_like_the_whole_result(name: str) -> None:
    text = table("collect\naggregate: count", NUMBER, row("a", ""), outputs=f"{{name: {name}, type: string}}")
    with pytest.raises(Invalid, match=f"an output of a collect table cannot be called {name}"):
        parse_policy(text)
