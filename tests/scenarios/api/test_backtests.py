"""Backtests over HTTP: started, watched, cancelled, read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import yaml

from headgate.packs import find_pack
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order

PERIOD = {"first_day": "2026-03-01", "last_day": "2026-03-02"}


def stricter(title: str = "Stricter") -> str:
    """Nothing below contract passes any more."""
    path = find_pack("order_governance") / "policies" / "price_deviation.yaml"
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    table["version"], table["title"] = 2, title
    for row in table["rows"]:
        if row["id"] == "within_tolerance":
            row["when"] = {"deviation_pct": "[-2..0.5]"}
        elif row["id"] == "top_tier_margin":
            row["when"] = {"tier": "'gold'", "deviation_pct": "(0.5..0.7]"}
        elif row["id"] in ("small_line", "below_contract"):
            row["when"]["deviation_pct"] = row["when"]["deviation_pct"].replace("(2", "(0.5")
    return yaml.safe_dump(table)


def governed(world: World) -> None:
    """Two orders at contract price and two 1.5 % below it; one of those is large."""
    prices = ("10.00", "9.85", "10.00", "9.85")
    world.send(*(event(f"e-{n}", order(f"B-{n}", ("S-1", str(5 + 3 * n), p))) for n, p in enumerate(prices)))
    world.govern()
    world.channel.clock.move(timedelta(minutes=1))


def test_a_backtest_tells_who_is_hit_and_why(world: World) -> None:
    governed(world)
    body = {**PERIOD, "versions": [1], "texts": [{"name": "stricter.yaml", "text": stricter()}]}
    started = world.post("carl", "/v1/policies/price_deviation/backtests", body, Idempotency_Key="try-1")
    assert started.status_code == 201, started.text
    run = started.json()
    assert (run["status"], run["done"], run["total"]) == ("done", 4, 4)
    assert [c["label"] for c in run["candidates"]] == ["v1", "stricter.yaml"]
    same, tight = run["result"]["candidates"]
    assert same["decisions"]["same"] == 4
    assert {t["after"]: t["decisions"] for t in tight["transitions"]} == {"hold": 1, "flag": 1}, (
        "a small line is let go"
    )
    again = world.post("carl", "/v1/policies/price_deviation/backtests", body, Idempotency_Key="try-1")
    assert again.json()["run"] == run["run"]

    flips = world.get("carl", f"/v1/backtests/{run['run']}/flips", candidate=2, limit=1).json()
    (flip,) = flips["items"]
    assert (flip["subject"], flip["before"], flip["after"], flip["kind"]) == ("B-3", "release", "hold", "outcome")
    more = world.get("carl", f"/v1/backtests/{run['run']}/flips", candidate=2, cursor=flips["next_cursor"]).json()
    assert [(f["subject"], f["after"]) for f in more["items"]] == [("B-1", "flag")]
    why: dict[str, Any] = world.get("carl", f"/v1/backtests/{run['run']}/flips/1", candidate=2).json()
    (pair,) = why["evaluations"]
    assert pair["then"]["rows"] == ["within_tolerance"]
    assert "within the tolerance" in pair["then"]["reasons"][0]
    assert pair["now"]["rows"] == ["below_contract"]
    assert pair["product"] == "S-1"
    assert "within_tolerance" in [m["row"] for m in pair["missed"]]
    listed = world.get("carl", "/v1/backtests", policy="price_deviation").json()
    assert [r["run"] for r in listed["items"]] == [run["run"]]


def test_who_may_not_try_policies_may_not_start_or_cancel(world: World) -> None:
    governed(world)
    body = {**PERIOD, "versions": [1]}
    problem(world.post("desk", "/v1/policies/price_deviation/backtests", body), 403, "forbidden")
    run = world.post("carl", "/v1/policies/price_deviation/backtests", body).json()["run"]
    assert world.get("desk", f"/v1/backtests/{run}").status_code == 200
    problem(world.post("desk", f"/v1/backtests/{run}/cancel", {}), 403, "forbidden")
    problem(world.post("carl", f"/v1/backtests/{run}/cancel", {}), 409, "conflict")


def test_what_makes_no_sense_is_refused_with_the_field(world: World) -> None:
    path = "/v1/policies/price_deviation/backtests"
    for body, status in (
        ({**PERIOD}, 422),
        ({**PERIOD, "versions": [99]}, 404),
        ({"first_day": "2026-02-30", "last_day": "2026-03-01", "versions": [1]}, 422),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01", "versions": [1]}, 422),
        ({**PERIOD, "texts": [{"name": "x", "text": "policy: ["}]}, 422),
    ):
        answer = world.post("carl", path, body)
        assert answer.status_code == status, answer.text
    nothing = "00000000-0000-7000-8000-000000000000"
    problem(world.get("carl", f"/v1/backtests/{nothing}"), 404, "not_found")
    problem(world.get("carl", f"/v1/backtests/{nothing}/flips"), 404, "not_found")
