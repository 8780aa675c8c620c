"""Every command as scripts and people use it: clean JSON on stdout, words for people, everything else on stderr."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import headgate
from headgate.kernel.settings import Settings
from tests.integration.cli.shell import WIDTH, Shell

ROOT = Path(headgate.__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial"
MAPPING = str(TUTORIAL / "mapping.yaml")
AMOUNTS = {"total", "tenant_total", "stake", "amount", "tax", "value", "unit_price", "rate", "margin"}


@dataclass(slots=True)
class Office:
    """A tenant with the tutorial's people, agreements and orders, and the shell in which it was made."""

    shell: Shell

    def __call__(self, *arguments: str, json: bool = True) -> Any:
        """What a command of this tenant prints: parsed, or as a person sees it."""
        words = (*arguments, "--tenant", "shop")
        return self.shell.read(*words) if json else self.shell.ok(*words).out


@pytest.fixture(scope="module")
def office(module_settings: Settings) -> Office:
    shell = Shell(module_settings)
    made = Office(shell)
    shell.ok("tenant", "create", "shop", "--name", "[bold]Shop[/] [x]")
    for name, role in (("carl", "channel_manager"), ("fiona", "finance_director")):
        made("tenant", "add-person", f"{name}@shop.example", "--name", name, "--role", role)
    made("tenant", "add-source", "webshop", "--type", "order.submitted")
    sales = ("--from", str(TUTORIAL / "history.csv"), "--mapping", MAPPING, "--until", "2026-03-31")
    made("agreements", "derive", *sales)
    fiona = ("--source", "derived", "--as", "fiona@shop.example")
    made("agreements", "approve", *fiona, "--because", "as sold")
    made("agreements", "activate", *fiona)
    made("import", "orders", str(TUTORIAL / "orders.csv"), "--mapping", MAPPING, "--source", "shop")
    return made


def first(office: Office, name: str, *arguments: str) -> str:
    return str(office(*arguments)["items"][0][name])


LISTS = {
    "tenant people": 2,
    "tenant sources": 1,
    "agreements list": 2,
    "orders list": 1,
    "cases list": 1,
    "approvals list": 1,
    "policies list": 6,
    "quarantine list": 2,
    "audit list": 10,
    "events list": 8,
    "tenant grants carl@shop.example": 1,
}


@pytest.mark.parametrize("command", LISTS)
def test_every_list_is_a_table_for_people_and_items_for_scripts(office, command):
    items = office(*command.split())["items"]
    assert len(items) >= LISTS[command]
    text = office(*command.split(), json=False)
    assert len(text.splitlines()) >= len(items)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "True" not in text
    assert "None" not in text


def test_the_list_of_tenants_needs_no_tenant(office):
    assert "shop" in {t["slug"] for t in office.shell.read("tenant", "list")["items"]}


def test_every_show_command_has_words_and_json(office):
    shown = {
        ("orders", "show", "A-104"): "A-104",
        ("explain", "order", "A-104"): "A-104",
        ("cases", "show", "A-104"): "A-104",
        ("cases", "show", first(office, "case_id", "cases", "list")): "order",
        ("approvals", "show", "A-104"): "A-104",
        ("approvals", "show", first(office, "approval", "approvals", "list")): "order",
        ("agreements", "show", "LIST-EUR"): "LIST-EUR",
        ("agreements", "show", first(office, "agreement", "agreements", "list")): "EUR",
        ("policies", "show", "price_deviation"): "price_deviation",
        ("quarantine", "show", first(office, "id", "quarantine", "list")): "row",
        ("events", "show", "1"): "agreement",
    }
    for command, word in shown.items():
        assert isinstance(office(*command), dict), command
        assert word in office(*command, json=False), command


def test_amounts_are_texts_in_json(office):
    seen = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in AMOUNTS and not isinstance(inner, (dict, list)):
                    seen.add(name)
                    assert inner is None or isinstance(inner, str), (name, inner)
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)
        else:
            assert not isinstance(value, float), value

    for command in (
        "orders list",
        "explain order A-104",
        "cases list",
        "approvals list",
        "quarantine list",
        "audit list",
    ):
        look(office(*command.split()))
    look(office("agreements", "show", "LIST-EUR"))
    assert seen >= {"total", "stake", "amount", "unit_price", "value"}


