"""What pages name exists, what they show is true: commands, options, files, links, events, settings, cells, recipes."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from typer.core import TyperGroup

from headgate.access import PERMISSIONS
from headgate.api import create_app
from headgate.cli.main import everything
from headgate.connectors import parse_mapping
from headgate.domain.calendar import calendar_from
from headgate.domain.checks import prepare
from headgate.kernel import settings as settings_module
from headgate.kernel.settings import Settings, load_settings
from headgate.ledger import AuditDraft, append_audit
from headgate.policy import compile_policy, lint, parse_policy, run_examples
from headgate.policy.core.source import read_yaml
from headgate.process import parse_definition
from headgate.process.core.definition import BUILT_IN_EVENTS, STEP_KINDS
from headgate.process.core.rules.finding import steps_of
from headgate.store import Database
from headgate.store.tables import metadata
from headgate.wiring import App, build
from tests.scenarios.api.world import open_world
from tests.unit.domain.examples import facts, line

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "GLOSSARY.md")] + sorted(DOCS.rglob("*.md"))
SHIPPED = ROOT / "packs"
# What how-to pages make up to show how something is added.
MADE_UP = {"src/headgate/domain/checks/bulk.py"}
ROOMS = ("src/", "packs/", "docs/", "tests/", "scripts/", "requirements/", "bench/", "deploy/")
_FENCE = re.compile(r"^```(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
_FILE = re.compile(r".*\.(py|yaml|yml|md|csv|toml|txt|json|sql|dump)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def prose_of(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def spans_of(page: Path) -> list[str]:
    """The code spans of a page's prose."""
    return _SPAN.findall(prose_of(page))


def blocks_of(page: Path, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return [m["body"] for m in _FENCE.finditer(page.read_text(encoding="utf-8")) if m["kind"] == kind]


def shell_of(page: Path) -> Iterator[str]:
    """Every command a page shows, in spans and blocks; continued lines are joined, comments cut off."""
    yield from spans_of(page)
    for block in blocks_of(page, "sh") + blocks_of(page, "console") + blocks_of(page, ""):
        for shown in block.replace("\\\n", " ").splitlines():
            yield shown.removeprefix("$ ").split("   #")[0].strip()


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in found}


@each_page
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose_of(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in headings(target)):
            broken.append(link)
    assert not broken


@each_page
def test_commands_and_options_exist(page: Path) -> None:
    wrong = [f"{text}: {why}" for text in shell_of(page) for why in command_problems(text)]
    assert not wrong


@functools.cache
def commands() -> TyperGroup:
    """The tree of commands, loaded once: every line of every page is held against it."""
    return everything()


def command_problems(text: str) -> Iterator[str]:
    """What a line calls that `headgate` or `make` does not have."""
    words = text.split()
    if words[:1] == ["make"]:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        yield from (f"no target {word}" for word in words[1:] if re.fullmatch(r"[a-z-]+", word) and word not in targets)
    if words[:1] != ["headgate"]:
        return
    command, path = commands(), "headgate"
    for word in words[1:]:
        name = word.split("=")[0].strip("'\"")
        children = getattr(command, "commands", {})
        if children and re.fullmatch(r"[a-z][a-z-]*", word):
            if word not in children:
                yield f"{path} has no command {word}"
                return
            command, path = children[word], f"{path} {word}"
        elif re.fullmatch(r"--?[a-z][a-z-]*", name):
            known = {"--help", *(o for p in command.params for o in (*p.opts, *p.secondary_opts))}
            if name not in known:
                yield f"{path} has no option {name}"


@each_page
def test_files_and_tests_named_exist(page: Path) -> None:
    named = [s for s in spans_of(page) if s.startswith(ROOMS) and not re.search(r"[<{*… ]", s)]
    assert [s for s in named if s not in MADE_UP and not is_there(s)] == []


def is_there(name: str) -> bool:
    """Whether a file, folder or `file::test` is in the repository."""
    file, _, inner = name.partition("::")
    path = ROOT / file
    parts = [part.partition("[")[0] for part in inner.split("::") if part]
    return path.exists() and all(
        re.search(rf"(def|class) {re.escape(part)}\b", path.read_text(encoding="utf-8")) for part in parts
    )


@each_page
def test_python_names_exist(page: Path) -> None:
    for span in spans_of(page):
        if re.fullmatch(r"headgate(\.[A-Za-z_]+)+", span):
            module, _, name = span.rpartition(".")
            assert hasattr(importlib.import_module(module), name) or importlib.util.find_spec(span), span


def test_pictures_are_light_enough_to_load_at_once() -> None:
    pictures = list((DOCS / "images").glob("*.png"))
    assert pictures
    assert all(p.stat().st_size <= 300_000 for p in pictures)


