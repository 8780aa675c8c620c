"""A policy takes nothing away from the processes that read its decisions, whenever and however it would start."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from headgate.kernel.context import SYSTEM, Principal
from headgate.kernel.errors import Invalid
from headgate.packs import Pack, find_pack, install_pack, read_pack
from headgate.policy import apply_at_once, review_emergency
from headgate.process import install
from tests.scenarios.channel import APPROVER, AUTHOR, Channel, person

FILES = read_pack(find_pack("order_governance"))
SETTLEMENT = dict(FILES.policies)["policies/return_settlement.yaml"]
MATRIX = dict(FILES.policies)["policies/return_approvals.yaml"]
RETURNS = dict(FILES.processes)["processes/return_authorisation.yaml"]
LINE = next(n for n, each in enumerate(RETURNS.splitlines(), start=1) if "settlement.outcome: pass" in each)
FIONA = Principal(person("fiona"), "person", "Fiona", frozenset({"finance_director"}))
DAY = timedelta(days=1)
LOST = rf"process return_authorisation version 1 \(processes/return_authorisation\.yaml, line {LINE}, stage disposing\)"


@pytest.fixture(autouse=True)
def later(channel: Channel) -> None:
    """A day after what is installed came into force: no two versions start at one instant."""
    channel.clock.move(DAY)


def settlement(version: int, *changes: tuple[str, str]) -> str:
    """Another version of the policy about settlements."""
    made = SETTLEMENT.replace("version: 1", f"version: {version}", 1)
    for old, new in changes:
        assert old in made
        made = made.replace(old, new)
    return made


RENAMED = (("outcome: ", "outcomes: "), ("name: outcome,", "name: outcomes,"))
BOTH = (
    (
        "outputs:\n",
        "outputs:\n  - {name: verdict, type: enum, values: [pass, ask], default: ask}\n",
    ),
)
SWITCHED = RETURNS.replace("version: 1", "version: 2", 1).replace(
    "settlement.outcome: pass", "settlement.verdict: pass"
)


def drafted(channel: Channel, text: str, version: int = 2) -> str:
    with channel.app.database.transaction(channel.tenant) as conn:
        return channel.app.policies.draft(conn, channel.context(AUTHOR), text).version.digest


def submitted(channel: Channel, version: int = 2) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.submit(conn, channel.context(AUTHOR), "return_settlement", version)


def approved(channel: Channel, text: str, version: int = 2) -> None:
    drafted(channel, text, version)
    submitted(channel, version)
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.approve(conn, channel.context(APPROVER), "return_settlement", version)


def activated(channel: Channel, version: int = 2, at: datetime | None = None) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.activate(conn, channel.context(APPROVER), "return_settlement", version, at)


def put(channel: Channel, text: str) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        install(
            conn,
            channel.context(SYSTEM),
            text,
            "processes/return_authorisation.yaml",
            channel.app.policies,
            channel.app.actions,
        )


def standing(channel: Channel, version: int = 2) -> str:
    with channel.app.database.transaction(channel.tenant) as conn:
        return channel.app.policies.get(conn, "return_settlement", version).status


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            RENAMED,
            r"reads 'settlement\.outcome', but policy return_settlement gives no outcome\. Did you mean outcomes\?",
        ),
        (
            (
                ("values: [pass, ask], label: Outcome", "values: [go, ask], label: Outcome"),
                ("outcome: pass", "outcome: go"),
            ),
            r"asks whether 'settlement\.outcome' is pass, which policy return_settlement never gives",
        ),
        (
            (("name: credit,", "name: credits,"), ("credit: ", "credits: "), ("{credit}", "{credits}")),
            r"asks 'return_settlement' without credits, which it needs\. Did you mean credit\?",
        ),
    ],
    ids=["an output is renamed", "a value is gone", "an input is renamed"],
)
def test_a_version_that_takes_something_from_a_process_is_not_handed_to_review(
    channel: Channel, changes: tuple[tuple[str, str], ...], said: str
) -> None:
    drafted(channel, settlement(2, *changes))
    with pytest.raises(Invalid, match=said) as caught:
        submitted(channel)
    if changes is not RENAMED:
        assert "Did you mean" in caught.value.message or "It gives one of" in caught.value.message
    else:
        assert "Keep what it reads, or install a version of the process first" in caught.value.message
    assert "process return_authorisation version 1 (processes/return_authorisation.yaml, line" in caught.value.message
    assert standing(channel) == "draft"


def test_an_output_that_actions_are_given_keeps_its_kind(channel: Channel) -> None:
    listed = (
        ('values: ["", unclear_disposition, large_credit], label: Exception', "label: Exception"),
        ("{name: exception, type: enum,", "{name: exception, type: bool,"),
        ("exception: unclear_disposition", "exception: true"),
        ("exception: large_credit", "exception: true"),
        ('exception: ""', "exception: false"),
    )
    drafted(channel, settlement(2, *listed))
    with pytest.raises(Invalid, match=r"passes '\$settlement\.exception' as exception to rma\.ask, which takes a text"):
        submitted(channel)


def test_a_matrix_that_a_process_asks_stays_one(channel: Channel) -> None:
    flat = MATRIX.replace("version: 1", "version: 2", 1).replace("level", "tier")
    with channel.app.database.transaction(channel.tenant) as conn:
        made = channel.app.policies.draft(conn, channel.context(AUTHOR), flat)
    assert any("asks 'return_approvals' who has to approve" in issue.message for issue in made.remarks)
    with pytest.raises(Invalid, match="a level and a role"), channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.submit(conn, channel.context(AUTHOR), "return_approvals", 2)


def test_a_change_that_takes_nothing_away_is_free(channel: Channel) -> None:
    approved(channel, settlement(2, ("> 2500", "> 2000"), ("2500.", "2000."), ("2,500", "2,000")))
    activated(channel)
    assert standing(channel) == "active"


def test_what_was_submitted_before_the_process_came_is_refused_when_it_is_approved_and_when_it_starts(
    channel: Channel,
) -> None:
    approved(channel, settlement(2, *BOTH))
    activated(channel)
    channel.clock.move(DAY)
    approved(channel, settlement(3), 3)  # gives no verdict, and nothing reads it yet
    drafted(channel, settlement(4), 4)
    submitted(channel, 4)
    put(channel, SWITCHED)
    with channel.app.database.transaction(channel.tenant) as conn:
        approver = channel.context(APPROVER)
        with pytest.raises(Invalid, match=r"return_authorisation version 2 .* gives no verdict"):
            channel.app.policies.approve(conn, approver, "return_settlement", 4)
    with pytest.raises(Invalid, match=r"return_authorisation version 2 .* gives no verdict"):
        activated(channel, 3)
    assert (standing(channel, 3), standing(channel, 4)) == ("approved", "in_review")


def test_an_emergency_takes_nothing_away_either(channel: Channel) -> None:
    drafted(channel, settlement(2, *RENAMED))
    with pytest.raises(Invalid, match=LOST), channel.app.database.transaction(channel.tenant) as conn:
        apply_at_once(channel.app.policies, conn, channel.context(AUTHOR), "return_settlement", 2, "it burns")
    assert standing(channel) == "draft"


def test_an_emergency_is_not_reverted_to_a_text_that_a_newer_process_cannot_read(channel: Channel) -> None:
    channel.clock.move(DAY)
    drafted(channel, settlement(2, *BOTH))
    with channel.app.database.transaction(channel.tenant) as conn:
        apply_at_once(channel.app.policies, conn, channel.context(AUTHOR), "return_settlement", 2, "it burns")
    channel.clock.move(timedelta(hours=1))
    put(channel, SWITCHED)
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(FIONA)
        with pytest.raises(Invalid, match=r"return_authorisation version 2 .* gives no verdict"), conn.transaction():
            review_emergency(channel.app.policies, conn, ctx, "return_settlement", 2, "revert", "I looked")
    assert standing(channel) == "active"


def test_a_scheduled_start_is_held_against_what_will_be_in_force_then(channel: Channel) -> None:
    start = channel.clock.now() + 7 * DAY
    approved(channel, settlement(2, *BOTH))
    activated(channel, 2, start)
    with pytest.raises(Invalid, match="gives no verdict"):
        put(channel, SWITCHED)  # version 1 decides for another week
    channel.clock.move(8 * DAY)
    put(channel, SWITCHED)
    drafted(channel, settlement(3), 3)
    with pytest.raises(Invalid, match="gives no verdict"):
        submitted(channel, 3)
    assert standing(channel, 3) == "draft"


def test_a_process_is_not_installed_that_a_scheduled_version_will_not_serve(channel: Channel) -> None:
    approved(channel, settlement(2, *BOTH))
    activated(channel)
    channel.clock.move(DAY)
    approved(channel, settlement(3), 3)
    activated(channel, 3, channel.clock.now() + 7 * DAY)
    with pytest.raises(Invalid, match="gives no verdict"):
        put(channel, SWITCHED)


def test_cases_that_run_on_a_replaced_version_of_a_process_count_too(channel: Channel) -> None:
    approved(channel, settlement(2, *BOTH))
    activated(channel)
    channel.clock.move(DAY)
    put(channel, SWITCHED)
    drafted(channel, settlement(3, *BOTH, *RENAMED), 3)
    with channel.app.database.transaction(channel.tenant) as conn, conn.transaction(force_rollback=True):
        # Nothing runs on version 1, so nothing is lost by it.
        channel.app.policies.submit(conn, channel.context(AUTHOR), "return_settlement", 3)
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute(
            """
            insert into cases (case_id, process, version, subject_type, subject, key, stage, status, data, opened_at,
                               updated_at)
            values (gen_random_uuid(), 'return_authorisation', 1, 'rma', 'R-1', 'rma:R-1', 'inspecting', 'open', '{}',
                    now(), now())
            """
        )
    with pytest.raises(
        Invalid, match=r"return_authorisation version 1 .*; cases still run on that version.*move those"
    ):
        submitted(channel, 3)


def test_a_pack_may_change_a_policy_with_the_process_that_reads_it_and_nothing_else(channel: Channel) -> None:
    text = settlement(
        2, *((old.replace("outcomes", "verdict"), new.replace("outcomes", "verdict")) for old, new in RENAMED)
    )
    pack = Pack("order_governance", 9, "Returns", "", (("processes/r.yaml", SWITCHED),), (("policies/s.yaml", text),))
    alone = Pack("order_governance", 9, "Returns", "", (), (("policies/s.yaml", text),))

    def act(given: Pack) -> None:
        with channel.app.database.transaction(channel.tenant) as conn:
            install_pack(conn, channel.context(SYSTEM), given, channel.app.policies, channel.app.actions)

    placed = (
        rf"^processes/return_authorisation\.yaml:{LINE} stage disposing: process return_authorisation version 1 reads"
    )
    with pytest.raises(Invalid, match=placed):
        act(alone)
    act(pack)
    assert standing(channel) == "active"