def test_an_explanation_reads_like_one(office):
    text = office("explain", "order", "A-104", json=False)
    for words in (
        "Order A-104 of C1: held, 3,000.00 EUR, revision 1",
        "20.13 % below contract 149.00",
        "at contract 24.00",
        "has_contract = yes",
        "exposure, of 5,000.00 (70.08 %)",
        "level 1: channel_manager (open, due ",
        "proof intact",
    ):
        assert words in text
    # The amounts of a sum stand under each other.
    sums = [line for line in text.splitlines() if re.match(r"    +[\d,]+\.\d\d  ", line)]
    assert len(sums) == 6
    assert len({line.index(".") for line in sums}) == 1


def test_what_looks_like_markup_in_names_is_printed_as_it_is(office):
    assert "[bold]" not in office("tenant", "people", json=False)
    ran = office.shell.run("orders", "list", "--tenant", "[/red][link=x]")
    assert (ran.code, ran.out) == (1, "")
    assert "[/red][link=x]" in ran.err


def test_empty_lists_say_what_would_be_there(office):
    shell = office.shell
    slug = f"empty-{uuid.uuid4().hex[:8]}"
    shell.ok("tenant", "create", slug, "--name", "Empty")
    said = {
        "orders list": "No orders fit. Import some",
        "cases list": "everything went straight through",
        "approvals list": "Nothing waits for approval",
        "agreements list": "No agreements",
        "quarantine list": "Quarantine is empty",
        "tenant sources": "No sources",
        "delegations list": "Nobody decides for anybody else",
        "events list": "No events fit",
        "events conflicts": "No event came twice",
    }
    for command, words in said.items():
        assert words in shell.ok(*command.split(), "--tenant", slug).out
        assert shell.read(*command.split(), "--tenant", slug)["items"] == []


def test_an_import_since_a_day_counts_what_came_before(office):
    options = ("--mapping", MAPPING, "--source", "later", "--since", "2026-04-03", "--no-govern")
    report = office("import", "orders", str(TUTORIAL / "orders.csv"), *options)
    assert report["reconciled"] is True
    assert report["earlier_rows"] + report["document_rows"] + report["quarantined_rows"] == report["rows"]
    assert report["earlier_rows"] > 0
    text = office("import", "orders", str(TUTORIAL / "orders.csv"), *options, json=False)
    assert f"{report['earlier_rows']}  rows from before the start" in text
    assert "+ before the start " in text


def test_orders_since_a_day_are_those_of_that_day_where_the_tenant_is(office):
    newest = office("orders", "list", "--limit", "1")["items"][0]
    placed = datetime.fromisoformat(newest["placed_at"]).astimezone(ZoneInfo("Europe/Berlin"))
    days = [(placed + timedelta(days=n)).strftime("%Y-%m-%d") for n in (0, 1)]
    found = [[o["order_no"] for o in office("orders", "list", "--since", day)["items"]] for day in days]
    assert newest["order_no"] in found[0]
    assert found[1] == []


def test_a_preview_stores_nothing(office):
    before = office("audit", "list", "--limit", "1")
    seen = office("import", "orders", str(TUTORIAL / "orders.csv"), "--mapping", MAPPING, "--source", "x", "--preview")
    assert len(seen["documents"]) == 6
    assert office("audit", "list", "--limit", "1") == before


@pytest.mark.slow
def test_progress_goes_to_stderr_so_that_stdout_holds_only_what_was_asked(office):
    words = (
        "import",
        "orders",
        str(TUTORIAL / "orders.csv"),
        "--mapping",
        MAPPING,
        "--source",
        "shop",
        "--tenant",
        "shop",
    )
    ran = office.shell.ok(*words)
    assert "Reading rows" in ran.err
    assert "Reading rows" not in ran.out
    with office.shell.start(*words, "--json") as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["reconciled"] is True


def test_policies_can_be_asked_and_checked_without_recording_anything(office):
    facts = json.dumps({"deviation_pct": "20", "has_contract": True, "tier": "silver", "line_amount": "100"})
    assert office("policies", "evaluate", "price_deviation", facts)["outputs"]["outcome"] == "hold"
    assert "outcome = hold" in office("policies", "evaluate", "price_deviation", facts, json=False)
    files = sorted(map(str, (ROOT / "packs/order_governance/policies").glob("*.yaml")))
    checked = office.shell.read("policies", "lint", *files)["files"]
    assert [f["failed"] for f in checked] == [0] * len(files)