def test_policies_and_processes_named_exist() -> None:
    known = {p.stem for p in SHIPPED.glob("*/*/*.yaml")} | {p.stem for p in DOCS.glob("how-to/*.yaml")}
    known |= {str(next(iter(yaml.safe_load(b).values()))) for p in PAGES for b in blocks_of(p, "yaml")}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:polic(?:y|ies)|process(?:es)?) `([a-z_]+)`", text))
        named |= set(re.findall(r"policies (?:show|activate|evaluate) ([a-z_]+)", text))
        named |= set(re.findall(r"\b([a-z_]+)@\d", text))
        assert named <= known, page.name


@pytest.fixture
def installation(settings: Settings, database: Database) -> App:
    """The application over this worker's database."""
    return build(settings, database=database)


def inner_events() -> set[str]:
    """Types that shipped processes take beside those from outside."""
    definitions = [parse_definition(p.read_text(encoding="utf-8"), p.name) for p in SHIPPED.glob("*/processes/*.yaml")]
    return {name for d in definitions for name in d.events}


def test_event_and_action_names_exist(installation: App) -> None:
    registry = installation.engine.registry
    known = {*registry.validators, *registry.projections, *registry.actions, *inner_events(), *BUILT_IN_EVENTS}
    known |= {*PERMISSIONS, "approval.decided", "timer.fired", "audit.verify", "case.moved"}
    known |= {"case.intervened", "case.migrated"}
    issued = re.findall(
        r"(?:type|compensate): ([a-z_]+\.[a-z_]+)", "".join(p.read_text() for p in SHIPPED.glob("*/processes/*.yaml"))
    )
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src/headgate").rglob("*.py"))
    known |= set(re.findall(r'span\(\s*"([a-z_.]+)"', source))  # parts of a trace
    known |= {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    for page in PAGES:
        names = {s for s in spans_of(page) if _NAME.fullmatch(s) and not _FILE.fullmatch(s)}
        made_up = {n for n in names if n.startswith("deal.")}
        fields = {n for n in names if n.startswith(("ship_to.", "prepared.", "command.", "op."))}
        assert names - made_up - fields <= known | set(issued), page.name


def test_paths_of_the_api_exist(installation: App) -> None:
    described = create_app(installation).openapi()["paths"]
    known = {
        (method.upper(), re.sub(r"{[^}]*}", "{}", path)) for path, methods in described.items() for method in methods
    }
    for page in PAGES:
        for span in spans_of(page):
            found = re.fullmatch(r"(GET|POST) (/[^\s?]+)(\?.*)?", span)
            if found:
                assert (found[1], re.sub(r"{[^}]*}", "{}", found[2])) in known, f"{page.name}: {span}"


def test_every_page_is_in_the_index() -> None:
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in _LINK.findall(prose_of(DOCS / "index.md"))}
    missing = {p for p in PAGES if p not in linked and p.parent not in linked}
    assert missing <= {DOCS / "index.md", ROOT / "README.md"}


