"""Tree heads, proofs and bundles over HTTP, checked as an auditor would who has nothing but the answers."""

from __future__ import annotations

from headgate.ledger.core.checkpoint import VerifyKey, parse_note, signers
from headgate.ledger.core.merkle import verify_consistency, verify_inclusion
from headgate.ledger.verifier import Key, Verifier
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, bearer, event, order


def test_what_an_auditor_is_given_proves_the_chain(world: World) -> None:
    tree = world.get("audrey", "/v1/audit/tree").json()
    assert (tree["signed"], tree["alarm"]) == (0, "")
    old = world.post("audrey", "/v1/audit/checkpoints", None).json()
    world.send(event("e-1", order("O-1")))
    world.govern()
    new = world.post("audrey", "/v1/audit/checkpoints", None).json()
    assert [c["size"] for c in world.get("audrey", "/v1/audit/checkpoints").json()["items"]] == [
        new["size"],
        old["size"],
    ]
    assert world.get("audrey", f"/v1/audit/checkpoints/{old['size']}").json() == old
    (key,) = world.get("audrey", "/v1/audit/keys").json()["items"]
    heads = [parse_note(found["note"]) for found in (old, new)]
    assert all(signers(head, [VerifyKey.parse(key["key"])]) for head in heads)
    path = world.get("audrey", "/v1/audit/consistency", old=old["size"], new=new["size"]).json()["path"]
    roots = [head.checkpoint.root for head in heads]
    assert verify_consistency(old["size"], new["size"], [bytes.fromhex(step) for step in path], *roots)
    for seq, size in ((1, old["size"]), (new["size"], new["size"])):
        proof = world.get("audrey", f"/v1/audit/{seq}/proof").json()
        steps = [bytes.fromhex(step) for step in proof["path"]]
        assert proof["size"] == size
        assert verify_inclusion(bytes.fromhex(proof["hash"]), seq - 1, size, steps, bytes.fromhex(proof["root"]))


def test_a_bundle_of_an_order_is_checked_by_the_stand_alone_verifier(world: World) -> None:
    world.send(event("e-1", order("O-1")))
    world.govern()
    problem(world.get("audrey", "/v1/audit/bundle"), 409, "conflict")
    world.post("audrey", "/v1/audit/checkpoints", None)
    answer = world.get("audrey", "/v1/audit/bundle", subject_type="order", subject="O-1", events=True)
    assert answer.headers["content-type"].startswith("application/jsonl")
    (key,) = world.get("audrey", "/v1/audit/keys").json()["items"]
    report = Verifier([Key.read(key["key"])], []).run(iter(answer.content.splitlines(keepends=True)))
    assert report.faults == []
    assert any("events are those" in item for item in report.checked)


def test_what_cannot_be_proved_or_exported_is_said(world: World) -> None:
    world.post("audrey", "/v1/audit/checkpoints", None)
    for path, status, code in (
        ("/v1/audit/consistency?old=2&new=1", 422, "invalid"),
        ("/v1/audit/consistency?old=1&new=99999", 404, "not_found"),
        ("/v1/audit/1/proof?size=99999", 404, "not_found"),
        ("/v1/audit/99999/proof", 404, "not_found"),
        ("/v1/audit/checkpoints/99999", 404, "not_found"),
        ("/v1/audit/bundle?subject=O-1", 422, "invalid"),
        ("/v1/audit/bundle?first=1&subject=O-1&subject_type=order", 422, "invalid"),
        ("/v1/audit/bundle?subject=O-none&subject_type=order", 404, "not_found"),
        ("/v1/audit/bundle?first=99999", 422, "invalid"),
    ):
        problem(world.client.get(path, headers=bearer(world.keys["audrey"])), status, code)


def test_proofs_are_for_those_who_may_read_the_chain(world: World) -> None:
    for path in ("tree", "checkpoints", "keys", "1/proof", "consistency?old=1&new=1", "bundle"):
        problem(world.get("desk", f"/v1/audit/{path}"), 403, "forbidden")
    problem(world.post("desk", "/v1/audit/checkpoints", None), 403, "forbidden")
