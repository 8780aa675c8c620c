"""Lists that change while they are read: nothing is passed over, nothing comes twice."""

from __future__ import annotations

from typing import Any

from tests.scenarios.api.test_approvals import decision, held, path
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order

# As many further tasks of the same case, due at the same time and with the same at stake, or without either.
MORE = """
insert into tasks (task, case_id, kind, title, role, level, status, due_at, stake, currency, created_at)
select gen_random_uuid(), case_id, kind, title, role, level, status,
       case when n %% 2 = 0 then due_at end, case when n %% 3 = 0 then stake end, currency, created_at
from tasks, generate_series(1, %s) n
"""


def walked(world: World, limit: int) -> list[list[str]]:
    """The work queue page by page."""
    pages: list[list[str]] = []
    cursor = ""
    while cursor or not pages:
        page: dict[str, Any] = world.get("carl", "/v1/tasks", limit=limit, cursor=cursor).json()
        pages.append([t["task"] for t in page["items"]])
        cursor = page["next_cursor"]
    return pages


def test_a_task_that_is_done_while_the_queue_is_read_shifts_nothing(world: World) -> None:
    orders = [held(world, f"O-{n}", customer_reference=f"ref {n}") for n in range(4)]
    first = world.get("carl", "/v1/tasks", limit=2).json()
    seen = [t["subject"] for t in first["items"]]
    done = next(a for a in orders if a["subject"] == seen[0])
    assert world.post("carl", path(done), decision(done)).status_code == 200
    second = world.get("carl", "/v1/tasks", limit=2, cursor=first["next_cursor"]).json()
    assert sorted(seen + [t["subject"] for t in second["items"]]) == [a["subject"] for a in orders]
    assert second["next_cursor"] == ""


def test_pages_of_any_size_hold_every_task_once_in_one_order(world: World) -> None:
    held(world)
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        conn.execute(MORE, (204,))
    whole = walked(world, 200)
    assert [len(page) for page in whole] == [200, 5]
    order_of = [task for page in whole for task in page]
    assert len(set(order_of)) == 205
    assert [task for page in walked(world, 7) for task in page] == order_of


def test_a_cursor_of_something_else_is_refused(world: World) -> None:
    for cursor in ("bm9wZQ", "WyIxMDAiXQ", "WyIiLCJOYU4iLCJ4Il0"):
        problem(world.get("carl", "/v1/tasks", cursor=cursor), 422, "invalid")


def test_an_event_under_a_used_id_is_kept_beside_the_first_and_listed(world: World) -> None:
    first = event("e-1", order("O-1"))
    assert world.send(first).status_code == 202
    for number in ("O-2", "O-3"):
        problem(world.send(event("e-1", order(number))), 409, "conflict")
    page = world.get("carl", "/v1/events/conflicts", limit=1).json()
    (newest,) = page["items"]
    assert (newest["event_id"], newest["data"]["order"]) == ("e-1", "O-3")
    (older,) = world.get("carl", "/v1/events/conflicts", cursor=page["next_cursor"]).json()["items"]
    both = world.get("carl", f"/v1/events/conflicts/{older['id']}").json()
    assert (both["refused"]["data"]["order"], both["first"]["data"]["order"]) == ("O-2", "O-1")
    assert both["first"]["digest"] == older["first_digest"]
    problem(world.get("carl", f"/v1/events/conflicts/{newest['id'] + 1}"), 404, "not_found")
    problem(world.get("erp", "/v1/events/conflicts"), 403, "forbidden")
