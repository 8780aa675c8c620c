"""A case keeps the process version it started with."""

from __future__ import annotations

import pytest

from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Conflict, Invalid
from headgate.packs import find_pack, read_pack
from headgate.process import case_of_subject, install, list_versions
from tests.scenarios.channel import Channel

TEXT = dict(read_pack(find_pack("order_governance")).processes)["processes/order_to_release.yaml"]


def second() -> str:
    """Version 3: what was approved is looked at once more before it is checked again, and orders cannot be reopened."""
    text = TEXT.replace("version: 2", "version: 3", 1)
    once_more = """\
  - id: second_look
    title: Second look
    sla: {hours: 4}
    on:
      order.recheck_requested: {to: checking}
      order.cancelled: {to: cancelled}

  - id: returned
"""
    text = text.replace("  - id: returned\n", once_more, 1)
    old = "      approval.approved: {do: [{id: waiver, run: order.waive}], to: checking}\n"
    assert text.count(old) == 1
    text = text.replace(old, old.replace("to: checking", "to: second_look"))
    lines = [line for line in text.splitlines() if "order.reopened" not in line]
    return "\n".join(lines) + "\n"


def put(channel: Channel, text: str) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        install(conn, channel.context(SYSTEM), text, "order_to_release.yaml", channel.app.policies, channel.app.actions)


def version_of(channel: Channel, order: str) -> int:
    with channel.app.database.transaction(channel.tenant) as conn:
        case = case_of_subject(conn, "order", order)
    assert case is not None
    return int(case["version"])


def active(channel: Channel) -> dict[int, str]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return {v["version"]: v["status"] for v in list_versions(conn) if v["process"] == "order_to_release"}


def test_a_waiting_case_goes_on_by_its_version_and_a_new_one_by_the_new(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    put(channel, second())
    assert active(channel) == {3: "active", 2: "retired"}
    channel.order("O-2", ("S-1", "20", "8.80"))
    channel.govern()
    assert (version_of(channel, "O-1"), version_of(channel, "O-2")) == (2, 3)
    channel.decide("carl", "O-1")
    channel.decide("carl", "O-2")
    assert channel.stage("O-1") == "released"
    assert channel.stage("O-2") == "second_look"
    channel.send("order.recheck_requested", order="O-2", reason="looked")
    channel.govern()
    assert channel.stage("O-2") == "released"
    assert (version_of(channel, "O-1"), version_of(channel, "O-2")) == (2, 3)


def test_events_and_clocks_of_both_versions_in_one_batch_find_their_own(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    put(channel, second())
    channel.order("O-2", ("S-1", "20", "8.80"))
    channel.govern()
    channel.decide("carl", "O-2")
    channel.pass_time(days=30)
    assert channel.status("O-1") == "returned"
    assert channel.stage("O-2") == "second_look"


def test_what_only_the_old_version_takes_still_reaches_its_cases(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.send("order.cancelled", order="O-1", reason="never mind")
    channel.govern()
    put(channel, second())
    channel.order("O-2", ("S-1", "20", "10.00"))
    channel.send("order.cancelled", order="O-2", reason="never mind")
    channel.send("order.reopened", order="O-1", reason="after all")
    channel.send("order.reopened", order="O-2", reason="after all")
    channel.govern()
    assert (channel.status("O-1"), channel.status("O-2")) == ("released", "cancelled")
    (refused,) = channel.quarantine()
    assert "is cancelled, where order.reopened cannot be applied" in refused.reason


def test_installing_again_changes_nothing(channel: Channel) -> None:
    put(channel, TEXT)
    assert active(channel) == {2: "active"}
    put(channel, second())
    put(channel, TEXT)
    put(channel, second())
    assert active(channel) == {3: "active", 2: "retired"}


def test_a_version_is_never_edited_in_place(channel: Channel) -> None:
    with pytest.raises(Conflict, match=r"process order_to_release version 2 is installed.*raise the version") as caught:
        put(channel, TEXT.replace("From order to release", "From order to anything"))
    assert [p.field for p in caught.value.problems] == ["order_to_release.yaml:2"]


def test_an_event_belongs_to_one_process(channel: Channel) -> None:
    with pytest.raises(Conflict, match=r"takes order\.submitted, which is taken by process order_to_release") as caught:
        put(channel, TEXT_OF_A_RIVAL)
    line = TEXT_OF_A_RIVAL.splitlines().index(next(x for x in TEXT_OF_A_RIVAL.splitlines() if "order.submitted" in x))
    assert [p.field for p in caught.value.problems] == [f"order_to_release.yaml:{line + 1} event order.submitted"]


def test_a_definition_that_breaks_a_rule_is_not_installed(channel: Channel) -> None:
    with pytest.raises(Invalid, match=r"order_to_release\.yaml:\d+"):
        put(channel, second().replace("to: second_look", "to: third_look"))
    assert active(channel) == {2: "active"}


TEXT_OF_A_RIVAL = """\
process: rival
version: 1
title: Rival
subject: order
events:
  order.submitted: {key: "order:{order}", subject: "{order}", starts: true}
stages:
  - {id: done, title: Done, final: done}
"""


SETTLING = "processes/return_authorisation.yaml"


def test_a_process_that_reads_what_the_policy_in_force_does_not_give_is_not_installed(channel: Channel) -> None:
    text = dict(read_pack(find_pack("order_governance")).processes)[SETTLING]
    wrong = text.replace("version: 1", "version: 2", 1).replace("settlement.outcome: pass", "settlement.outcom: pass")
    line = next(n for n, each in enumerate(wrong.splitlines(), start=1) if "settlement.outcom:" in each)
    with (
        pytest.raises(Invalid, match=r"policy return_settlement gives no outcom.*Did you mean outcome\?") as caught,
        channel.app.database.transaction(channel.tenant) as conn,
    ):
        install(conn, channel.context(SYSTEM), wrong, SETTLING, channel.app.policies, channel.app.actions)
    assert [p.field for p in caught.value.problems] == [f"{SETTLING}:{line} stage disposing"]
    with channel.app.database.transaction(channel.tenant) as conn:
        assert [v["version"] for v in list_versions(conn) if v["process"] == "return_authorisation"] == [1]
