"""Writing a policy as YAML loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.policy import parse_policy
from headgate.policy.core.document import read_document, write_document
from headgate.policy.exchange import write_yaml
from tests.unit.policy.exchange.alike import meaning
from tests.unit.policy.samples import DISCOUNT

SHIPPED = sorted((Path(__file__).parents[4] / "packs").glob("*/policies/*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_written_and_read_is_the_same(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    assert meaning(parse_policy(write_yaml(table), file.name)) == meaning(table)


def test_a_name_that_yaml_takes_for_a_truth_value_stays_a_name() -> None:
    text = DISCOUNT.replace("id: large", "id: 'true'").replace("rows: [large]", "rows: ['true']")
    table = parse_policy(text, "a.yaml")
    assert [r.id for r in parse_policy(write_yaml(table), "a.yaml").rows] == ["gold_large", "true", "small"]


TIMES = """
policy: times
version: 1
title: "Yes: 'quoted', # and more"
owner: finance
hit: collect
aggregate: sum
inputs:
  - {name: day, type: date, min: 2026-01-01}
  - {name: at, type: datetime, nullable: true, default: "2026-01-31T10:00:00Z"}
  - {name: within, type: duration, max: P2D, default: PT4H}
  - {name: tags, type: list, values: ["a, b", "no"], default: ["no"]}
outputs: [{name: fee, type: money, currency: EUR, default: 0}, {name: due, type: date, nullable: true}]
rows:
  - {id: early, when: {day: "< d('2026-02-01')"}, then: {fee: "= within > duration('PT1H') ? 1.5 : 2", due: 2026-02-01}}
  - {id: late, when: {tags: "'no'"}, then: {fee: 1, due: null}, because: "null", clause: "1.0"}
tests: [{given: {day: 2026-01-31, at: null, within: PT2H, tags: []}, expect: {fee: 1.5}, rows: [early]}]
"""


def test_every_kind_of_column_and_value_written_and_read_is_the_same() -> None:
    table = parse_policy(TIMES, "times.yaml")
    assert meaning(parse_policy(write_yaml(table), "times.yaml")) == meaning(table)


def test_a_file_is_written_in_the_same_way_from_a_table_and_from_its_text() -> None:
    text = write_yaml(parse_policy(DISCOUNT, "a.yaml"))
    assert write_document(read_document(text)) == text
