"""Numbers in an approval's edit: shown and read as the reader writes them, refused beside the field."""

from __future__ import annotations

import re

import pytest

from tests.integration.console.site import Response, Visitor, words
from tests.integration.console.test_approving import let_go, two_more


def german(held: Visitor) -> Visitor:
    two_more(held).enter("carl")
    held.client.headers["accept-language"] = "de"
    return held


def typed(page: Response, name: str) -> tuple[str, bool]:
    """What a field holds, and whether it is marked as wrong."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]*>', page.text)
    assert found, words(page)
    value = re.search(r' value="([^"]*)"', found[0])
    assert value
    return value[1], 'aria-invalid="true"' in found[0]


def test_a_german_reader_finds_and_types_german_numbers(held: Visitor) -> None:
    page = german(held).get(f"{held.approval_of('O-2')}?edit=1")
    assert typed(page, "price:1")[0] == "9,00"
    assert "." not in typed(page, "quantity:1")[0]
    done = let_go(held, held.decide("O-2", "edit", "etwas mehr", **{"price:1": "9,60", "quantity:1": ""}))
    assert done.status_code == 200
    assert [str(line["unit_price"]) for line in held.channel.found("O-2")["lines"]] == ["9.60"]


def test_what_was_left_as_it_stood_is_no_change(held: Visitor) -> None:
    page = german(held).get(f"{held.approval_of('O-2')}?edit=1")
    same = {name: typed(page, name)[0] for name in ("price:1", "quantity:1")}
    answer = held.decide("O-2", "edit", "nichts", **same)
    assert answer.status_code == 422
    assert "Ändern Sie einen Preis oder eine Menge" in words(answer)


@pytest.mark.parametrize("wrong", ["1,234.50", "9,5,0", "neun", "9.50 EUR", "1e3", "NaN"])
def test_what_is_no_number_of_theirs_is_refused_beside_the_field_and_kept(held: Visitor, wrong: str) -> None:
    german(held)
    answer = held.decide("O-2", "edit", "etwas mehr", **{"price:1": wrong, "quantity:1": "4"})
    assert answer.status_code == 422
    assert typed(answer, "price:1") == (wrong, True)
    assert typed(answer, "quantity:1") == ("4", False)
    assert f"Der Preis ist keine Zahl ({wrong}). Schreiben Sie wie 1234,50." in words(answer)
    assert 'aria-describedby="edit-hint line-1-error"' in answer.text
    assert held.channel.approval("O-2").status == "pending"


def test_what_the_rules_refuse_marks_its_field_too(held: Visitor) -> None:
    answer = german(held).decide("O-2", "edit", "weniger", **{"price:1": "1,50"})
    assert answer.status_code == 422
    assert typed(answer, "price:1") == ("1,50", True)


def test_after_an_undo_the_number_stands_as_they_typed_it(held: Visitor) -> None:
    going = german(held).decide("O-2", "edit", "etwas mehr", **{"price:1": "9,50"})
    undo = re.search(r'action="(/held-decisions/[^"]+/undo)"', going.text)
    assert undo
    assert typed(held.post(undo[1], {"there": "request"}), "price:1")[0] == "9,50"
