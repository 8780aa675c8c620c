"""Where it may send to, who may use it, what is kept secret, and whose rows are whose."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from headgate.connectors import provisioning
from headgate.connectors.delivery import Rules
from headgate.connectors.provisioning import Scope, TargetDraft
from headgate.connectors.provisioning.working import check_connection
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from headgate.store import Database
from tests.integration.connectors.provisioning.conftest import House
from tests.integration.connectors.provisioning.elsewhere import TOKEN, Elsewhere

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://10.0.0.7/scim", "not a public address"),
        ("https://169.254.169.254/scim", "not a public address"),
        ("https://[::1]/scim", "not a public address"),
        ("http://crm.example/scim", "not https"),
        ("https://crm.example:25/scim", "port 25"),
        ("https://user:pass@crm.example/scim", "user or a password"),
        ("https://crm.example/scim?x=1", "has a query"),
        ("https://2130706433/scim", "unusual form"),
    ],
)
def test_a_system_inside_is_refused_when_it_is_registered(house: House, url: str, why: str) -> None:
    with house.database.transaction(house.tenant) as conn, pytest.raises(Invalid, match=why):
        provisioning.create_target(
            conn, house.ctx, house.by.sealer, Rules(), TargetDraft(name="Helpdesk", url=url), TOKEN
        )


def test_an_address_that_has_become_forbidden_is_not_spoken_to(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.ask(target)

    run = house.work(house.rules(Rules()))

    assert run is not None
    assert run.status == "failed"
    assert "not a public address" in run.error
    assert there.asked == []


def test_the_token_is_nowhere_but_in_the_request(
    house: House, there: Elsewhere, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    house.hire("Ana Lovelace")
    there.answer_detail = f"no {TOKEN} today"
    there.trip = [("POST", "/Users", 400, {}), ("GET", "/Schemas", 500, {})]
    target = house.target(there.url)
    run = house.run(target)
    house.run(target)

    with house.database.transaction(house.tenant) as conn:
        shown = [repr(provisioning.get_target(conn, target.id)), repr(house.steps(run)), repr(run)]
        tables = (
            "provisioning_targets",
            "provisioning_runs",
            "provisioning_steps",
            "provisioning_links",
            "audit_entries",
        )
        for table in tables:
            shown += [
                json.dumps(row, default=str) for row in conn.execute(f"select * from {table}".encode()).fetchall()
            ]
    out = capfd.readouterr()
    everything = "\n".join([*shown, caplog.text, out.out, out.err])
    assert TOKEN not in everything
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, _, headers, _ in there.asked)


def test_a_system_that_echoes_the_token_does_not_get_it_into_our_words(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    there.answer_detail = f"bad token {TOKEN}"
    there.trip = [("GET", "/Groups", 400, {})]
    run = house.run(house.target(there.url))

    assert run.status == "failed"
    assert TOKEN not in run.error
    assert "[hidden]" in run.error


def test_no_entry_of_the_audit_trail_has_a_name_or_an_address_beside_whose_account_it_is(
    house: House, there: Elsewhere
) -> None:
    ana = house.hire("Ana Lovelace", "finance")
    house.run(house.target(there.url, groups={"finance": "Finance"}))

    entries = [e for e in house.audit() if e.action in ("provisioning.account_created", "provisioning.group_created")]
    assert len(entries) == 2
    text = json.dumps([e.body for e in entries])
    assert "Lovelace" not in text
    assert text.replace(ana, "").count("@") == 0
    assert entries[0].subject_type == "provisioning_target"


def test_only_who_may_provision_does(house: House, there: Elsewhere) -> None:
    target = house.target(there.url)
    nobody = Principal("user:x@nordwind.example", "person", permissions=frozenset({"provisioning.read", "admin"}))
    ctx = Context(house.tenant, nobody, house.clock.now())
    with house.database.transaction(house.tenant) as conn:
        for act in (
            lambda: provisioning.create_target(
                conn, ctx, house.by.sealer, house.by.rules, TargetDraft("X", there.url), TOKEN
            ),
            lambda: provisioning.change_target(conn, ctx, house.by.rules, target.id, {"name": "Y"}),
            lambda: provisioning.set_token(conn, ctx, house.by.sealer, target.id, TOKEN),
            lambda: provisioning.set_status(conn, ctx, target.id, "paused"),
            lambda: provisioning.remove_target(conn, ctx, target.id),
            lambda: provisioning.ask_preview(conn, ctx, target.id),
            lambda: provisioning.ask_run(conn, ctx, target.id),
            lambda: provisioning.end_orphans(conn, ctx, target.id, ["1"]),
        ):
            with pytest.raises(Forbidden):
                act()
    with pytest.raises(Forbidden):
        check_connection(house.by, ctx, target.id, lambda _: True)


def test_another_tenant_sees_and_does_nothing(house: House, there: Elsewhere, database: Database) -> None:
    house.hire("Ana Lovelace")
    target = house.target(there.url)
    run = house.run(target)
    other = uuid4()
    ctx = Context(other, house.ctx.principal, house.clock.now())
    with database.transaction(other) as conn:
        assert provisioning.list_targets(conn) == []
        assert provisioning.links_of(conn, target.id) == []
        assert provisioning.list_runs(conn, target.id) == []
        assert provisioning.list_steps(conn, run.id) == []
        for act in (
            lambda: provisioning.get_target(conn, target.id),
            lambda: provisioning.get_run(conn, run.id),
            lambda: provisioning.remove_target(conn, ctx, target.id),
            lambda: provisioning.ask_run(conn, ctx, target.id),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"name": " "}, "name"),
        ({"match_by": "shoe_size"}, "match_by"),
        ({"leavers": "fire"}, "leavers"),
        ({"every_minutes": 5}, "every_minutes"),
        ({"most_leaving": 0}, "most_leaving"),
        ({"most_leaving_percent": 101}, "most_leaving_percent"),
        ({"scope": Scope("staff", ("no_role",))}, "scope.roles"),
        ({"scope": Scope("staff", partner="acme")}, "scope.partner"),
        ({"scope": Scope("groups")}, "scope.groups"),
        ({"groups": {"no_role": "X"}}, "groups"),
        ({"groups": {"finance": "Same", "auditor": "same"}}, "groups"),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_written(house: House, chosen: dict[str, object], field: str) -> None:
    with house.database.transaction(house.tenant) as conn:
        draft = TargetDraft(**{"name": "Helpdesk", "url": "https://crm.example/scim", **chosen})  # type: ignore[arg-type]
        with pytest.raises(Invalid) as caught:
            provisioning.create_target(conn, house.ctx, house.by.sealer, Rules(), draft, TOKEN)
        assert caught.value.problems[0].field == field
        assert provisioning.list_targets(conn) == []


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "ümlaut"])
def test_what_is_no_token_is_refused_and_not_repeated(house: House, token: str) -> None:
    with house.database.transaction(house.tenant) as conn, pytest.raises(Invalid) as caught:
        draft = TargetDraft(name="Helpdesk", url="https://crm.example/scim")
        provisioning.create_target(conn, house.ctx, house.by.sealer, Rules(), draft, token)
    assert token.strip() == "" or token not in str(caught.value)


def test_there_are_only_so_many_and_names_are_taken_once(house: House, there: Elsewhere) -> None:
    house.target(there.url, name="T0")
    with house.database.transaction(house.tenant) as conn, pytest.raises(Conflict, match="T0 already"):
        provisioning.create_target(
            conn, house.ctx, house.by.sealer, house.by.rules, TargetDraft("T0", there.url), TOKEN
        )
    for n in range(1, provisioning.MOST_TARGETS):
        house.target(there.url, name=f"T{n}")
    with house.database.transaction(house.tenant) as conn, pytest.raises(Conflict, match="targets already"):
        provisioning.create_target(
            conn, house.ctx, house.by.sealer, house.by.rules, TargetDraft("more", there.url), TOKEN
        )


def test_runs_are_forgotten_with_what_they_show_and_links_stay(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url)
    run = house.run(target)
    house.pass_time(days=91)

    with house.database.transaction(house.tenant) as conn:
        assert provisioning.forget_runs(conn, house.clock.now(), 100) == 1
        assert provisioning.list_steps(conn, run.id) == []
    assert list(house.links(target)) == [ana]


def test_a_target_that_is_removed_leaves_the_other_side_as_it_is(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.run(target)
    with house.database.transaction(house.tenant) as conn:
        provisioning.remove_target(conn, house.ctx, target.id)
        assert provisioning.list_targets(conn) == []
    assert len(there.store["Users"]) == 1
    assert (
        house.audit()[0].action == "provisioning.target_removed"
        or house.audit()[-1].action == "provisioning.target_removed"
    )
