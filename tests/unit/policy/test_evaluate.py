"""What a policy decides, why, and what it refuses to decide."""

import json
from datetime import date
from decimal import Decimal

import pytest

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import Invalid, NotFound
from headgate.policy import NoRowMatched, PolicySet, draft_decision
from headgate.policy.core.decision import decision_digest
from tests.unit.policy.samples import DISCOUNT, compiled, row, table

NUMBER = "{name: x, type: number}"


def test_the_first_fitting_row_decides() -> None:
    found = compiled(DISCOUNT).evaluate({"amount": Decimal("1000.00"), "tier": "gold", "new": True, "unrelated": 1})
    assert found.rows == ("gold_large",)
    assert found.outputs == {"outcome": "pass", "rate": Decimal("7.5")}
    assert found.reasons == ("1000 from a gold partner (new: yes)",)
    assert found.clauses == ("§1",)
    assert (found.policy, found.version, found.hit) == ("discount", 1, "first")


def test_a_formula_is_worked_out_exactly() -> None:
    found = compiled(DISCOUNT).evaluate({"amount": "1234.56", "tier": "silver", "new": False})
    assert found.outputs["rate"] == Decimal("1.23456")


def test_a_row_without_a_reason_tells_its_conditions() -> None:
    found = compiled(DISCOUNT).evaluate({"amount": 5, "tier": "gold", "new": False})
    assert found.reasons == ("Amount is 5",)


def test_the_json_is_canonical_and_free_of_floats() -> None:
    found = compiled(DISCOUNT).evaluate({"amount": Decimal("1500.50"), "tier": "gold", "new": False})
    assert found.as_json()["inputs"] == {"amount": "1500.5", "tier": "gold", "new": False}
    assert found.as_json()["outputs"] == {"outcome": "pass", "rate": "7.5"}
    assert json.loads(found.as_text()) == found.as_json()
    assert found.as_text() == canonical_text(found.as_json())


def test_equal_facts_give_equal_bytes_however_they_are_written() -> None:
    written = [Decimal(1500), Decimal("1500.00"), Decimal("1.5E+3"), 1500, "1500.0"]
    for order in (written, written[::-1]):
        policy = compiled(DISCOUNT)
        texts = {policy.evaluate({"amount": v, "tier": "gold", "new": False}).as_text() for v in order}
        assert len(texts) == 1


def test_a_cached_fact_does_not_let_a_mistyped_one_through() -> None:
    policy = compiled(DISCOUNT)
    policy.evaluate({"amount": 1, "tier": "gold", "new": True})
    with pytest.raises(Invalid, match=r"discount\.new: is not true or false"):
        policy.evaluate({"amount": 1, "tier": "gold", "new": 1})
    with pytest.raises(Invalid, match=r"discount\.amount: is not an exact number"):
        policy.evaluate({"amount": True, "tier": "gold", "new": True})


