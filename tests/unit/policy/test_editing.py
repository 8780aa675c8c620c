"""A policy as the grid people edit: what is not touched stays as authored, what is typed is read by its column."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headgate.kernel.errors import Invalid
from headgate.policy import parse_policy
from headgate.policy.core.document import read_document, write_document
from headgate.policy.core.editing import MOST_ROWS, from_grid, read_value, to_grid
from tests.unit.policy.test_document import bare

FILES = sorted((Path(__file__).parents[3] / "packs").glob("*/policies/*.yaml"))
TEXT = """\
policy: limits
version: 1
title: What may pass
owner: finance
hit: first
inputs:
  - {name: amount, type: money, label: Amount, min: 0}
  - {name: tier, type: enum, values: [gold, silver], future: kept}
outputs:
  - {name: outcome, type: enum, values: ["", hold]}
  - {name: hours, type: integer}
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: "", hours: 4}, because: small}
  - {id: large, when: {amount: "> 100"}, then: {outcome: hold, hours: "= amount / 100"}}
tests:
  - {given: {amount: 100, tier: gold}, expect: {hours: 4}, rows: [small]}
"""


def grid_of(text: str = TEXT) -> dict[str, Any]:
    """As it goes through the browser."""
    return dict(json.loads(json.dumps(to_grid(read_document(text)))))


def back(grid: dict[str, Any], text: str = TEXT) -> dict[str, Any]:
    return from_grid(read_document(text), grid)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_grid_that_nobody_touched_is_the_same_policy(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert bare(parse_policy(write_document(back(grid_of(text), text)))) == bare(parse_policy(text))


def test_an_edited_cell_is_read_by_its_column_and_the_rest_stays() -> None:
    grid = grid_of()
    grid["rows"][0]["when"]["amount"] = "<= 80"
    grid["rows"][0]["then"]["hours"] = "12"
    grid["rows"][1]["then"]["outcome"] = ""
    grid["tests"][0]["expect"]["hours"] = "12"
    found = back(grid)
    assert found["rows"][0] == {
        "id": "small",
        "when": {"amount": "<= 80"},
        "then": {"outcome": "", "hours": 12},
        "because": "small",
    }
    assert found["rows"][1]["then"] == {"outcome": "", "hours": "= amount / 100"}
    assert found["tests"][0] == {"given": {"amount": 100, "tier": "gold"}, "expect": {"hours": 12}, "rows": ["small"]}
    assert found["inputs"][1]["future"] == "kept"


def test_rows_come_go_and_change_places() -> None:
    grid = grid_of()
    grid["rows"] = [grid["rows"][1], {"id": "new", "when": {"tier": "'gold'", "amount": "-"}, "then": {"hours": "1"}}]
    found = back(grid)
    assert [r["id"] for r in found["rows"]] == ["large", "new"]
    assert found["rows"][1] == {"id": "new", "when": {"tier": "'gold'"}, "then": {"outcome": "", "hours": 1}}


def test_a_column_comes_with_its_values_and_one_that_goes_takes_its_cells_along() -> None:
    grid = grid_of()
    grid["inputs"] = [grid["inputs"][0], {"name": "region", "type": "enum", "values": ["EU", "US"], "nullable": "true"}]
    found = back(grid)
    assert found["inputs"][1] == {"name": "region", "type": "enum", "values": ["EU", "US"], "nullable": True}
    assert found["tests"][0]["given"] == {"amount": 100, "region": None}  # what may be unknown is given as unknown


def test_a_default_comes_and_goes() -> None:
    grid = grid_of()
    grid["default"] = {"then": {"outcome": "hold", "hours": "2"}, "because": ""}
    assert back(grid)["default"] == {"outcome": "hold", "hours": 2}
    grid["default"]["because"] = "nothing fits"
    assert back(grid)["default"] == {"then": {"outcome": "hold", "hours": 2}, "because": "nothing fits"}
    grid["default"] = None
    assert "default" not in back(grid, TEXT + "default: {outcome: hold, hours: 1}\n")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("money", "5.50", Decimal("5.50")),
        ("number", "five", "five"),
        ("percent", "= a * 2", "= a * 2"),
        ("bool", "true", True),
        ("bool", "yes", "yes"),
        ("string", "5", "5"),
        ("enum", "null", None),
        ("list", "a, b", ["a", "b"]),
        ("date", "2026-01-01", "2026-01-01"),
    ],
)
def test_what_is_typed_is_read_by_the_type(kind: str, text: str, value: object) -> None:
    found = read_value(kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": "none"},
        {"rows": [1]},
        {"rows": [{}] * (MOST_ROWS + 1)},
        {"inputs": None},
        {"tests": [{"name": "x" * 3_000}]},
        {"settings": {"title": "x" * 3_000}},
    ],
)
def test_what_is_no_grid_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="grid"):
        back({**grid_of(), **wrong})


RICH = TEXT.replace(
    "  - {name: amount, type: money, label: Amount, min: 0}\n",
    "  - {name: amount, type: money, currency: EUR, default: 1.50}\n"
    "  - {name: due, type: date, min: 2026-01-01, default: null, nullable: true}\n"
    "  - {name: risk, type: string, from: rating.level}\n"
    "  - {name: tags, type: list, default: [a, b]}\n",
)


def test_currency_source_default_and_ends_of_a_column_are_edited_and_kept() -> None:
    grid = grid_of(RICH)
    amount, due, risk, tags = grid["inputs"][:4]
    assert (amount["currency"], amount["default"], due["default"], risk["source"], tags["default"]) == (
        "EUR",
        "1.50",
        "null",
        "rating.level",
        "a, b",
    )
    assert back(grid, RICH)["inputs"] == read_document(RICH)["inputs"], "what nobody touched stays as it was"
    amount.update(currency="", default="")
    due.update(default="2026-02-01", max="2026-12-31")
    risk.update(source="")
    tags.update(default="a, c")
    grid["inputs"].append({"name": "within", "type": "duration", "max": "P3D", "default": "PT4H", "nullable": "false"})
    found = {column["name"]: column for column in back(grid, RICH)["inputs"]}
    assert found["amount"] == {"name": "amount", "type": "money"}
    assert (found["due"]["default"], found["due"]["min"], found["due"]["max"]) == (
        "2026-02-01",
        "2026-01-01",
        "2026-12-31",
    )
    assert found["risk"] == {"name": "risk", "type": "string"}
    assert found["tags"]["default"] == ["a", "c"]
    assert found["within"] == {"name": "within", "type": "duration", "max": "P3D", "default": "PT4H"}


def test_the_empty_text_is_a_default_of_its_own() -> None:
    text = TEXT.replace(
        "outputs:\n", "outputs:\n  - {name: exception, type: enum, values: ['', late], default: ''}\n", 1
    )
    grid = grid_of(text)
    column = grid["outputs"][0]
    assert column["default"] == "''"
    for typed, kept in (("''", ""), ("late", "late"), (" '' ", "")):
        column["default"] = typed
        assert back(grid, text)["outputs"][0]["default"] == kept
    column["default"] = ""
    assert "default" not in back(grid, text)["outputs"][0]
