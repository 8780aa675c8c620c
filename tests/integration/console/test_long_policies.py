"""A decision table longer than a page, as price lists make them: looked at in parts, compared by what differs."""

from __future__ import annotations

import json

import pytest

from headgate.console.pages import policy_edit
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import AUTHOR

ROWS = 620
PAGE = "/policies/slabs/versions/1"


def text(version: int, changed: int = -1) -> str:
    rows = "".join(
        f'  - {{id: r{n}, when: {{amount: "[{n}..{n + 1})"}}, then: {{rate: {7 if n == changed else 5}}}}}\n'
        for n in range(ROWS)
    )
    return f"""\
policy: slabs
version: {version}
title: Rates by amount
owner: pricing
hit: unique
inputs:
  - {{name: amount, type: number, min: 0}}
outputs:
  - {{name: rate, type: integer}}
rows:
{rows}default: {{rate: 0}}
tests:
  - {{name: the third, given: {{amount: "2.5"}}, expect: {{rate: 5}}}}
  - {{name: beyond, given: {{amount: "9999"}}, expect: {{rate: 0}}}}
"""


def test_a_long_table_is_shown_in_parts_and_compared_by_what_differs(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        for version in (1, 2):
            channel.app.policies.draft(conn, channel.context(AUTHOR), text(version, 599 if version > 1 else -1))
    visitor.enter("carl")
    first = visitor.get(PAGE)
    assert "Rows 1 to 500 of 620" in words(first)
    assert 'id="row-r499"' in first.text
    assert 'id="row-r500"' not in first.text
    assert f'href="{PAGE}?after=500"' in first.text
    last = visitor.get(f"{PAGE}?after=500")
    assert "Rows 501 to 620 of 620" in words(last)
    assert f'rel="prev" href="{PAGE}"' in last.text
    assert 'id="row-r543"' in visitor.get(f"{PAGE}?row=r543").text, "the part in which a linked row stands"
    assert "Rows 501 to 620" in words(visitor.get(f"{PAGE}?after=99999"))
    changed = visitor.get("/policies/slabs/versions/2/diff")
    assert "r599" in words(changed)
    assert "r598" not in words(changed)
    assert "620 rows are left out here" in words(changed)


def test_a_long_table_does_not_stand_in_its_page_which_asks_for_it(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = visitor.channel
    monkeypatch.setattr(policy_edit, "MOST_IN_PAGE", 1_000)
    monkeypatch.setattr(policy_edit, "MOST_ISSUES", 50)
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), text(1))
    visitor.enter("carl")
    page = visitor.get(f"{PAGE}/edit")
    assert f'data-load="{PAGE}/edit-grid"' in page.text
    assert "r619" not in page.text
    told = visitor.get(f"{PAGE}/edit-grid").json()
    assert [row["id"] for row in told["grid"]["rows"]][-1] == "r619"
    assert (len(told["issues"]), told["more"]) == (50, 569), "rows that no test reaches"
    assert (told["errors"], told["fit"]) == (0, True)
    as_text = visitor.get(f"{PAGE}/edit?as=text")
    assert 'id="policy-editor"' not in as_text.text
    assert "{id: r619" in as_text.text


def test_a_grid_that_is_checked_says_the_same_as_its_file(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), text(1))
    visitor.enter("carl")
    told = visitor.get(f"{PAGE}/edit-grid").json()
    grid = told["grid"]
    grid["rows"][300]["when"]["amount"] = "[300..301.5)"
    answer = visitor.post(f"{PAGE}/edit-check", {"text": told["text"], "grid": json.dumps(grid)}).json()
    assert "grid" not in answer
    assert (answer["errors"], answer["issues"][0]["row"]) == (1, "r301")
    assert answer["issues"][0]["message"] == "overlaps row r300: both fit amount 301"
