"""A policy file that is wrong says where: file, line, row, column, and what to do."""

from decimal import Decimal

import pytest

from headgate.kernel.errors import Invalid
from headgate.policy import compile_policy, parse_policy
from headgate.policy.core.source import read_yaml
from tests.unit.policy.samples import DISCOUNT, HEAD, row, table

X = "{name: x, type: number}"


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        compile_policy(parse_policy(text, "sample.yaml"))
    return [str(p) for p in caught.value.problems]


def test_a_file_becomes_a_table_with_lines() -> None:
    parsed = parse_policy(DISCOUNT, "discount.yaml")
    assert (parsed.policy, parsed.version, parsed.hit) == ("discount", 1, "first")
    assert [r.id for r in parsed.rows] == ["gold_large", "large", "small"]
    assert parsed.rows[0].lines["when.tier"] == 15
    assert parsed.rows[0].then["rate"] == Decimal("7.5")
    assert len(parsed.digest) == 64


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("hit: first", "hit: frist"), "discount.yaml:5: hit 'frist' is not known"),
        (("owner: sales", "onwer: sales"), "unknown key onwer in a policy file"),
        (("type: bool", "type: boolean"), "type 'boolean' is not known"),
        (("id: small", "id: large"), "two rows are called large"),
        (("id: small", "id: default"), "a row cannot be called default"),
        (("id: small", "id: Small One"), "is not a name"),
        (("    then: {outcome: hold, rate: 0}\n", ""), "row small: then is missing"),
        (("version: 1", "version: 0"), "version is not a whole number from 1"),
        (("title: How much discount\n", ""), "title is missing"),
        (("values: [gold, silver]", "values: [gold, gold]"), "values has one twice"),
        (("{name: new, type: bool}", "{name: rate, type: bool}"), "rate is an input and an output"),
        (("{name: new, type: bool}", "{name: amount, type: bool}"), "two inputs are called amount"),
        (("{name: new, type: bool}", "{name: new, type: bool, min: 1}"), "min and max are for numbers"),
        (("hit: first", "hit: first\naggregate: sum"), "aggregate is only for hit policy collect"),
        (("clause: §2", "clause: §2\n    wehn: {}"), "row small: unknown key wehn in a row"),
        (("  - {given: {amount: 1000,", "  - {gvien: {}, given: {amount: 1000,"), "unknown key gvien in a test"),
    ],
)
def test_a_wrong_shape_is_named_with_its_line(change: tuple[str, str], told: str) -> None:
    text = DISCOUNT.replace(*change)
    assert text != DISCOUNT
    with pytest.raises(Invalid) as caught:
        parse_policy(text, "discount.yaml")
    assert any(told in str(p) for p in caught.value.problems), caught.value.problems


def test_every_problem_is_told_at_once() -> None:
    text = (
        DISCOUNT.replace("owner: sales", "onwer: sales")
        .replace("id: small", "id: large")
        .replace("type: bool", "type: x")
    )
    with pytest.raises(Invalid, match=r"and \d more") as caught:
        parse_policy(text, "discount.yaml")
    assert len(caught.value.problems) >= 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("just text", "is not a mapping"),
        ("a: [1", "is not YAML"),
        ("a: 1\na: 2", "gives a twice"),
        ("a: &x 1\nb: *x", "anchor or alias"),
        ("a: !!python/object/apply:os.system ['id']", "uses the YAML tag"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: " + "[" * 20 + "]" * 20, "nests deeper than 12 levels"),
        ("a: " + "x" * 2_100_000, "larger than 2,000,000 bytes"),
        ("a: \x00", "is not YAML"),
        ("{[1]: 2}", "has a key that is not text"),
    ],
)
def test_what_is_not_plain_bounded_yaml_is_refused(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=r"bad\.yaml") as caught:
        parse_policy(text, "bad.yaml")
    assert told in caught.value.message


def test_yaml_scalars_are_read_without_surprises() -> None:
    read = read_yaml("{a: yes, b: NO, c: 1.10, d: 007, e: 2026-01-01, f: 12, g: true, h: null, i: 1e3, j: '5'}", "x")
    assert read.plain() == {
        "a": "yes",
        "b": "NO",
        "c": Decimal("1.10"),
        "d": "007",
        "e": "2026-01-01",
        "f": 12,
        "g": True,
        "h": None,
        "i": "1e3",
        "j": "5",
    }


