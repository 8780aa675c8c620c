"""Lists are read to their end by cursors, each thing once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import partner, product, stock

COUNT = 7


@pytest.fixture(scope="module")
def full(shared: World) -> World:
    """Seven of everything that is listed."""
    orders = [
        event(f"e-{n}", order(f"O-{n}", ("S-1", "20", "9.00"), customer_reference=f"r-{n}")) for n in range(COUNT)
    ]
    unknown = [event(f"u-{n}", order(f"U-{n}", partner="P-404", customer_reference=f"u-{n}")) for n in range(COUNT)]
    shared.channel.send("partner.recorded", items=[partner(f"Q-{n}", "A-1") for n in range(COUNT)])
    shared.channel.send("product.recorded", items=[product(f"T-{n}", "1.00") for n in range(COUNT)])
    shared.channel.send("stock.recorded", items=[stock(f"T-{n}", "5") for n in range(COUNT)])
    shared.send(*orders, *unknown)
    shared.govern()
    return shared


def pages(world: World, who: str, path: str, limit: int, **params: Any) -> list[list[dict[str, Any]]]:
    """The pages of a list, from the first to the last."""
    found, cursor = [], ""
    while True:
        answer = world.get(who, path, limit=limit, cursor=cursor, **params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append(body["items"])
        cursor = body["next_cursor"]
        if not cursor:
            return found


@pytest.mark.parametrize(
    ("who", "path", "key"),
    [
        ("carl", "/v1/orders", "order"),
        ("carl", "/v1/cases", "case"),
        ("carl", "/v1/tasks", "task"),
        ("carl", "/v1/partners", "partner"),
        ("carl", "/v1/products", "product"),
        ("carl", "/v1/stock", "product"),
        ("carl", "/v1/decisions", "decision"),
        ("audrey", "/v1/audit", "seq"),
        ("desk", "/v1/quarantine", "id"),
    ],
)
def test_pages_hold_everything_once_in_the_same_order(full: World, who: str, path: str, key: str) -> None:
    (whole,) = pages(full, who, path, 200)
    assert len(whole) >= COUNT
    small = pages(full, who, path, 3)
    assert all(len(page) == 3 for page in small[:-1])
    assert [item[key] for page in small for item in page] == [item[key] for item in whole]


def test_what_was_escalated_furthest_leads_the_queue_on_every_page(full: World) -> None:
    before = [item["task"] for item in full.get("carl", "/v1/tasks", limit=200).json()["items"]]
    raised = [before[5], before[-1], before[2]]
    with full.channel.app.database.transaction(full.channel.tenant) as conn:
        for priority, task in enumerate(raised, 1):
            conn.execute("update tasks set priority = %s where task = %s", (priority, task))
    after = [item["task"] for page in pages(full, "carl", "/v1/tasks", 2) for item in page]
    assert after[:3] == raised[::-1]
    assert after[3:] == [task for task in before if task not in raised], "the rest stands as it stood"


def test_a_page_that_is_exactly_full_is_the_last(full: World) -> None:
    assert len(pages(full, "carl", "/v1/orders", COUNT)) == 1


def test_filters_hold_on_every_page(full: World) -> None:
    found = pages(full, "audrey", "/v1/audit", 2, action="event.refused")
    assert sum(map(len, found)) == COUNT
    assert {item["action"] for page in found for item in page} == {"event.refused"}


def test_what_arrives_meanwhile_repeats_nothing(full: World) -> None:
    first = full.get("carl", "/v1/orders", limit=3).json()
    late = order("Z-1", ("S-1", "20", "9.00"), customer_reference="late", placed_at="2026-03-02T08:59:59Z")
    full.send(event("z-1", late))
    full.govern()
    second = full.get("carl", "/v1/orders", limit=3, cursor=first["next_cursor"]).json()
    seen = [o["order"] for o in first["items"] + second["items"]]
    assert len(set(seen)) == 6
    assert "Z-1" not in seen


def test_a_cursor_of_another_list_is_refused(full: World) -> None:
    cursor = full.get("carl", "/v1/orders", limit=1).json()["next_cursor"]
    problem(full.get("carl", "/v1/partners", cursor=cursor), 422, "invalid")
