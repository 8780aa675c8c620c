"""A policy that others read does not end with nothing in its place: whoever reads it is named, and nothing changes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from headgate.kernel.context import SYSTEM, Principal
from headgate.kernel.errors import Invalid
from headgate.packs import find_pack, read_pack
from headgate.policy import apply_at_once, review_emergency
from headgate.process import install
from tests.scenarios.channel import APPROVER, AUTHOR, Channel, person

FILES = read_pack(find_pack("order_governance"))
POLICIES, PROCESSES = dict(FILES.policies), dict(FILES.processes)
RETURNS = PROCESSES["processes/return_authorisation.yaml"]
FIONA = Principal(person("fiona"), "person", "Fiona", frozenset({"finance_director"}))
DAY = timedelta(days=1)
NOTE = """\
policy: note
version: 1
title: A note
owner: finance
hit: first
inputs: [{name: amount, type: money}]
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: pass}}
  - {id: large, when: {amount: "> 100"}, then: {outcome: hold}}
tests:
  - {given: {amount: 100}, expect: {outcome: pass}}
  - {given: {amount: "100.01"}, expect: {outcome: hold}}
"""


@pytest.fixture(autouse=True)
def later(channel: Channel) -> None:
    """A day after what is installed came into force: no two versions start at one instant."""
    channel.clock.move(DAY)


def retired(channel: Channel, policy: str, version: int = 1, at: datetime | None = None) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.retire(conn, channel.context(FIONA), policy, version, "not needed", at=at)


def end_of(channel: Channel, policy: str, version: int = 1) -> tuple[str, datetime | None]:
    with channel.app.database.transaction(channel.tenant) as conn:
        found = channel.app.policies.get(conn, policy, version)
    return found.status, found.valid_until


def started(channel: Channel, text: str, policy: str, version: int, at: datetime | None = None) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        policies = channel.app.policies
        policies.draft(conn, channel.context(AUTHOR), text)
        policies.submit(conn, channel.context(AUTHOR), policy, version)
        policies.approve(conn, channel.context(APPROVER), policy, version)
        policies.activate(conn, channel.context(APPROVER), policy, version, at)


def line_of(file: str, part: str) -> int:
    return next(n for n, each in enumerate(PROCESSES[file].splitlines(), start=1) if part in each)


@pytest.mark.parametrize(
    ("policy", "process", "part", "said"),
    [
        ("return_settlement", "return_authorisation", "decide: return_settlement", "asks 'return_settlement'"),
        ("approval_matrix", "price_exception", "approve: approval_matrix", "asks 'approval_matrix'"),
        ("margin_floor", "order_to_release", "run: order.check", "runs 'order.check', which asks policy margin_floor"),
        (
            "return_rules",
            "return_authorisation",
            "run: rma.assess",
            "runs 'rma.assess', which asks policy return_rules",
        ),
    ],
    ids=["a step decides by it", "a step asks for approval by it", "an action asks it", "an action asks it, too"],
)
@pytest.mark.parametrize("in_days", [0, 30], ids=["now", "at a date"])
def test_a_policy_that_a_process_reads_is_not_retired(
    channel: Channel, policy: str, process: str, part: str, said: str, in_days: int
) -> None:
    at = channel.clock.now() + in_days * DAY if in_days else None
    with pytest.raises(Invalid) as caught:
        retired(channel, policy, at=at)
    file = f"processes/{process}.yaml"
    told = [p for p in caught.value.problems if f"process {process} version" in p.message]
    assert any(f"({file}, line {line_of(file, part)}, stage " in p.message and said in p.message for p in told)
    assert {p.field for p in caught.value.problems} == {f"{policy}@1"}
    assert all("install a version of the process first" in p.fix for p in told)
    assert end_of(channel, policy) == ("active", None)


def test_a_policy_that_its_readers_can_do_without_is_retired_and_orders_are_decided_on(channel: Channel) -> None:
    retired(channel, "order_exceptions")
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.order("O-2", ("S-1", "2", "8.80"), ship_to={"country": "IR"})
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.status("O-2") != "released"


def test_what_nothing_reads_is_retired_now_or_at_its_date(channel: Channel) -> None:
    started(channel, NOTE, "note", 1)
    end = channel.clock.now() + 30 * DAY
    retired(channel, "note", at=end)
    assert end_of(channel, "note") == ("active", end)
    retired(channel, "note")
    assert end_of(channel, "note") == ("retired", channel.clock.now())


def test_a_version_that_another_follows_ends_with_it_and_not_before(channel: Channel) -> None:
    start = channel.clock.now() + 10 * DAY
    started(
        channel, POLICIES["policies/margin_floor.yaml"].replace("version: 1", "version: 2", 1), "margin_floor", 2, start
    )
    with pytest.raises(Invalid, match=r"runs 'order\.check', which asks policy margin_floor"):
        retired(channel, "margin_floor", at=start - DAY)
    with pytest.raises(Invalid, match=r"runs 'order\.check', which asks policy margin_floor"):
        retired(channel, "margin_floor", 2)  # it would have taken over, and the one before ends then
    retired(channel, "margin_floor", at=start)
    assert end_of(channel, "margin_floor") == ("active", start)
    with (
        pytest.raises(Invalid, match=r"runs 'order\.check', which asks policy margin_floor"),
        channel.app.database.transaction(channel.tenant) as conn,
    ):
        channel.app.policies.withdraw(conn, channel.context(FIONA), "margin_floor", 2, "not so")
    assert end_of(channel, "margin_floor", 2) == ("active", None)


def test_an_emergency_that_was_the_first_version_is_not_reverted_while_something_reads_it(channel: Channel) -> None:
    asking = RETURNS.replace("version: 1", "version: 2", 1).replace(
        "- {id: settlement, decide: return_settlement",
        "- {id: noted, decide: note, with: {amount: 5}}\n      - {id: settlement, decide: return_settlement",
    )
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), NOTE)
        apply_at_once(channel.app.policies, conn, channel.context(AUTHOR), "note", 1, "it burns")
        install(
            conn,
            channel.context(SYSTEM),
            asking,
            "processes/return_authorisation.yaml",
            channel.app.policies,
            channel.app.actions,
        )
    channel.clock.move(timedelta(hours=1))
    with (
        pytest.raises(Invalid, match=r"return_authorisation version 2 .* asks 'note'"),
        channel.app.database.transaction(channel.tenant) as conn,
    ):
        review_emergency(channel.app.policies, conn, channel.context(FIONA), "note", 1, "revert", "I looked")
    assert end_of(channel, "note") == ("active", None)


def test_a_process_is_not_installed_that_asks_what_will_end_with_nothing_in_its_place(channel: Channel) -> None:
    started(channel, NOTE, "note", 1)
    retired(channel, "note", at=channel.clock.now() + 30 * DAY)
    asking = RETURNS.replace("version: 1", "version: 2", 1).replace("decide: return_settlement", "decide: note", 1)
    with (
        pytest.raises(Invalid, match=r"^processes/r\.yaml:\d+ stage disposing: ") as caught,
        channel.app.database.transaction(channel.tenant) as conn,
    ):
        install(conn, channel.context(SYSTEM), asking, "processes/r.yaml", channel.app.policies, channel.app.actions)
    told = "asks 'note', and no version of it would be in force"
    assert any(told in p.message for p in caught.value.problems)


@pytest.mark.parametrize(
    ("policy", "changes", "said"),
    [
        (
            "margin_floor",
            (("inputs:\n", "inputs:\n  - {name: region, type: string}\n"), ("given: {", "given: {region: north, ")),
            r"runs 'order\.check', which asks policy margin_floor without region, which it needs",
        ),
        (
            "price_deviation",
            (("values: [pass, flag, hold]", "values: [pass, flag, hold, phone]"),),
            r"which does not understand outcome phone of policy price_deviation",
        ),
        (
            "approval_matrix",
            (("inputs:\n", "inputs:\n  - {name: region, type: string}\n"), ("given: {", "given: {region: north, ")),
            r"asks 'approval_matrix' without region, which it needs",
        ),
    ],
    ids=["a fact that the action does not tell", "an answer it does not understand", "a fact no question has"],
)
def test_a_version_that_an_action_cannot_ask_is_not_handed_to_review(
    channel: Channel, policy: str, changes: tuple[tuple[str, str], ...], said: str
) -> None:
    text = POLICIES[f"policies/{policy}.yaml"].replace("version: 1", "version: 2", 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(Invalid, match=said), channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), text)
        channel.app.policies.submit(conn, channel.context(AUTHOR), policy, 2)