def test_an_unknown_field_names_file_row_and_column() -> None:
    text = table("first", X, row("a", 'xx: "> 1"') + row("b", 'x: "> 1"'))
    assert problems(text) == ["sample.yaml:9 row a column xx: xx is not an input. Use one of x, or declare it."]
    text = table("first", X, "  - {id: a, then: {out: x, other: y}}")
    assert "sample.yaml:9 row a column other: other is not an output" in problems(text)[0]


def test_a_type_error_names_file_row_and_column() -> None:
    text = table("first", X, row("a", "x: \"'gold'\""))
    assert problems(text) == [
        "sample.yaml:9 row a column x: \"'gold'\": x is of type number, the cell compares it with a text."
    ]


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("{name: x, type: bool}", "1", "x is of type bool, the cell compares it with a number"),
        ("{name: x, type: date}", "> 5", "x is of type date"),
        ("{name: x, type: enum, values: [a, b]}", "'c'", "'c' is not one of a, b"),
        ("{name: x, type: number}", "null", "x is never null; declare it nullable: true"),
        ("{name: x, type: list}", "'a'", "a list is tested with an expression"),
        ("{name: x, type: string}", "gold", "write 'gold' in quotes"),
        ("{name: x, type: money}", "> 5 and < 9", "computes in floats"),
        ("{name: x, type: number}", "> ", "is not an expression"),
        ("{name: x, type: number}", "5 +", "is not an expression"),
        ("{name: x, type: number}", "$ + 1", "gives a number, not true or false"),
    ],
)
def test_a_cell_that_does_not_fit_or_parse_is_named(column: str, cell: str, told: str) -> None:
    (problem,) = problems(table("first", column, row("a", f'x: "{cell}"')))
    assert problem.startswith("sample.yaml:9 row a column x: ")
    assert told in problem


@pytest.mark.parametrize(
    ("outputs", "then", "told"),
    [
        ("{name: out, type: number}", "abc", "'abc' is not of type number"),
        ("{name: out, type: integer}", "1.5", "is not of type integer"),
        ("{name: out, type: bool}", "yes", "'yes' is not of type bool"),
        ("{name: out, type: date}", "soon", "'soon' is not of type date"),
        ("{name: out, type: enum, values: [a]}", "b", "'b' is not one of a"),
        ("{name: out, type: string}", "null", "out is null"),
        ("{name: out, type: string}", '"= x * 2"', "=x * 2 gives a number, out is of type string"),
        ("{name: out, type: number}", '"= y"', "y is not an input"),
    ],
)
def test_an_output_that_does_not_fit_is_named(outputs: str, then: str, told: str) -> None:
    (problem,) = problems(table("first", X, row("a", "", then), outputs=outputs))
    assert problem.startswith("sample.yaml:9 row a column out: ")
    assert told in problem


def test_an_output_left_out_is_named() -> None:
    (problem,) = problems(table("first", X, "  - {id: a, then: {}}"))
    assert "row a column out: gives no out" in problem


@pytest.mark.parametrize(
    ("because", "told"), [("{y} is odd", "{y} is not an input"), ("{x.__class__}", "a brace"), ("{x} {", "a brace")]
)
def test_a_reason_holds_input_names_and_nothing_else(because: str, told: str) -> None:
    text = table("first", X, f'  - {{id: a, then: {{out: x}}, because: "{because}"}}')
    assert told in problems(text)[0]


def test_a_priority_table_needs_a_ranking() -> None:
    with pytest.raises(Invalid, match="the first output of a priority table needs values"):
        parse_policy(table("priority", X, row("a", "")), "sample.yaml")
    word = "{name: x, type: string}"
    text = table("priority", word, row("a", "", '"= x"'), outputs="{name: out, type: enum, values: [a, b]}")
    assert any("ranks by this output" in p for p in problems(text))


def test_the_digest_is_of_the_text() -> None:
    assert parse_policy(DISCOUNT).digest != parse_policy(DISCOUNT + "# a remark\n").digest
    assert parse_policy(DISCOUNT).digest == parse_policy(DISCOUNT, "elsewhere.yaml").digest


def test_too_many_rows_are_refused() -> None:
    rows = "".join(row(f"r{n}", "") for n in range(5001))
    with pytest.raises(Invalid, match="rows has more than 5,000 entries"):
        parse_policy(table("first", X, rows), "sample.yaml")


def test_a_head_alone_says_what_is_missing() -> None:
    with pytest.raises(Invalid) as caught:
        parse_policy(HEAD, "sample.yaml")
    told = " ".join(p.message for p in caught.value.problems)
    assert all(f"a policy needs {part}" in told for part in ("inputs", "outputs", "rows"))
    assert "hit is missing" in told
