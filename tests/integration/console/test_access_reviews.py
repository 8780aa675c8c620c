"""Reviews of access in the console: opened, decided many at once, refused with what was typed, signed, exported."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from headgate import access
from headgate.access.reviews import check_review_file, list_items, list_reviews
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

LAST_DAY = "2026-03-31"


def opened(visitor: Visitor, *reviewers: str, **fields: str) -> str:
    """The address of a review that Tom opened."""
    visitor.enter("tom")
    form = {"title": "First quarter", "scope": "staff", "due": LAST_DAY, **fields}
    form |= {f"reviewer:{person(each)}": "1" for each in reviewers}
    answer = visitor.post("/access-reviews", form, follow=False)
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["location"])


def numbers(visitor: Visitor, text: str = "") -> dict[str, int]:
    """The grants of the only review: numbers by holder and role."""
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        (review,) = list_reviews(conn, channel.context(SYSTEM))
        found = list_items(conn, review.id, channel.clock.now(), text=text, limit=500)
    return {f"{each.principal} {each.role}": each.item for each in found}


def grants_of(visitor: Visitor, who: str) -> list[str]:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        return [grant.role for grant in access.list_grants(conn, [person(who)])]


def test_an_administrator_lets_others_decide(visitor: Visitor) -> None:
    page = opened(visitor, "carl", "fiona")
    shown = visitor.get(page).text
    assert f'name="reviewer:{person("carl")}" value="1" checked' in shown
    assert f'name="reviewer:{person("tom")}"' not in shown, "who opened it does not decide"
    refused = visitor.post(f"{page}/reviewers", {})
    assert (refused.status_code, "empty" in words(refused)) == (422, True)
    others = {f"reviewer:{person(each)}": "1" for each in ("fiona", "rita")}
    done = visitor.post(f"{page}/reviewers", others)
    assert "Others decide from now on" in words(done)
    assert "Let others decide" not in words(visitor.enter("carl").get(page)), "that is an administrator's"
    assert visitor.post(f"{page}/reviewers", {f"reviewer:{person('carl')}": "1"}).status_code == 403
    assert "you review it" not in words(visitor.get("/access-reviews"))
    assert "you review it" in words(visitor.enter("rita").get("/access-reviews"))


def test_a_review_goes_from_opening_to_the_auditors_file(visitor: Visitor) -> None:
    assert "No review yet" in words(visitor.enter("tom").get("/access-reviews"))
    page = opened(visitor, "carl", "fiona")
    told = words(visitor.get(page))
    assert "Your decision" not in told, "who opens a review does not decide in it"
    assert "It can be signed when every grant is decided." in told
    visitor.enter("carl")
    assert "you review it" in words(visitor.get("/access-reviews"))
    with visitor.counted():
        told = words(visitor.get(f"{page}?pick=all"))
    assert visitor.queries <= 20
    assert "your own: another reviewer decides" in told
    found = numbers(visitor)
    desk = found[f"{person('desk')} order_desk"]
    then = f"{page}?show=open"
    answer = visitor.post(
        f"{page}/decisions",
        {f"grant:{desk}": "1", "decision": "revoke", "reason": "left <i>us</i>", "then": then},
        follow=False,
    )
    assert answer.headers["location"] == then
    assert grants_of(visitor, "desk") == []
    assert "left &lt;i&gt;us&lt;/i&gt;" in visitor.get(f"{page}?show=revoked").text
    rest = {f"grant:{item}": "1" for who, item in found.items() if item != desk and person("carl") not in who}
    told = words(visitor.post(f"{page}/decisions", {**rest, "decision": "keep", "reason": "they all still do this"}))
    assert f"{len(rest)} kept." in told
    visitor.enter("fiona")
    mine = next(item for who, item in found.items() if person("carl") in who)
    told = words(visitor.post(f"{page}/decisions", {f"grant:{mine}": "1", "decision": "keep"}))
    assert "You decided in it, so somebody else signs." in told
    assert visitor.post(f"{page}/sign", {"statement": "all looked at"}).status_code == 422
    visitor.enter("tom")
    told = words(visitor.post(f"{page}/sign", {"statement": "all grants were looked at"}))
    assert "The review is signed and closed." in told
    assert "all grants were looked at" in told
    visitor.enter("ada")  # an auditor
    exported = visitor.get(f"{page}/export.json")
    signed = check_review_file(json.loads(exported.text))
    assert signed["signed_by"] == person("tom")
    assert f",{person('desk')}," in visitor.get(f"{page}/export.csv").text
    assert visitor.get(f"{page}/export.xlsx").status_code == 404


def test_a_refused_decision_changes_nothing_and_keeps_what_was_picked_and_typed(visitor: Visitor) -> None:
    page = opened(visitor, "carl", "fiona")
    visitor.enter("carl")
    desk = numbers(visitor)[f"{person('desk')} order_desk"]
    refused = visitor.post(f"{page}/decisions", {f"grant:{desk}": "1", "decision": "revoke", "reason": "no"})
    assert refused.status_code == 422
    assert "Say why in 3 to 500 characters" in words(refused)
    assert re.search(rf'name="grant:{desk}" value="1" checked', refused.text)
    assert ">no</textarea>" in refused.text
    assert visitor.post(f"{page}/decisions", {"decision": "keep"}).status_code == 422
    assert visitor.post(f"{page}/decisions", {f"grant:{desk}": "1", "decision": "burn"}).status_code == 422
    assert grants_of(visitor, "desk") == ["order_desk"]
    away = visitor.post(
        f"{page}/decisions",
        {f"grant:{desk}": "1", "decision": "keep", "then": "https://elsewhere.example/"},
        follow=False,
    )
    assert away.headers["location"] == page


def test_revoking_signing_and_opening_ask_for_a_fresh_proof(visitor: Visitor) -> None:
    page = opened(visitor, "carl", "fiona")
    visitor.enter("carl")
    desk = numbers(visitor)[f"{person('desk')} order_desk"]
    visitor.channel.clock.move(timedelta(minutes=30))
    picked = {f"grant:{desk}": "1", "reason": "left the company"}
    asked = visitor.post(f"{page}/decisions", {**picked, "decision": "revoke"}, follow=False)
    assert (asked.status_code, "confirm" in asked.headers["location"]) == (303, True)
    assert grants_of(visitor, "desk") == ["order_desk"]
    assert "1 kept." in words(visitor.post(f"{page}/decisions", {**picked, "decision": "keep"}))


def test_it_shows_when_it_is_overdue_and_can_be_given_up(visitor: Visitor) -> None:
    page = opened(visitor, "carl", "fiona", due="2026-03-03")
    visitor.channel.clock.move(timedelta(days=9))
    visitor.enter("tom")
    assert "Overdue" in words(visitor.get("/access-reviews"))
    assert "should have been over" in words(visitor.get(page))
    assert "Cancelled" in words(visitor.post(f"{page}/cancel", {"statement": "opened by mistake"}))


@pytest.mark.parametrize(
    ("fields", "reviewers", "said"),
    [
        ({"due": "soon"}, ("carl", "fiona"), "is not a date"),
        ({"due": "2020-01-01"}, ("carl", "fiona"), "within the next year"),
        ({}, (), "Name somebody who answers"),
        ({}, ("carl",), "name a second reviewer"),
        ({"scope": "role", "role": ""}, ("carl", "fiona"), "is not a role"),
    ],
)
def test_a_review_that_could_not_work_is_refused_with_what_was_typed(
    visitor: Visitor, fields: dict[str, str], reviewers: tuple[str, ...], said: str
) -> None:
    visitor.enter("tom")
    form = {"title": "My <b>review</b>", "scope": "staff", "due": LAST_DAY, **fields}
    refused = visitor.post("/access-reviews", form | {f"reviewer:{person(each)}": "1" for each in reviewers})
    assert refused.status_code == 422
    assert said in words(refused)
    assert "My &lt;b&gt;review&lt;/b&gt;" in refused.text
    for each in reviewers:
        assert f'name="reviewer:{person(each)}" value="1" checked' in refused.text


def test_a_review_is_not_there_for_who_has_no_part_in_it(visitor: Visitor) -> None:
    page = opened(visitor, "fiona", scope="role", role="order_desk")
    visitor.enter("carl")
    assert visitor.get(page).status_code == 404
    assert "No review yet" in words(visitor.get("/access-reviews"))
    assert visitor.post(f"{page}/decisions", {"grant:1": "1", "decision": "keep"}).status_code == 404
    visitor.enter("desk")
    assert visitor.get("/access-reviews").status_code == 403