def test_missing_inputs_are_named_all_at_once() -> None:
    with pytest.raises(Invalid, match="policy discount version 1 needs amount, new") as caught:
        compiled(DISCOUNT).evaluate({"tier": "gold"})
    assert [p.field for p in caught.value.problems] == ["amount", "new"]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"amount": 1.5}, r"discount\.amount: is not an exact number"),
        ({"amount": Decimal("NaN")}, r"discount\.amount: is not a finite number"),
        ({"amount": Decimal("Infinity")}, r"discount\.amount: is not a finite number"),
        ({"amount": "12,5"}, r"discount\.amount: is not a plain decimal number"),
        ({"amount": None}, r"discount\.amount: is not an exact number"),
        ({"amount": [1]}, r"discount\.amount: is not an exact number"),
        ({"amount": Decimal("1" * 70)}, r"discount\.amount: is not a number of at most 60 digits"),
        ({"tier": "bronze"}, r"discount\.tier: is not one of gold, silver"),
        ({"tier": None}, r"discount\.tier: is not one of gold, silver"),
        ({"tier": {}}, r"discount\.tier: is not one of gold, silver"),
        ({"new": "true"}, r"discount\.new: is not true or false"),
    ],
)
def test_a_fact_of_another_type_is_refused_by_name(facts: dict[str, object], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        compiled(DISCOUNT).evaluate({"amount": 1, "tier": "gold", "new": False, **facts})


def test_declared_bounds_hold() -> None:
    policy = compiled(table("first", "{name: x, type: integer, min: 0, max: 9}", row("a", "")))
    assert policy.evaluate({"x": 9}).rows == ("a",)
    for value in (-1, 10, Decimal("0.5")):
        with pytest.raises(Invalid, match=r"sample\.x"):
            policy.evaluate({"x": value})


def test_nothing_fitting_and_no_default_is_an_error_that_tells_the_facts() -> None:
    policy = compiled(table("first", NUMBER, row("a", 'x: "> 5"')))
    with pytest.raises(NoRowMatched, match="policy sample version 1 has no row for x 5, and no default"):
        policy.evaluate({"x": 5})


def test_the_default_decides_where_no_row_fits() -> None:
    policy = compiled(table("first", NUMBER, row("a", 'x: "> 5"'), "default: {out: held}\n"))
    found = policy.evaluate({"x": 5})
    assert (found.rows, found.outputs) == (("default",), {"out": "held"})
    assert found.reasons == ("A sample: no row fits, so the default applies",)


def test_a_default_may_have_its_own_reason() -> None:
    more = 'default: {then: {out: held}, because: "{x} is not enough", clause: §9}\n'
    found = compiled(table("first", NUMBER, row("a", 'x: "> 5"'), more)).evaluate({"x": 5})
    assert (found.outputs, found.reasons, found.clauses) == ({"out": "held"}, ("5 is not enough",), ("§9",))


def test_unique_refuses_to_choose_between_two_rows() -> None:
    policy = compiled(table("unique", NUMBER, row("a", 'x: "> 5"') + row("b", 'x: "> 8"')))
    assert policy.evaluate({"x": 6}).rows == ("a",)
    with pytest.raises(Invalid, match="rows a, b all fit"):
        policy.evaluate({"x": 9})


def test_priority_takes_the_highest_ranking_output() -> None:
    outputs = "{name: out, type: enum, values: [reject, hold, pass]}"
    rows = row("p", "", "pass") + row("h", 'x: "> 5"', "hold") + row("r", 'x: "> 9"', "reject")
    policy = compiled(table("priority", NUMBER, rows, outputs=outputs))
    assert [policy.evaluate({"x": x}).rows for x in (1, 6, 10)] == [("p",), ("h",), ("r",)]


def test_collect_gives_every_fitting_row_in_order() -> None:
    policy = compiled(table("collect", NUMBER, row("a", 'x: "> 5"', "one") + row("b", 'x: "> 8"', "two")))
    found = policy.evaluate({"x": 9})
    assert found.rows == ("a", "b")
    assert found.outputs == {"list": [{"out": "one"}, {"out": "two"}]}
    assert policy.evaluate({"x": 1}).outputs == {"list": []}
    assert policy.evaluate({"x": 1}).rows == ()


@pytest.mark.parametrize(("how", "expected"), [("sum", Decimal("4.5")), ("min", Decimal("1.5")), ("max", Decimal(3))])
def test_collect_aggregates_numbers(how: str, expected: Decimal) -> None:
    text = table(
        f"collect\naggregate: {how}",
        NUMBER,
        row("a", 'x: "> 5"', "1.5") + row("b", 'x: "> 5"', "3") + row("c", 'x: "> 99"', "100"),
        outputs="{name: out, type: number}",
    )
    assert compiled(text).evaluate({"x": 6}).outputs["out"] == expected
    assert compiled(text).evaluate({"x": 1}).outputs["out"] == (0 if how == "sum" else None)


def test_integers_come_out_as_integers() -> None:
    found = compiled(table("first", NUMBER, row("a", "", "2"), outputs="{name: out, type: integer}")).evaluate({"x": 1})
    assert type(found.outputs["out"]) is int
    assert found.as_json()["outputs"] == {"out": 2}


def test_unknown_facts_fit_only_rows_that_allow_for_them() -> None:
    rows = row("none", 'x: "null"', "unknown") + row("some", 'x: ">= 0"', "known") + row("rest", "", "negative")
    policy = compiled(table("first", "{name: x, type: number, nullable: true}", rows))
    assert [policy.evaluate({"x": x}).rows for x in (None, 0, -1)] == [("none",), ("some",), ("rest",)]


def test_dates_compare_as_days() -> None:
    inputs = "{name: on, type: date}"
    rows = row("spring", "on: \"[d('2026-03-01')..d('2026-06-01'))\"") + row("else", "")
    policy = compiled(table("first", inputs, rows))
    given = [date(2026, 2, 28), "2026-03-01", date(2026, 5, 31), "2026-06-01"]
    assert [policy.evaluate({"on": d}).rows[0] for d in given] == ["else", "spring", "spring", "else"]


def test_a_row_may_compare_two_inputs() -> None:
    inputs = "{name: x, type: money}, {name: limit, type: money}"
    policy = compiled(table("first", inputs, row("over", 'x: "> limit * 1.1"') + row("within", "")))
    assert policy.evaluate({"x": "110.01", "limit": 100}).rows == ("over",)
    assert policy.evaluate({"x": "110.00", "limit": 100}).rows == ("within",)


def test_a_row_may_test_a_list() -> None:
    policy = compiled(
        table("first", "{name: tags, type: list}", row("new", "tags: \"contains($, 'new')\"") + row("else", ""))
    )
    assert policy.evaluate({"tags": ["new", "x"]}).rows == ("new",)
    assert policy.evaluate({"tags": []}).rows == ("else",)
    with pytest.raises(Invalid, match=r"sample\.tags: is not a list of texts"):
        policy.evaluate({"tags": [1]})


def test_an_expression_that_fails_names_policy_row_and_column() -> None:
    inputs = "{name: x, type: number, nullable: true}, {name: y, type: number}"
    policy = compiled(table("first", inputs, row("a", 'y: "> x"') + row("b", "")))
    with pytest.raises(Invalid, match="policy sample version 1, row a, column y: > x meets an unknown value"):
        policy.evaluate({"x": None, "y": 1})


def test_a_formula_out_of_its_type_is_refused() -> None:
    text = table("first", NUMBER, row("a", "", '"= 1 / x"'), outputs="{name: out, type: number}")
    with pytest.raises(Invalid, match="row a: out is null"):
        compiled(text).evaluate({"x": 0})


def test_facts_in_reasons_are_cut() -> None:
    text = table("first", "{name: x, type: string}", '  - {id: a, then: {out: y}, because: "said {x}"}')
    (reason,) = compiled(text).evaluate({"x": "{x}" * 100}).reasons
    assert reason.startswith("said {x}{x}")
    assert len(reason) < 100


def test_a_policy_set_evaluates_by_name() -> None:
    policy = compiled(DISCOUNT)
    together = PolicySet({"discount": policy})
    assert together.evaluate("discount", {"amount": 1, "tier": "gold", "new": True}).rows == ("small",)
    assert list(together) == ["discount"]
    assert together["discount"] is policy
    assert together.digest == PolicySet({"discount": compiled(DISCOUNT)}).digest
    assert together.digest != PolicySet({}).digest
    with pytest.raises(NotFound, match="no version of policy other is in force"):
        together.evaluate("other", {})


def test_a_decision_is_bound_to_its_evaluations() -> None:
    from uuid import UUID

    from headgate.kernel.clock import SystemClock

    policy = compiled(DISCOUNT)
    both = [policy.evaluate({"amount": a, "tier": "gold", "new": False}) for a in (1, 2000)]
    draft = draft_decision(UUID(int=1), SystemClock().now(), both, subject_type="order", subject="O-1")
    assert (draft.policy, draft.version, draft.outcome, draft.row_ids) == ("discount", 1, "pass", ("gold_large",))
    assert json.loads(draft.evaluations) == [e.as_json() for e in both]
    assert draft.digest == decision_digest(draft.evaluations)
    assert draft.digest != decision_digest(draft.evaluations + " ")


def test_an_input_that_nobody_gave_is_marked_where_its_default_stands_in() -> None:
    policy = compiled(
        table(
            "first",
            "{name: tier, type: string, default: silver}, {name: note, type: string, nullable: true, default: none}",
            row("a", "", "x"),
        )
    )
    absent = policy.evaluate({})
    assert (absent.inputs, absent.defaulted) == ({"tier": "silver", "note": "none"}, ("tier", "note"))
    assert absent.as_json()["defaulted"] == ["tier", "note"]
    unknown = policy.evaluate({"tier": None, "note": None})
    assert (unknown.inputs, unknown.defaulted) == ({"tier": "silver", "note": None}, ("tier",)), "null is a note's own"
    given = policy.evaluate({"tier": "silver", "note": "none"})
    assert (given.defaulted, "defaulted" in given.as_json()) == ((), False), "the same value, but somebody gave it"
