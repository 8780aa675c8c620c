"""The work queue: taking, handing over, putting off and undoing, for one task and for several."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from headgate.kernel.canonical import loads
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Visitor, add, words
from tests.scenarios.channel import person


def tasks(visitor: Visitor, scope: str = "mine") -> list[str]:
    """The tasks that a list shows."""
    return re.findall(r'name="task" value="([^"]+)"', visitor.get(f"/work?scope={scope}").text)


def do(visitor: Visitor, act: str, chosen: list[str], **more: str) -> str:
    """Do something to tasks; what the page says then."""
    return words(visitor.post("/tasks/act", {"act": act, "tasks": " ".join(chosen), **more}))


def audited(visitor: Visitor) -> list[tuple[str, dict[str, str]]]:
    """What the audit chain says was done to tasks."""
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        rows = conn.execute("select action, body::text from audit_entries where subject_type = 'task' order by seq")
        return [(action, loads(body)["body"]) for action, body in rows if action.startswith("task.")]


@pytest.fixture
def team(held: Visitor) -> Visitor:
    """Carl and Cora are channel managers; three orders wait for one of them."""
    channel = held.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        add(channel, conn, "cora", "channel_manager")
    for number in (2, 3):
        channel.order(f"O-{number}", ("S-1", str(number * 10), "8.00"), customer_reference=f"PO {number}")
    channel.govern()
    return held.enter("carl")


def test_a_task_is_taken_given_back_and_the_taking_undone(team: Visitor) -> None:
    (first, *_) = tasks(team)
    answer = team.post("/tasks/act", {"act": "take", "tasks": first}, follow=False)
    assert "undo=" in answer.headers["location"]
    page = team.get(answer.headers["location"])
    assert "The task is yours now." in words(page)
    was = re.search(r'name="was" value="([^"]+)"', page.text)
    assert was
    assert "Undone." in words(team.post("/tasks/act", {"act": "put_back", "was": was[1]}))
    assert [body["to"] for _, body in audited(team)] == [person("carl"), None]
    team.enter("cora")
    assert "The task is yours now." in do(team, "take", [first])


def test_what_a_colleague_has_is_not_taken_but_handed_over_with_a_reason(team: Visitor) -> None:
    (first, *_) = tasks(team)
    do(team.enter("cora"), "take", [first])
    team.enter("carl")
    assert "A colleague has this task" in do(team, "take", [first])
    assert "say why it goes to somebody else" in do(team, "hand_over", [first], to=person("carl"))
    page = words(team.get(f"/tasks/act?act=hand_over&task={first}"))
    assert "Cora" in page
    assert "Stands in the audit chain." in page
    assert "You handed the task over." in do(team, "hand_over", [first], to=person("carl"), reason="Cora is ill")
    assert audited(team)[-1] == (
        "task.assigned",
        {"from": person("cora"), "to": person("carl"), "reason": "Cora is ill"},
    )


def test_work_goes_only_to_those_who_may_do_it(team: Visitor) -> None:
    (first, *_) = tasks(team)
    offered = re.findall(r'<option value="([^"]+)"', team.get(f"/tasks/act?act=hand_over&task={first}").text)
    assert {person("carl"), person("cora")} < set(offered)
    assert person("fay") not in offered
    assert "does not hold the role" in do(team, "hand_over", [first], to=person("fay"))
    assert team.post("/tasks/act", {"act": "hand_over", "tasks": first, "to": "user:nobody"}).status_code == 400
    team.enter("fay")
    assert "This task is for channel_manager." in do(team, "take", [first])
    assert audited(team) == []


def test_a_snooze_needs_a_reason_and_ends_before_the_task_is_due(team: Visitor) -> None:
    (first, *_) = tasks(team)
    now = team.channel.clock.now()
    soon, late = (now + timedelta(minutes=5)).isoformat(), (now + timedelta(days=13)).isoformat()
    page = team.post("/tasks/act", {"act": "snooze", "tasks": first, "until": soon})
    assert page.status_code == 400
    assert "Say why this can wait" in words(page)
    assert "It is due before that time." in do(team, "snooze", [first], until=late, reason="waits for the partner")
    for until in ("yesterday", (now - timedelta(hours=1)).isoformat(), (now + timedelta(days=15)).isoformat()):
        refused = team.post("/tasks/act", {"act": "snooze", "tasks": first, "until": until, "reason": "x"})
        assert refused.status_code == 400, until
    assert "The task sleeps until then." in do(team, "snooze", [first], until=soon, reason="waits for the partner")
    assert first not in tasks(team)
    assert tasks(team, "snoozed") == [first]
    assert "Snoozed 1" in words(team.get("/work"))
    assert tasks(team.enter("cora"), "snoozed") == [], "a colleague's snoozed work is theirs"
    team.channel.clock.move(timedelta(minutes=6))
    assert first in tasks(team.enter("carl")), "it wakes by itself"
    assert audited(team)[-1][0] == "task.snoozed"
    assert audited(team)[-1][1]["reason"] == "waits for the partner"


def test_what_is_overdue_cannot_be_put_off(team: Visitor) -> None:
    (first, *_) = tasks(team)
    team.channel.clock.move(timedelta(days=20))
    team.enter("carl")
    until = (team.channel.clock.now() + timedelta(hours=1)).isoformat()
    assert "it cannot be put off" in do(team, "snooze", [first], until=until, reason="later")


def test_what_was_escalated_says_so_and_stands_first(team: Visitor) -> None:
    assert "Escalated" not in words(team.get("/work"))
    team.channel.pass_time(hours=6)
    assert words(team.enter("carl").get("/work")).count("Escalated ·") == 3
    first = tasks(team)[0]
    with team.channel.app.database.transaction(team.channel.tenant) as conn:
        conn.execute("update tasks set priority = 0, due_at = due_at - interval '1 day' where task = %s", [first])
    assert tasks(team)[-1] == first


def test_a_snoozed_task_is_woken_by_whoever_put_it_off(team: Visitor) -> None:
    (first, *_) = tasks(team)
    until = (team.channel.clock.now() + timedelta(minutes=5)).isoformat()
    do(team, "snooze", [first], until=until, reason="waits")
    team.enter("cora")
    assert "This task is not yours." in do(team, "wake", [first])
    team.enter("carl")
    assert "The task is back in your list." in do(team, "wake", [first])
    assert first in tasks(team)


def test_several_are_looked_at_first_and_each_stands_for_itself(team: Visitor) -> None:
    chosen = tasks(team)
    assert len(chosen) == 3
    do(team.enter("cora"), "take", [chosen[0]])
    team.enter("carl")
    query = "&".join(f"task={each}" for each in chosen)
    page = team.get(f"/tasks/act?act=take&{query}")
    assert "1 cannot be changed and will be left as they are" in words(page)
    assert "Take 2 tasks" in words(page)
    assert len(audited(team)) == 1, "looking changes nothing"
    text = do(team, "take", chosen)
    assert "2 tasks are yours now. 1 left as they were: A colleague has this task" in text
    assert sorted(body["to"] for _, body in audited(team)) == [person("carl"), person("carl"), person("cora")]


def test_however_many_are_chosen_it_takes_the_same_queries(team: Visitor) -> None:
    counts = []
    for chosen in (tasks(team)[:1], tasks(team)):
        token = team.token()
        with team.counted():
            team.post("/tasks/act", {"act": "take", "tasks": " ".join(chosen)}, token=token, follow=False)
        counts.append(team.queries)
    assert counts[1] <= counts[0] + 1
    assert counts[1] <= 14


def test_nobody_takes_what_they_asked_for(team: Visitor) -> None:
    (first, *_) = tasks(team)
    with team.channel.app.database.transaction(team.channel.tenant) as conn:
        conn.execute("update approvals set barred = array_append(barred, %s)", [person("carl")])
    assert "had a hand in asking for this" in do(team, "take", [first])
    assert "had a hand in asking for this" in do(team.enter("cora"), "hand_over", [first], to=person("carl"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tasks/act?act=take", 303),
        ("/tasks/act?act=nothing&task=x", 404),
        ("/tasks/act?act=take&task=x", 404),
        ("/tasks/act?act=take&task=00000000-0000-0000-0000-000000000001", 404),
        ("/work?undo=nonsense", 200),
        ("/work?undo=%3Cscript%3E", 200),
    ],
)
def test_a_bad_address_does_no_harm(team: Visitor, path: str, status: int) -> None:
    answer = team.get(path)
    assert answer.status_code == status
    assert 'value="put_back"' not in answer.text


def test_another_tenants_task_is_not_there(team: Visitor, database: object) -> None:
    team.channel.context(SYSTEM)
    assert "This task does not exist." in do(team, "take", ["00000000-0000-0000-0000-00000000000a"])
    assert team.post("/tasks/act", {"act": "fly", "tasks": tasks(team)[0]}).status_code == 400
    assert team.post("/tasks/act", {"act": "take", "tasks": ""}).status_code == 400


def test_all_of_a_list_are_chosen_and_what_was_done_to_them_is_undone(team: Visitor) -> None:
    page = team.get("/work")
    assert "Choose all 3" in words(page)
    chosen = team.get("/work?all=1").text
    picked = re.findall(r'name="task" value="([^"]+)"[^>]* checked', chosen)
    assert picked == tasks(team)
    assert "Choose all" not in chosen
    answer = team.post("/tasks/act", {"act": "take", "tasks": " ".join(picked)}, follow=False)
    assert len(answer.headers["location"]) <= 40 + 25 * len(picked), "a hundred fit into an address"
    was = re.search(r'name="was" value="([^"]+)"', team.get(answer.headers["location"]).text)
    assert was
    assert "Undone for 3 tasks." in words(team.post("/tasks/act", {"act": "put_back", "was": html.unescape(was[1])}))
    assert [body["to"] for _, body in audited(team)] == [person("carl")] * 3 + [None] * 3
