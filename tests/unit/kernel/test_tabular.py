"""Lists of like objects as tables, and written out again."""

from __future__ import annotations

import pytest

from headgate.kernel.tabular import expand


def test_a_table_is_a_list_of_objects() -> None:
    table = {"$columns": ["line", "price.asked"], "$rows": [["1", "9.50"], ["2", None]]}
    assert expand(table) == [{"line": "1", "price": {"asked": "9.50"}}, {"line": "2", "price": {"asked": None}}]


def test_what_all_rows_have_in_common_is_said_once() -> None:
    table = {
        "$always": {"trace.currency": "EUR", "policy": "limits"},
        "$columns": ["line", "trace.amount"],
        "$rows": [["1", "5"]],
        "$same": {"trace.asked": "trace.amount", "number": "line"},
    }
    assert expand({"lines": table}) == {
        "lines": [
            {
                "line": "1",
                "number": "1",
                "policy": "limits",
                "trace": {"currency": "EUR", "amount": "5", "asked": "5"},
            }
        ]
    }


def test_a_column_can_be_a_table_of_its_own() -> None:
    table = {
        "$columns": ["line", ["picks", ["place", "quantity"]]],
        "$rows": [["1", [["B", "2"], ["H", "3"]]], ["2", []]],
    }
    assert expand(table) == [
        {"line": "1", "picks": [{"place": "B", "quantity": "2"}, {"place": "H", "quantity": "3"}]},
        {"line": "2", "picks": []},
    ]


def test_several_tables_make_one_list() -> None:
    first, second = {"$columns": ["a"], "$rows": [[1]]}, {"$columns": ["b"], "$rows": [[2], [3]]}
    assert expand({"$tables": [first, second]}) == [{"a": 1}, {"b": 2}, {"b": 3}]
    assert expand({"$tables": []}) == []


@pytest.mark.parametrize("value", [None, "text", 1, [1, {"a": []}], {"columns": ["a"], "rows": [[1]]}])
def test_anything_else_stays_as_it_is(value: object) -> None:
    assert expand(value) == value


def test_a_row_that_does_not_fit_its_columns_is_an_error() -> None:
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        expand({"$columns": ["a", "b"], "$rows": [[1]]})


def test_columns_that_are_not_wanted_are_left_out_with_what_repeats_them() -> None:
    table = {
        "$always": {"said.digest": "ab", "said.version": 1},
        "$columns": ["line", "said.reasons", ["picks", ["place", "quantity"]]],
        "$rows": [["1", ["because"], [["B", "2"]]]],
        "$same": {"why": "said.reasons", "number": "line"},
    }
    leaving = frozenset({"said.digest", "said.reasons", "picks"})
    assert expand(table, leaving) == [{"line": "1", "number": "1", "said": {"version": 1}}]
