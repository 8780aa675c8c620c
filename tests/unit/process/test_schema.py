"""The published schemas: in step with the parsers, every shipped file fits, and what the parser refuses by shape they
refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from headgate.kernel.errors import Invalid
from headgate.policy.core import parse as policy_parse
from headgate.policy.core.schema import policy_schema
from headgate.policy.core.source import read_yaml
from headgate.process.core import parse as process_parse
from headgate.process.core import parse_sla
from headgate.process.core.definition import STEP_KINDS
from headgate.process.core.parse import read_definition
from headgate.process.core.schema import process_schema
from scripts.schemas import FOLDER, SCHEMAS, render
from tests.unit.process.test_service_level import FILE

PACKS = Path(__file__).parents[3] / "packs"
PROCESSES = sorted(PACKS.glob("*/processes/*.yaml"))
POLICIES = sorted(PACKS.glob("*/policies/*.yaml"))
RICH = FILE.replace(
    '      - {id: mend, task: "Mend {subject}", role: fitter}',
    """      - {id: mend, task: "Mend {subject}", role: fitter}
      - set: {stake: $mend.cost}
      - {timer: nap, hours: 4}
      - parallel: both
        join: any
        branches:
          one: [{run: x.y}]
          two: [{wait: thing.answered}]""",
).replace("thing.done: {to: mended}", "thing.done: [{when: {a.b: [x, 1]}, to: mended}, {do: [{run: a.b}]}, mended]")
# What is about meaning rather than shape; a schema cannot say it.
MEANING = ("stands twice", "later than 'hours'", "comes before the link", "from 1 to", "no way for branches")


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def document(text: str) -> Any:
    return plain(read_yaml(text, "file.yaml").plain())


PROCESS = jsonschema_rs.validator_for(process_schema())
POLICY = jsonschema_rs.validator_for(policy_schema())


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_what_is_published_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == render(name), "python scripts/schemas.py"
    jsonschema_rs.meta.validate(json.loads(render(name)))


@pytest.mark.parametrize("file", PROCESSES, ids=lambda f: f.stem)
def test_every_shipped_process_fits(file: Path) -> None:
    assert [e.message for e in PROCESS.iter_errors(document(file.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize("file", POLICIES, ids=lambda f: f.stem)
def test_every_shipped_policy_fits(file: Path) -> None:
    assert [e.message for e in POLICY.iter_errors(document(file.read_text(encoding="utf-8")))] == []


def test_the_keys_are_the_parsers() -> None:
    process, policy = process_schema(), policy_schema()
    stage, sla = process["$defs"]["stage"], process["$defs"]["sla"]
    assert set(process["properties"]) == process_parse._TOP
    assert set(stage["properties"]) == process_parse._STAGE
    assert set(process["$defs"]["transition"]["anyOf"][1]["properties"]) == process_parse._TRANSITION
    assert set(process["$defs"]["step"]["properties"]) == {*STEP_KINDS, "id"}
    assert set(sla["properties"]) == parse_sla.KEYS
    assert set(sla["properties"]["pause"]["items"]["properties"]) == parse_sla.PAUSE_KEYS
    assert set(sla["properties"]["escalate"]["items"]["properties"]) == parse_sla.LINK_KEYS
    assert set(policy["properties"]) == policy_parse._FILE_KEYS
    assert set(policy["$defs"]["input"]["properties"]) == policy_parse._INPUT_KEYS
    assert set(policy["$defs"]["output"]["properties"]) == policy_parse._OUTPUT_KEYS
    assert set(policy["$defs"]["row"]["properties"]) == policy_parse._ROW_KEYS
    assert set(policy["$defs"]["test"]["properties"]) == policy_parse._TEST_KEYS


def test_every_key_says_what_it_is_for() -> None:
    for schema in (process_schema(), policy_schema()):
        parts = [schema, *schema["$defs"].values()]
        for part in parts:
            for name, shape in part.get("properties", {}).items():
                assert shape.get("description"), name


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*here, key)
        yield from paths(part, (*here, key))


def mutants(whole: Any) -> Iterator[Any]:
    """The document with each of its parts removed, made something else, or given a key that nobody knows."""
    changes: tuple[Any, ...] = ("remove", 7, "", "x", [], {}, None, True, "key")
    for path in paths(whole):
        for change in changes:
            made = deepcopy(whole)
            parent = made
            for key in path[:-1]:
                parent = parent[key]
            if change == "remove":
                del parent[path[-1]]
            elif change == "key":
                if not isinstance(parent[path[-1]], dict):
                    continue
                parent[path[-1]]["bogus_key"] = {"a": 1}
            else:
                parent[path[-1]] = change
            yield made


@pytest.mark.slow
def test_what_the_parser_refuses_by_shape_the_schema_refuses() -> None:
    whole = document(RICH)
    assert PROCESS.is_valid(whole)
    texts = [yaml.safe_dump(made, sort_keys=False, allow_unicode=True) for made in mutants(whole)]
    refused = {text: said for text in texts if (said := shape_problem(text))}
    assert len(refused) > 300
    assert [(said, text) for text, said in refused.items() if PROCESS.is_valid(document(text))] == []


def shape_problem(text: str) -> str:
    """Why the parser refuses a file by its shape; empty where it does not."""
    try:
        read_definition(text, "mutant.yaml")
    except Invalid as error:
        return "" if any(words in error.message for words in MEANING) else error.message
    return ""