def test_the_page_of_commands_is_in_step() -> None:
    script = ROOT / "scripts" / "reference.py"
    done = subprocess.run([sys.executable, str(script), "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_of_settings_is_complete_and_right() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(HEADGATE_\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    source = Path(settings_module.__file__).read_text(encoding="utf-8")
    assert set(rows) == set(re.findall(r'"(HEADGATE_\w+)"', source))
    plain = dataclasses.asdict(load_settings({"HEADGATE_HOME": "~"}))
    for name, default in rows.items():
        shown = re.fullmatch(r"`(.+)`", default.strip())
        if shown:
            value = plain[name.removeprefix("HEADGATE_").lower()]
            assert shown[1] == (",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()), name


def event_sections() -> dict[str, tuple[dict[str, Any], str]]:
    """By event type: its example, and its words."""
    found = {}
    text = (DOCS / "reference" / "events.md").read_text(encoding="utf-8")
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        block = _FENCE.search(part)
        assert block is not None, part.splitlines()[0]
        found[part.splitlines()[0].strip()] = (json.loads(block["body"]), part)
    return found


def test_every_event_from_outside_is_described_with_an_example_that_is_taken(installation: App) -> None:
    sections, validators = event_sections(), installation.engine.registry.validators
    assert set(sections) == set(validators)
    for name, (example, _) in sections.items():
        assert validators[name](example) == [], name
    inner = {*installation.engine.registry.projections, *inner_events()} - set(validators)
    assert inner <= set(spans_of(DOCS / "reference" / "events.md"))


def test_fields_marked_as_needed_are_needed_and_the_others_are_not(installation: App) -> None:
    validators = installation.engine.registry.validators
    for name, (example, words) in event_sections().items():
        optional = set(re.findall(r"`(\w+)`\*", words))
        if "items" in example:
            continue
        for field in example:
            problems = validators[name]({k: v for k, v in example.items() if k != field})
            assert bool(problems) == (field not in optional | {"terms"} or field == "lines"), f"{name}.{field}"


def check_calendar(text: str) -> None:
    body = read_yaml(text, "page.yaml").plain()
    assert isinstance(body, dict)
    calendar_from(body)


def test_yaml_examples_are_right() -> None:
    readers: dict[str, Callable[[str], None]] = {
        "policy": check_policy,
        "process": check_process,
        "timezone": check_calendar,
        "mapping": lambda text: None if parse_mapping(text, "page.yaml").documents else pytest.fail("no documents"),
    }
    seen = set()
    for page in PAGES:
        for block in blocks_of(page, "yaml"):
            kind = next(iter(yaml.safe_load(block)))
            readers[kind](block)
            seen.add(kind)
    assert seen == set(readers)


def check_policy(text: str) -> None:
    """Lint finds nothing, and the policy's own tests pass."""
    table = parse_policy(text, "page.yaml")
    assert list(lint(table)) == []
    assert all(example.passed for example in run_examples(compile_policy(table)))


def check_process(text: str) -> None:
    """It is a definition, and it shows every kind of step."""
    definition = parse_definition(text, "page.yaml")
    assert {s.kind for stage in definition.stages.values() for s in steps_of(stage)} == set(STEP_KINDS)


def test_cells_accept_and_refuse_what_the_page_says() -> None:
    text = (DOCS / "reference" / "policies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| `([^`]+)` \| (?:`([^`]+)`)? ?\|$", text, re.MULTILINE)
    assert len(rows) > 10
    for cell, kind, accepted, refused in rows:
        policy = {
            "policy": "cells", "version": 1, "title": "Cells", "owner": "nobody", "hit": "first",
            "inputs": [{"name": "fact", "type": kind}],
            "outputs": [{"name": "hit", "type": "bool"}],
            "rows": [{"id": "row", "when": {"fact": cell}, "then": {"hit": True}, "because": "it fits"}],
            "default": {"then": {"hit": False}, "because": "it does not"},
            "tests": [],
        }  # fmt: skip
        compiled = compile_policy(parse_policy(yaml.safe_dump(policy), "cells.yaml"))
        for value, expected in ((accepted, True), (refused, False)):
            if value:
                fact: object = value == "true" if kind == "bool" else value
                assert compiled.evaluate({"fact": fact}).outputs["hit"] is expected, f"{cell} on {value}"


def recipe(page: str) -> dict[str, Any]:
    """The names that the first Python block of a how-to defines."""
    names: dict[str, Any] = {}
    exec(blocks_of(DOCS / "how-to" / page, "python")[0], names)
    return names


def test_the_recipe_for_an_order_check_finds_what_it_says() -> None:
    check = recipe("add-an-order-check.md")["check_bulk"]
    found = check(prepare(facts(line("1", "SKU-1", 1000, "9"), line("2", "SKU-2", 1001, "9"))))
    assert [(f.line, f.signals, f.exception) for f in found] == [("2", {"bulk": True}, "bulk_quantity")]


def test_the_recipe_for_webhooks_is_taken(database: Database, tenant: UUID, clock: Any, tmp_path: Path) -> None:
    names = recipe("send-webhooks.md")
    world = open_world(database, tenant, clock, tmp_path)
    clock.set(datetime.now().astimezone())  # the recipe signs with the time of day
    body, headers = names["signed"](world.secret, names["event"])
    response = world.client.post(
        "/v1/events", params={"source": f"{world.slug}/webshop-1"}, content=body, headers=headers
    )
    assert response.status_code == 202, response.text
    refused = world.client.post(
        "/v1/events", params={"source": f"{world.slug}/webshop-1"}, content=body + b" ", headers=headers
    )
    assert refused.status_code == 401


def test_the_recipe_for_the_audit_chain_finds_what_was_changed(database: Database, tenant: UUID, clock: Any) -> None:
    check = recipe("verify-the-audit-chain.md")["check"]
    query = blocks_of(DOCS / "how-to" / "verify-the-audit-chain.md", "sql")[0].replace("'…'", "%s").rstrip("; \n")
    with database.transaction(tenant) as conn:
        drafts = [AuditDraft("thing.decided", "thing", f"T-{n}", "user:ana@x", {"note": "Grüße"}) for n in range(5)]
        append_audit(conn, clock.now(), drafts)
        rows = conn.execute(query.encode(), [tenant]).fetchall()
    assert check(rows, str(tenant)) == rows[-1][1]
    for changed in (
        [*rows[:2], (rows[2][0].replace("T-2", "T-9"), rows[2][1]), *rows[3:]],
        [*rows[:2], *rows[3:]],
        [rows[1], rows[0], *rows[2:]],
    ):
        with pytest.raises(AssertionError, match="entry"):
            check(changed, str(tenant))
    with pytest.raises(AssertionError, match="does not follow"):
        check(rows, str(UUID(int=0)))
