"""What cannot be done is said in one clear line on stderr, with exit code 1 (2 for usage), and never as a traceback."""

from __future__ import annotations

import re
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import headgate
from headgate.kernel.logger import Log
from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Ran, Shell

ROOT = Path(headgate.__file__).parents[2]
MAPPING = (ROOT / "docs/tutorial/mapping.yaml").read_text(encoding="utf-8")
ROWS = (ROOT / "docs/tutorial/orders.csv").read_text(encoding="utf-8")
POLICY = (ROOT / "packs/order_governance/policies/price_deviation.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shop(module_settings: Settings) -> Shell:
    shell = Shell(module_settings)
    shell.ok("tenant", "create", "shop", "--name", "Shop")
    return shell


def refused(ran: Ran, *words: str, code: int = 1) -> None:
    """The command ended with an error that has these words, and printed nothing else."""
    assert ran.code == code, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err, ran.err


NOBODY = str(uuid.UUID(int=7))
MISTAKES = {
    "orders list --tenant nobody": ("nobody", "headgate tenant list"),
    "orders list --cursor garbage": ("cursor", "next_cursor"),
    "explain order NONE-1": ("NONE-1",),
    f"cases show {NOBODY}": (NOBODY, "does not exist"),
    "cases show NONE-1": ("NONE-1", "headgate cases list"),
    f"approvals show {NOBODY}": (NOBODY, "does not exist"),
    "approvals decide NONE-1 approve --as user:ana@shop.example --because x": ("user:ana@shop.example",),
    "agreements show NONE": ("NONE", "headgate agreements list"),
    f"agreements show {NOBODY}": (NOBODY,),
    "agreements approve --source derived --as a@b.example --because x": ("Give ids, or --source derived",),
    "policies show nothing": ("nothing",),
    "policies show price_deviation --version 99": ("99",),
    "policies evaluate price_deviation {": ("facts", "is not JSON"),
    "policies evaluate price_deviation [1]": ("facts",),
    "policies evaluate price_deviation {} --at yesterday": ("at", "RFC 3339"),
    "quarantine list --status lost": ("--status", "open, replayed or dismissed"),
    "quarantine list --kind lost": ("--kind", "row or event"),
    f"quarantine show {NOBODY}": (NOBODY,),
    "quarantine replay": ("Give ids, or --reason",),
    "quarantine replay --set x --reason y": ("NAME=VALUE",),
    f"quarantine dismiss {NOBODY}": (NOBODY,),
    "tenant create Shop! --name x": ("slug",),
    "tenant create shop --name Again": ("shop",),
    "tenant create other --name x --currency XXXX": ("currency",),
    "tenant create other --name x --timezone Mars/Base": ("timezone",),
    "tenant create other --name x --pack nothing": ("there is no pack nothing", "order_governance"),
    "tenant add-person nobody --name x": ("email",),
    "tenant add-person a@b.example --name x --role king": ("king",),
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_named_with_the_way_out(shop, command):
    words = command.split()
    tenant = () if "--tenant" in words or words[:2] == ["tenant", "create"] else ("--tenant", "shop")
    refused(shop.run(*words, *tenant), *MISTAKES[command])


@pytest.mark.parametrize(
    "command",
    [
        "orders list --since yesterday",
        "orders list --limit 0",
        "quarantine show not-an-id",
        "import orders no-such-file.csv --mapping m.yaml --source s",
        "no-such-command",
        "worker --lanes 0",
        "demo --weeks 99",
    ],
)
def test_bad_usage_ends_with_exit_code_two(shop, command):
    refused(shop.run(*command.split()), code=2)


@pytest.mark.parametrize(
    "text", ["a\0b", "\udcff\udcfe", "x" * 100_000, "'; drop table orders; --", "\x1b]0;title\x07"]
)
@pytest.mark.parametrize(
    "command", ["explain order", "cases show", "agreements show", "policies show", "approvals show"]
)
def test_absurd_arguments_get_a_clean_error(shop, command, text):
    ran = shop.run(*command.split(), text, "--tenant", "shop")
    refused(ran)
    assert "\x1b]" not in ran.err


@pytest.mark.parametrize("text", ["a\0b", "\udcff", "x" * 100_000, "%_"])
def test_absurd_filters_find_nothing_or_are_refused(shop, text):
    for name in ("--status", "--partner", "--exception", "--text"):
        ran = shop.run("orders", "list", name, text, "--tenant", "shop")
        assert ran.code in (0, 1)
        assert "Traceback" not in ran.err


FILES = {
    "a mapping that is not YAML": ("mapping: [", ROWS, ("mapping.yaml",)),
    "a mapping that lacks what it needs": ("mapping: x\n", ROWS, ("mapping.yaml", "documents")),
    "a mapping with an unknown key": (MAPPING + "\nextra: 1\n", ROWS, ("mapping.yaml", "extra")),
    "a mapping with an expression that does not parse": (
        MAPPING.replace("'Customer == \"\"'", "'Customer == ('"),
        ROWS,
        ("mapping.yaml",),
    ),
    "a mapping of another file": (MAPPING.replace("unit_price: Price", "unit_price: Cost"), ROWS, ("Cost", "Columns:")),
    "an empty file": (MAPPING, "", ("orders.csv", "is empty")),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_or_mapping_that_cannot_be_used_is_named_and_nothing_is_stored(shop, tmp_path, case):
    mapping, rows, words = FILES[case]
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(rows, encoding="utf-8")
    before = shop.read("audit", "list", "--tenant", "shop")
    options = ("--mapping", str(tmp_path / "mapping.yaml"), "--source", "s", "--tenant", "shop")
    refused(shop.run("import", "orders", str(tmp_path / "orders.csv"), *options), *words)
    assert shop.read("audit", "list", "--tenant", "shop") == before
    assert shop.read("orders", "list", "--tenant", "shop")["items"] == []


def test_a_text_file_in_another_encoding_is_named(shop, tmp_path):
    file = tmp_path / "mapping.yaml"
    file.write_bytes(b"mapping: caf\xe9\n")
    (tmp_path / "orders.csv").write_text(ROWS, encoding="utf-8")
    options = ("--mapping", str(file), "--source", "s", "--tenant", "shop")
    refused(shop.run("import", "orders", str(tmp_path / "orders.csv"), *options), "mapping.yaml", "UTF-8")
    refused(shop.run("policies", "lint", str(file)), "mapping.yaml", "UTF-8")


def test_a_policy_that_does_not_lint_is_reported_with_file_and_row(shop, tmp_path):
    file = tmp_path / "price.yaml"
    file.write_text(POLICY.replace('"[-2..2]"', '"[-2..20]"'), encoding="utf-8")
    ran = shop.run("policies", "lint", str(file))
    assert ran.code == 1
    assert "price.yaml:" in ran.out
    assert "row" in ran.out
    found = shop.run("policies", "lint", str(file), "--json")
    assert found.code == 1
    assert found.json()["files"][0]["issues"][0]["line"] > 0


def test_policies_that_read_each_other_are_linted_together(shop, tmp_path):
    text = """policy: {name}\nversion: 1\ntitle: {name}\nowner: finance\nhit: first
inputs: [{{name: x, type: {type}{source}}}]\noutputs: [{{name: out, type: bool}}]
rows: [{{id: a, when: {{}}, then: {{out: true}}}}]\ntests: [{{given: {{x: {given}}}, expect: {{out: true}}}}]\n"""
    reader, source = tmp_path / "reader.yaml", tmp_path / "source.yaml"
    reader.write_text(text.format(name="reader", type="string", source=", from: source.out", given="a"), "utf-8")
    source.write_text(text.format(name="source", type="number", source="", given="1"), "utf-8")
    alone = shop.run("policies", "lint", str(reader))
    assert (alone.code, "source.out, which is not among these files" in alone.out) == (0, True)
    both = shop.run("policies", "lint", str(source), str(reader))
    assert both.code == 1
    assert "reader.yaml:6: column x: reads source.out, which is bool, as string. Declare it type: bool." in both.out
    source.write_text(text.format(name="source", type="bool", source=", from: reader.out", given="true"), "utf-8")
    ring = shop.run("policies", "lint", str(reader), str(source))
    assert (ring.code, "ring" in ring.out) == (1, True)


def test_a_policy_that_does_not_parse_is_refused_with_file_and_line(shop, tmp_path):
    file = tmp_path / "price.yaml"
    file.write_text(POLICY.replace('"[-2..2]"', '"[-2..2"'), encoding="utf-8")
    ran = shop.run("policies", "lint", str(file))
    assert ran.code == 1
    assert re.match(r"price\.yaml:\d+: row within_tolerance, column deviation_pct: ", ran.out)
    refused(shop.run("policies", "draft", str(file), "--as", "a@b.example", "--tenant", "shop"))


def test_agreements_from_a_file_that_holds_none_are_refused(shop, tmp_path):
    file = tmp_path / "agreements.json"
    for text, word in (("{", "is not JSON"), ("{}", "list of agreements"), ('[{"code": 1}]', "")):
        file.write_text(text, encoding="utf-8")
        refused(shop.run("agreements", "import", str(file), "--as", "a@b.example", "--tenant", "shop"), word)


def test_a_database_that_does_not_answer_is_one_clear_line(tmp_path):
    gone = Shell(
        Settings(home=tmp_path, database_url="host=/nowhere dbname=x", app_database_url="host=/nowhere dbname=x")
    )
    refused(gone.run("orders", "list"), "database")


def test_a_database_that_another_release_made_is_left_alone_with_the_way_out(fresh_settings):
    superuser = make_conninfo(fresh_settings.database_url, user="postgres")
    with psycopg.connect(superuser, autocommit=True) as conn:
        conn.execute("update alembic_version set version_num = 'elsewhere'")
        conn.execute("comment on table alembic_version is 'headgate of another line'")
        refused(Shell(fresh_settings).run("tenant", "list"), "elsewhere", "HEADGATE_DATABASE_URL")
        assert conn.execute("select version_num from alembic_version").fetchall() == [("elsewhere",)]


def test_a_setting_that_cannot_be_used_is_named(shop, monkeypatch):
    monkeypatch.setenv("HEADGATE_LANES", "many")
    refused(shop.run("tenant", "list"), "HEADGATE_LANES", "many")


def test_an_interruption_ends_quietly(shop, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headgate.cli.tenants.opened", interrupt)
    ran = shop.run("tenant", "list")
    assert ran.code == 130
    assert "Traceback" not in ran.err


def test_logs_do_not_mix_with_what_was_asked(shop, monkeypatch):
    def noisy(*_: object) -> None:
        Log("test").warning("a remark")
        sys.exit(0)

    monkeypatch.setattr("headgate.cli.tenants.opened", noisy)
    ran = shop.run("tenant", "list", "--json")
    assert ran.out == ""
    assert "a remark" in ran.err
