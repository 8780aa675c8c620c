"""Tables nobody should have written: too large, too deep, empty ranges, odd texts, money taken for percentages."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings

from headgate.kernel.errors import Invalid
from headgate.policy import Issue, compile_policy, lint, parse_policy
from headgate.policy.core.unary import holds, parse_unary
from tests.unit.policy.samples import compiled, row, table
from tests.unit.policy.test_lint import EVERYTHING, INPUTS, NUMBER, ROWS

MONEY = "{name: amount, type: money}, {name: pct, type: percent}, {name: limit, type: money}"


def found(text: str, rule: str) -> list[Issue]:
    return [i for i in lint(parse_policy(text, "sample.yaml")) if i.rule == rule]


def problems(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        compile_policy(parse_policy(text, "sample.yaml"))
    return caught.value.message


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_an_indexed_table_decides_as_a_plain_walk_of_its_rows(rows: list[dict[str, str]]) -> None:
    cells = [", ".join(f'{k}: "{v}"' for k, v in when.items()) for when in rows]
    policy = compiled(table("collect", INPUTS, "".join(row(f"r{i}", w) for i, w in enumerate(cells))))
    read = [{k: parse_unary(v) for k, v in when.items()} for when in rows]
    for facts in EVERYTHING:
        typed = {k: Decimal(v) if isinstance(v, int) else v for k, v in facts.items()}
        walked = [f"r{i}" for i, r in enumerate(read) if all(holds(t, typed[k]) for k, t in r.items())]
        assert list(policy.evaluate(facts).rows) == walked


def test_fifty_thousand_rows_are_refused_with_the_limit() -> None:
    text = table("first", NUMBER, "".join(row(f"r{n}", f'x: "{n}"') for n in range(50_000)))
    with pytest.raises(Invalid, match=r"rows has more than 5,000 entries: 50,000.*Split the policy"):
        parse_policy(text)


@pytest.mark.slow
def test_thousands_of_rows_are_read_linted_and_decide() -> None:
    rows = "".join(row(f"r{n}", f'x: "[{n}..{n + 1})"') for n in range(5_000))
    text = table("unique", NUMBER, rows)
    assert {i.rule for i in lint(parse_policy(text))} == {"gaps", "missing_tests"}
    assert compiled(text + "default: {out: none}\n").evaluate({"x": "4999.5"}).rows == ("r4999",)


def test_a_thousand_rows_of_a_list_of_values_each_are_still_read_and_linted() -> None:
    rows = "".join(
        row(f"r{n}", f's: "{", ".join(f"{chr(39)}sku{n}-{k}{chr(39)}" for k in range(20))}"') for n in range(1_000)
    )
    text = table("unique", "{name: s, type: string}", rows)
    assert [i.rule for i in lint(parse_policy(text))] == ["gaps", "missing_tests"]
    assert compiled(text + "default: {out: none}\n").evaluate({"s": "sku999-19"}).rows == ("r999",)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("(" * 200 + "x" + ")" * 200, "nests deeper than 16 levels"),
        ("> " + " + ".join(["x"] * 120), "has more than 64 operators"),
        ("> " + "-" * 100 + "x", "nests deeper than 32 levels"),
        ("> " + "not " * 60 + "true", "nests deeper than 32 levels"),
        ("> 1" + "0" * 480, "has more than 40 digits"),
        ("> " + "x" * 600, "longer than 500 characters"),
        (", ".join(["1"] * 201), "longer than 500 characters"),
        ("9 ^ 9 ^ 9 > 1", r"\^ is not allowed"),
        ("sum(map([1..1000000], # * 2)) > 1", "is not allowed in a policy"),
        ("contains(repeat('x', 1000000000), $)", "the function repeat is not allowed"),
    ],
)
def test_a_formula_bomb_is_refused_when_it_is_read(cell: str, told: str) -> None:
    assert re.search(told, problems(table("first", NUMBER, row("a", f'x: "{cell}"'))))
    assert re.search(
        told,
        problems(
            table("first", NUMBER, row("a", "", f'"= {cell.removeprefix("> ")}"'), outputs="{name: out, type: number}")
        ),
    )


def test_a_formula_cannot_grow_a_number_or_a_text_without_end() -> None:
    product = " * ".join(["x"] * 60)
    policy = compiled(table("first", NUMBER, row("a", "", f'"= {product}"'), outputs="{name: out, type: number}"))
    with pytest.raises(Invalid, match="is not of type number"):
        policy.evaluate({"x": "999999999999999"})
    word = compiled(table("first", "{name: s, type: string}", row("a", "", f'"= {" + ".join(["s"] * 60)}"')))
    assert len(word.evaluate({"s": "x" * 100}).outputs["out"]) == 6_000


@pytest.mark.parametrize(
    ("cell", "message", "fix"),
    [
        ("[6..4]", "the range [6..4] is empty: its ends are the wrong way round", "Write [4..6]."),
        ("> 10, (9..3)", "the range (9..3) is empty: its ends are the wrong way round", "Write [3..9]."),
        ("not([6..4])", "the range [6..4] is empty: its ends are the wrong way round", "Write [4..6]."),
        ("[5..5)", "the range [5..5) is empty: it leaves out its only value", "Write 5."),
        ("(5..5)", "the range (5..5) is empty: it leaves out its only value", "Write 5."),
    ],
)
def test_an_empty_range_is_said_to_be_empty(cell: str, message: str, fix: str) -> None:
    (issue,) = found(table("first", NUMBER, row("a", f'x: "{cell}"')), "suspect")
    assert (issue.message, issue.fix, issue.row, issue.column, issue.line) == (message, fix, "a", "x", 9)
    assert not found(table("first", NUMBER, row("a", 'x: "[5..5], [4..6)"')), "suspect")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (" gold", "begins or ends with a space"),
        ("gold\u00a0card", "holds the invisible character U+00A0"),
        ("go\u200bld", "holds the invisible character U+200B"),
        ("cafe\u0301", "has letters made of two characters"),
    ],
)
def test_a_text_that_nobody_can_type_is_remarked(word: str, told: str) -> None:
    (issue,) = found(table("first", "{name: s, type: string}", row("a", f"s: \"'{word}'\"") + row("b", "")), "suspect")
    assert told in issue.message
    (issue,) = found(table("first", NUMBER, row("a", "", f'"{word}"')), "suspect")
    assert told in issue.message
    enum = f'{{name: s, type: enum, values: ["{word}", other]}}'
    assert told in found(table("first", enum, row("a", "")), "suspect")[0].message


@pytest.mark.parametrize("cell", ["‘gold’", "“gold”", "„gold“", "«gold»"])
def test_typographic_quotes_are_named(cell: str) -> None:
    told = problems(table("first", "{name: s, type: string}", row("a", f's: "{cell}"')))
    assert "is a typographic quote; write straight ones: 'gold'" in told


@pytest.mark.parametrize("word", ["ß", "日本", "🙂", "O'Brien", "Ζεύς", "a\\b", "{x}", "#1", "%"])
def test_any_text_between_straight_quotes_is_only_text(word: str) -> None:
    quote = '"' if "'" in word else "'"
    cell = f"{quote}{word}{quote}".replace("\\", "\\\\").replace('"', '\\"')
    policy = compiled(table("first", "{name: s, type: string}", row("a", f's: "{cell}"') + row("b", "")))
    assert [policy.evaluate({"s": s}).rows for s in (word, word + " ")] == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("cell", "told"),
    [("> pct", "> puts money beside a percentage"), ("> limit + pct", "+ puts money beside a percentage")],
)
def test_money_compared_with_a_percentage_is_an_error(cell: str, told: str) -> None:
    (issue,) = found(table("first", MONEY, row("a", f'amount: "{cell}"') + row("b", "")), "units")
    assert told in issue.message
    assert (issue.severity, issue.row, issue.column) == ("error", "a", "amount")


def test_a_percentage_of_money_is_money() -> None:
    money = "{name: out, type: money}"
    for formula in ("amount * pct / 100", "min([amount * pct / 100, limit])", "amount - round(amount * pct / 100, 2)"):
        assert not found(table("first", MONEY, row("a", "", f'"= {formula}"'), outputs=money), "units")
    (issue,) = found(table("first", MONEY, row("a", "", '"= amount - pct"'), outputs=money), "units")
    assert "- puts money beside a percentage" in issue.message
    (issue,) = found(table("first", MONEY, row("a", "", '"= pct"'), outputs=money), "units")
    assert "gives a percentage, out is of type money" in issue.message
    (issue,) = found(table("first", MONEY, row("a", "", '"= max([limit, pct])"'), outputs=money), "units")
    assert "max puts money beside a percentage" in issue.message


def test_percentages_that_look_like_fractions_are_remarked() -> None:
    rows = row("a", 'pct: "> 0.15"') + row("b", 'pct: "<= 0.15"')
    (issue,) = found(table("first", "{name: pct, type: percent, min: 0}", rows), "units")
    assert (issue.severity, issue.column, issue.fix) == ("warning", "pct", "Write 15 for 15 %.")
    assert not found(table("first", "{name: pct, type: percent}", rows.replace("0.15", "15")), "units")


def test_a_percent_sign_in_a_cell_is_refused() -> None:
    assert "sample.yaml:9" in problems(table("first", "{name: pct, type: percent}", row("a", 'pct: "> 15%"')))