def test_the_audit_chain_verifies_and_a_changed_entry_is_located(office, spoil):
    proof = office("audit", "verify")
    assert (proof["ok"], proof["bad"]) == (True, [])
    assert office("audit", "verify", json=False).startswith(f"Intact: {proof['entries']:,} entries, ")
    with spoil("audit_entries", "action", "seq = 5"):
        ran = office.shell.run("audit", "verify", "--tenant", "shop")
        assert ran.code == 1
        assert ran.out.startswith("Broken: ")
        assert "5" in ran.out
        found = office.shell.run("audit", "verify", "--tenant", "shop", "--json")
        assert (found.code, found.json()["ok"]) == (1, False)


def test_a_preview_says_who_is_asked_and_who_cannot(office):
    given = {"exception": "price_deviation", "stake": "6000", "deviation_pct": "2", "margin_pct": "9"}
    words = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    asked = (*words, "--set", "tier=silver", "--set", "risk=low", "--asked-by", "carl@shop.example")
    first, second = office("approvals", "preview", *asked)["steps"]
    assert (first["role"], first["who"], first["enough"]) == ("channel_manager", [], False)
    assert "asked for this" in first["left_out"][0]
    assert second["who"] == ["user:fiona@shop.example"]
    assert "too few people" in office("approvals", "preview", *asked, json=False)
    assert office("approvals", "preview", "A-104")["steps"][0]["who"] == ["user:carl@shop.example"]


def test_many_can_be_checked_before_they_are_decided(office):
    words = ("approvals", "decide-many", "A-104", "--outcome", "approve", "--because", "fine", "--check")
    found = office(*words, "--as", "carl@shop.example")
    assert [(i["subject"], i["result"]) for i in found["items"]] == [("A-104", "can be decided")]
    ran = office.shell.run(*words, "--as", "fiona@shop.example", "--tenant", "shop", "--json")
    assert (ran.code, ran.json()["items"][0]["result"]) == (1, "refused")


def test_a_partner_is_asked_and_the_answer_lets_the_clock_run_on(office):
    carl = ("--as", "carl@shop.example")
    told = office("cases", "ask", "A-104", *carl, "--message", "Which project is this for?")
    assert (told["paused"], told["because"], told["sla_state"]) == (True, "waiting for the partner", "paused")
    assert "its clocks stand still since" in office("approvals", "show", "A-104", json=False)
    assert office("cases", "answered", "A-104", *carl, "--note", "by phone")["sla_state"] == "running"
    again = office.shell.run("cases", "answered", "A-104", *carl, "--tenant", "shop")
    assert (again.code, "does not wait for anybody" in again.err) == (1, True)
    nobody = office.shell.run("cases", "ask", "A-104", "--as", "nobody@shop.example", "--tenant", "shop")
    assert (nobody.code, "nobody@shop.example" in nobody.err) == (1, True)


def test_a_decision_can_be_held_listed_and_undone_by_who_made_it(office):
    carl = ("--as", "carl@shop.example")
    held = office("approvals", "decide", "A-104", "approve", *carl, "--because", "opens shops", "--hold", "600")
    (listed,) = office("approvals", "held", *carl)["items"]
    assert (listed["held"], listed["subjects"], listed["status"]) == (held["held"], ["A-104"], "held")
    assert office("approvals", "held", "--as", "fiona@shop.example")["items"] == []
    others = office.shell.run("approvals", "undo", held["held"], "--as", "fiona@shop.example", "--tenant", "shop")
    assert (others.code, "there is no held decision" in others.err) == (1, True)
    assert "nothing was decided about order A-104" in office("approvals", "undo", held["held"], *carl, json=False)
    again = office.shell.run("approvals", "undo", held["held"], *carl, "--tenant", "shop")
    assert (again.code, "undone already" in again.err) == (1, True)
    nonsense = office.shell.run("approvals", "undo", "A-104", *carl, "--tenant", "shop")
    assert (nonsense.code, "headgate approvals held" in nonsense.err) == (1, True)
    words = ("--because", "opens shops", "--hold", "60")
    assert "headgate approvals undo" in office("approvals", "decide", "A-104", "reject", *carl, *words, json=False)
    assert "reject" in office("approvals", "held", *carl, json=False)
    office("approvals", "undo", office("approvals", "held", *carl)["items"][0]["held"], *carl)


