"""A step in a policy's life that is refused shows the page again with what is wrong, and has changed nothing."""

from __future__ import annotations

import pytest

from headgate.packs import find_pack
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import AUTHOR

VERSION = "/policies/price_deviation/versions/1"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": ""}, "Say why it ends."),
        ({"reason": "over", "end": "next week"}, "date and time"),
        ({"reason": "over", "end": "2026-03-29T02:30"}, "the clocks are put forward then"),
    ],
    ids=["no reason", "no date", "an hour that is skipped"],
)
def test_a_version_is_not_retired_by_a_form_that_is_wrong(visitor: Visitor, fields: dict[str, str], said: str) -> None:
    visitor.enter("fiona")
    answer = visitor.post(f"{VERSION}/retire", fields)
    assert answer.status_code == 422, words(answer)
    assert said in words(answer)
    assert "price Active" in words(visitor.get(VERSION))


@pytest.mark.parametrize("end", ["", "2030-01-01T00:00"], ids=["now", "at a date"])
def test_a_version_that_a_process_reads_is_not_retired_and_the_page_names_the_reader(
    visitor: Visitor, end: str
) -> None:
    visitor.enter("fiona")
    answer = visitor.post(f"{VERSION}/retire", {"reason": "over", "end": end})
    assert answer.status_code == 422, words(answer)
    assert "rocess order_to_release version " in words(answer)
    assert "which asks policy price_deviation, and no version of it would be in force" in words(answer)
    assert "price Active" in words(visitor.get(VERSION))


def test_what_a_process_reads_stands_in_the_editor_and_keeps_a_version_from_review(visitor: Visitor) -> None:
    channel, page = visitor.channel, "/policies/return_settlement/versions/2"
    text = (find_pack("order_governance") / "policies" / "return_settlement.yaml").read_text(encoding="utf-8")
    lost = text.replace("outcome: ", "outcomes: ").replace("name: outcome,", "name: outcomes,")
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), lost.replace("version: 1", "version: 2", 1))
    told = "process return_authorisation version 1 (processes/return_authorisation.yaml, line "
    visitor.enter("carl")
    editor = words(visitor.get(f"{page}/edit"))
    assert told in editor
    assert "Did you mean outcomes?" in editor
    answer = visitor.post(f"{page}/submit", {})
    assert answer.status_code == 422, words(answer)
    assert told[1:] in words(answer)
    with channel.app.database.transaction(channel.tenant) as conn:
        assert channel.app.policies.get(conn, "return_settlement", 2).status == "draft"


def test_a_sentence_that_its_cell_left_behind_is_told_in_the_editor_before_review_and_to_the_reviewer(
    visitor: Visitor,
) -> None:
    channel, page = visitor.channel, "/policies/price_deviation/versions/2"
    text = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")
    lower = text.replace("(2..5]", "(2..3]").replace("at 5 %", "at 3 %").replace('"5.00"', '"3.00"')
    lower = lower.replace("beyond 5 %", "beyond 3 %").replace('"5.01"', '"3.01"').replace("version: 1", "version: 2", 1)
    with channel.app.database.transaction(channel.tenant) as conn:
        drafted = channel.app.policies.draft(conn, channel.context(AUTHOR), lower)
    assert [issue.rule for issue in drafted.remarks] == ["sentences"]
    told = "the sentence still names 5, which the cells held in the version in force and hold no more"
    visitor.enter("carl")
    assert told in words(visitor.get(f"{page}/edit"))
    assert told in words(visitor.get(page))
    visitor.post(f"{page}/submit", {})
    visitor.enter("fiona")
    review = words(visitor.get(f"{page}/review"))
    assert told in review
    assert "new in the cells: 3." in review
