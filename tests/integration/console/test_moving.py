"""Moving cases to another version in the console: rehearsed, named anew, moved with a reason, and taken back."""

from __future__ import annotations

import re

import pytest

from headgate.kernel.errors import NotFound
from headgate.ledger import audit_list
from tests.integration.console.site import Visitor, words
from tests.integration.process.test_versions import TEXT, put, second, version_of

MOVE = "/processes/order_to_release/move"


def renamed() -> str:
    """Version 3: the stage in which orders wait for approval has another name."""
    text = TEXT.replace("version: 2", "version: 3", 1).replace("- id: exception\n", "- id: deciding\n", 1)
    return text.replace("to: exception}", "to: deciding}").replace("to: exception\n", "to: deciding\n")


@pytest.fixture
def waiting(visitor: Visitor) -> Visitor:
    """Two orders that wait for approval, before somebody who may move them."""
    channel = visitor.channel
    for order, quantity in (("O-1", "10"), ("O-2", "20")):
        channel.order(order, ("S-1", quantity, "8.80"))
    channel.govern()
    return visitor.enter("tom")


def test_a_rehearsal_changes_nothing_and_a_move_says_what_came_of_it(waiting: Visitor) -> None:
    put(waiting.channel, second())
    assert "Move cases to another version" in waiting.get("/processes/order_to_release").text
    told = words(waiting.get(f"{MOVE}?to=3"))
    assert "2 cases can be moved" in told
    assert "Waiting for approval version 2 Waiting for approval 2 O-" in told
    assert "and 1 more" in told
    assert "Second look added stage 'Second look'" in told
    assert version_of(waiting.channel, "O-1") == 2
    refused = waiting.post(MOVE, {"to": "3", "reason": " "})
    assert refused.status_code == 422
    assert "Say in a few words why" in words(refused)
    told = words(waiting.post(MOVE, {"to": "3", "reason": "the second look is for all"}))
    assert "2 cases moved, going on" in told
    here = waiting.client.get(f"{MOVE}?to=3").text
    assert "A migration of this process is not through" in here
    address = re.search(r'href="(/migrations/[0-9a-f-]+)"', here)
    assert address is not None
    part = waiting.client.post(
        f"{address[1]}/go-on",
        data={"csrf": waiting.token()},
        headers={"hx-request": "true", "hx-target": "progress"},
    )
    assert "<html" not in part.text
    assert "2 cases moved Through Take it back" in words(part)
    assert version_of(waiting.channel, "O-1") == 3
    with waiting.channel.app.database.transaction(waiting.channel.tenant) as conn:
        (entry,) = audit_list(conn, action="process.migration_started")
        assert entry.body["reason"] == "the second look is for all"
    assert "going on" in words(waiting.post(f"{address[1]}/take-back"))
    assert "2 cases moved back" in words(waiting.post(f"{address[1]}/go-on"))
    assert version_of(waiting.channel, "O-1") == 2
    again = words(waiting.post(f"{address[1]}/take-back"))
    assert "this migration is undone" in again.lower()
    waiting.enter("fay")
    assert "Take it back" not in waiting.get(address[1]).text
    assert waiting.get(f"{MOVE}?to=3").status_code == 403
    assert waiting.post(f"{address[1]}/go-on").status_code == 403


def test_only_the_cases_of_one_version_are_rehearsed_and_moved(waiting: Visitor) -> None:
    put(waiting.channel, second())
    assert "No open case of this process is in version 3" in words(waiting.get(f"{MOVE}?to=2&from=3"))
    assert "is the version to move to" in words(waiting.get(f"{MOVE}?to=3&from=3"))
    assert "is not installed" in words(waiting.get(f"{MOVE}?to=3&from=9"))
    page = waiting.get(f"{MOVE}?to=3&from=2")
    assert "2 cases can be moved" in words(page)
    assert '<input type="hidden" name="from" value="2">' in page.text
    told = words(waiting.post(MOVE, {"to": "2", "from": "3", "reason": "none of them"}))
    assert "There was no case to move" in told
    assert version_of(waiting.channel, "O-1") == 2


def test_a_stage_that_is_gone_keeps_its_cases_until_it_is_said_what_it_is_called(waiting: Visitor) -> None:
    put(waiting.channel, renamed())
    page = waiting.get(f"{MOVE}?to=3")
    told = words(page)
    assert "0 cases can be moved, 2 cannot" in told
    assert "Version 3 has no stage 'exception'." in told
    assert "Move 0" not in told
    assert 'name="stage:exception"' in page.text
    told = words(waiting.get(f"{MOVE}?to=3&stage:exception=deciding"))
    assert "2 cases can be moved" in told
    assert "is not a stage of version 3" in words(waiting.get(f"{MOVE}?to=3&stage:exception=nowhere"))
    told = words(waiting.post(MOVE, {"to": "3", "stage:exception": "deciding", "reason": "a better name"}))
    assert "2 cases moved" in told
    assert version_of(waiting.channel, "O-2") == 3
    # What comes afterwards finds the case in its new stage.
    waiting.channel.decide("carl", "O-2")
    waiting.channel.govern()
    assert waiting.channel.found("O-2")["status"] == "released"


def test_addresses_that_make_no_sense_are_answered(waiting: Visitor) -> None:
    assert waiting.get("/processes/nothing/move?to=2").status_code == 404
    told = words(waiting.get(f"{MOVE}?to=99"))
    assert "Choose a version" in told
    assert "can be moved" not in told
    assert "No case runs in another version" in words(waiting.get(f"{MOVE}?to=2"))
    assert waiting.post(MOVE, {"to": "7", "reason": "why not"}).status_code == 404
    with pytest.raises(NotFound), waiting.channel.app.database.transaction(waiting.channel.tenant) as conn:
        from headgate.process.migration.service import migration_of

        migration_of(conn, waiting.channel.tenant)