def test_a_second_person_decides_and_the_command_says_who_is_next(office):
    carl = ("--as", "carl@shop.example", "--because", "opens two shops")
    one = office("approvals", "decide", "A-104", "approve", *carl)
    assert (one["status"], one["next"]) == ("pending", ["finance_director"])
    again = office.shell.run("approvals", "decide", "A-104", "approve", *carl, "--tenant", "shop")
    assert again.code == 1
    assert "another person has to decide" in again.err
    two = office("approvals", "decide", "A-104", "approve", "--as", "user:fiona@shop.example", "--because", "fine")
    assert (two["status"], two["stage"], two["next"]) == ("approved", "released", [])
    assert "channel_manager" in office("approvals", "show", "A-104", json=False)


def test_somebody_decides_for_another_until_it_is_revoked(office):
    office("tenant", "add-person", "dora@shop.example", "--name", "Dora")
    terms = ("--role", "channel_manager", "--until", "2099-01-01", "--up-to", "5000", "--because", "on holiday")
    pair = ("carl@shop.example", "dora@shop.example")
    refused = office.shell.run("delegations", "create", *pair, *terms, "--tenant", "shop")
    assert "more than a year" in refused.err
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    made = office("delegations", "create", *pair, *terms[:2], "--until", tomorrow, *terms[4:])
    assert (made["delegate"], made["max_amount"], made["state"]) == ("user:dora@shop.example", "5000", "in force")
    # The day counts in full, in the tenant's time zone.
    ends = datetime.fromisoformat(made["valid_until"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (ends - timedelta(seconds=1)).strftime("%Y-%m-%d") == tomorrow
    text = office("delegations", "list", "--person", "dora@shop.example", json=False)
    assert "in force" in text
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert office("delegations", "revoke", made["id"], "--as", "carl@shop.example")["state"] == "revoked"
    assert office("delegations", "list")["items"] == []
    assert [d["id"] for d in office("delegations", "list", "--past")["items"]] == [made["id"]]


def test_roles_are_granted_for_a_time_and_revoked_and_duties_stay_apart(office):
    office("tenant", "add-person", "fay@shop.example", "--name", "Fay")
    made = office("tenant", "grant", "fay@shop.example", "finance", "--until", "2099-12-31")
    assert made["valid_until"] == "2099-12-31T23:00:00.000000Z"
    clash = office.shell.run("tenant", "grant", "fay@shop.example", "order_desk", "--tenant", "shop")
    assert (clash.code, "may not hold" in clash.err) == (1, True)
    assert [g["role"] for g in office("tenant", "grants", "fay@shop.example")["items"]] == ["finance"]
    office("tenant", "revoke", "fay@shop.example", "finance")
    assert office("tenant", "grants", "fay@shop.example")["items"] == []


def test_rows_are_mended_and_replayed(office):
    negative = ("--reason", "quantity is not above zero")
    listed = {q["id"] for q in office("quarantine", "list", *negative)["items"]}
    report = office("quarantine", "replay", *negative, "--set", "Quantity=5")
    assert {r["quarantine"] for r in report["replayed"]} == listed
    assert (report["applied"] >= len(listed) > 0, report["refused"]) == (True, 0)
    assert office("quarantine", "list", *negative)["items"] == []
    rest = office("quarantine", "list", "--status", "open", "--reason", "no customer")["items"]
    assert office("quarantine", "dismiss", *(r["id"] for r in rest))["dismissed"] == [r["id"] for r in rest]
    assert office("quarantine", "list", "--reason", "no customer")["items"] == []


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(office):
    with office.shell.start("audit", "list", "--tenant", "shop", "--limit", "500", "--json") as lister:
        assert lister.stdout is not None
        head = subprocess.run(["head", "-n", "1"], stdin=lister.stdout, capture_output=True, text=True, check=True)
        lister.stdout.close()
        assert lister.stderr is not None
        assert lister.stderr.read() == ""
    assert head.stdout == "{\n"


@pytest.fixture
def spoil(module_settings: Settings) -> Iterator[Any]:
    """Changes a column of stored rows as nobody may, and puts it back."""
    with psycopg.connect(make_conninfo(module_settings.database_url, user="postgres"), autocommit=True) as conn:

        @contextmanager
        def change(table: str, column: str, where: str) -> Iterator[None]:
            conn.execute(f"update {table} set {column} = {column} || 'x' where {where}")
            yield
            conn.execute(f"update {table} set {column} = left({column}, -1) where {where}")

        yield change
