"""A repeated write answers the same and acts once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from headgate.access import InProgress, KeyReused, begin_once, forget_keys, keep_answer
from headgate.kernel.context import Context, Principal
from headgate.ledger import event_list
from headgate.process import LaneRunner
from tests.scenarios.api.test_approvals import decision, held, path
from tests.scenarios.api.test_authoring import POLICY, asked
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event

DIGEST = b"d" * 32


def requests_in_log(world: World) -> int:
    """How many price exceptions were asked for."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return len([e for e in event_list(conn) if e.type == "price_exception.requested"])


def test_the_same_request_under_the_same_key_answers_the_same(world: World) -> None:
    first = world.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key="k-1")
    world.post("carl", "/v1/policies/freight/versions/1/submit", {})
    again = world.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key="k-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def test_white_space_does_not_make_another_request(world: World) -> None:
    key = {"Authorization": f"Bearer {world.keys['desk']}", "Idempotency-Key": "k", "content-type": "application/json"}
    body = json.dumps(asked())
    first = world.client.post("/v1/price-exceptions", content=body, headers=key)
    again = world.client.post("/v1/price-exceptions", content=body.replace(":", " :\n "), headers=key)
    assert (again.status_code, again.content) == (201, first.content)


def test_another_request_under_the_same_key_is_refused(world: World) -> None:
    world.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key="k-1")
    other = world.post("carl", "/v1/policies", {"text": POLICY + "# more\n"}, idempotency_key="k-1")
    problem(other, 422, "key_reused")
    elsewhere = world.post("carl", "/v1/policies/freight/versions/1/submit", {}, idempotency_key="k-1")
    problem(elsewhere, 422, "key_reused")


def test_keys_of_two_principals_do_not_meet(world: World) -> None:
    assert world.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key="k-1").status_code == 201
    other = POLICY.replace("policy: freight", "policy: packing")
    assert world.post("cora", "/v1/policies", {"text": other}, idempotency_key="k-1").status_code == 201


def test_a_refused_request_may_be_mended_under_its_key(world: World) -> None:
    problem(world.post("carl", "/v1/policies", {"text": "nonsense"}, idempotency_key="k-1"), 422, "invalid")
    assert world.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key="k-1").status_code == 201


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
def test_a_key_that_is_none_is_refused(shared: World, key: str) -> None:
    response = shared.post("carl", "/v1/policies", {"text": POLICY}, idempotency_key=key)
    assert problem(response, 400, "malformed")["errors"][0]["field"] == "Idempotency-Key"


def test_a_request_that_is_sent_twice_at_once_acts_once(world: World) -> None:
    body = asked(request=None)
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: world.post("desk", "/v1/price-exceptions", body, idempotency_key="k-1"), range(4))
        )
    assert requests_in_log(world) == 1
    done = [a for a in answers if a.status_code == 201]
    assert done
    assert len({a.json()["request"] for a in done}) == 1
    for answer in answers:
        if answer.status_code != 201:
            problem(answer, 409, "in_progress")
            assert answer.headers["retry-after"] == "1"
    again = world.post("desk", "/v1/price-exceptions", body, idempotency_key="k-1")
    assert again.json()["request"] == done[0].json()["request"]


def test_a_decision_sent_again_answers_what_it_answered(world: World) -> None:
    approval = held(world)
    first = world.post("carl", path(approval), decision(approval), idempotency_key="d-1")
    assert first.status_code == 200
    world.send(event("c-1", {"order": "O-1", "reason": "changed their mind"}, type="order.cancelled"))
    world.govern()
    again = world.post("carl", path(approval), decision(approval), idempotency_key="d-1")
    assert (again.status_code, again.content) == (200, first.content)


def test_a_write_that_was_cut_off_after_it_was_durable_is_told_its_result(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> bool:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as cut:
        cut.setattr(LaneRunner, "settle", killed)
        response = world.post("desk", "/v1/price-exceptions", asked(request=None), idempotency_key="k-1")
        problem(response, 500, "internal")
    assert requests_in_log(world) == 1
    again = world.post("desk", "/v1/price-exceptions", asked(request=None), idempotency_key="k-1")
    assert again.status_code == 201
    assert again.json()["settled"] is True
    assert requests_in_log(world) == 1


def test_a_key_in_use_is_in_progress_for_everyone_else(world: World) -> None:
    channel = world.channel
    ctx = Context(channel.tenant, Principal("user:a", "person"), channel.clock.now())
    with channel.app.database.transaction(channel.tenant) as one:
        assert begin_once(one, ctx, "k", DIGEST) is None
        with channel.app.database.transaction(channel.tenant) as two, pytest.raises(InProgress):
            begin_once(two, ctx, "k", DIGEST)
    with channel.app.database.transaction(channel.tenant) as conn:
        kept = begin_once(conn, ctx, "k", DIGEST)
    assert kept is not None
    assert (kept.receipt, kept.response) == (None, None)


def test_what_is_kept_is_told_and_old_keys_are_forgotten(world: World) -> None:
    channel = world.channel
    ctx = Context(channel.tenant, Principal("user:a", "person"), channel.clock.now())
    with channel.app.database.transaction(channel.tenant) as conn:
        begin_once(conn, ctx, "k", DIGEST)
        keep_answer(conn, ctx, "k", receipt={"seq": 7})
        keep_answer(conn, ctx, "k", status=201, response='{"a": 1}')
    with channel.app.database.transaction(channel.tenant) as conn:
        kept = begin_once(conn, ctx, "k", DIGEST)
        assert kept is not None
        assert (kept.receipt, kept.status, kept.response) == ({"seq": 7}, 201, '{"a": 1}')
        with pytest.raises(KeyReused):
            begin_once(conn, ctx, "k", b"e" * 32)
        assert forget_keys(conn, ctx.now) == 0
        assert forget_keys(conn, ctx.now + timedelta(seconds=1)) == 1
        assert begin_once(conn, ctx, "k", b"e" * 32) is None
