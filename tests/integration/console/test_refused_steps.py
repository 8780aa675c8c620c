"""A step in a policy's life that is refused shows the page again with what is wrong, and has changed nothing."""

from __future__ import annotations

import pytest

from tests.integration.console.site import Visitor, words

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
