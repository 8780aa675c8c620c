"""An explanation walks from a decision to what it was fed by, and says which input nobody gave."""

from __future__ import annotations

from typing import Any

from headgate.console.present.checks import evaluations_in
from headgate.console.present.evaluations import cells, linked
from headgate.policy import compile_policy, parse_policy

TEXT = """
policy: terms
version: 2
title: Terms
owner: finance
hit: first
inputs:
  - {name: level, label: Risk level, type: string, from: risk.out}
  - {name: tier, type: string, default: silver}
  - {name: days, type: number}
outputs: [{name: out, type: string}]
rows: [{id: bad, when: {level: "'high'"}, then: {out: prepaid}}]
"""
SIZE: dict[str, Any] = {"policy": "size", "version": 1, "rows": ["a"], "inputs": {}, "outputs": {"out": "large"}}
RISK: dict[str, Any] = {"policy": "risk", "version": 4, "rows": ["over"], "inputs": {"size": "large"}, "outputs": {}}
RISK["from"] = {"size": "size.out"}
TOLD: dict[str, Any] = {
    "policy": "terms",
    "version": 2,
    "rows": ["bad"],
    "inputs": {"level": "high", "tier": "silver", "days": "30"},
    "outputs": {"out": "prepaid"},
    "from": {"level": "risk.out"},
    "links": [SIZE, RISK],
    "defaulted": ["tier"],
}
TABLES = {("terms", 2): compile_policy(parse_policy(TEXT, "terms.yaml"))}


def test_each_input_says_whether_it_was_given_defaulted_or_decided_before() -> None:
    found = cells(TABLES, TOLD, linked(TOLD))
    assert [(c.label, c.test, c.origin, c.fed_by) for c in found] == [
        ("Risk level", "'high'", "chained", 2),
        ("Tier", "", "default", 0),
        ("Days", "", "given", 0),
    ]
    (size,) = cells(TABLES, RISK, linked(TOLD))
    assert (size.origin, size.fed_by) == ("chained", 1), "a link may be fed by one before it"


def test_the_texts_of_what_a_decision_was_fed_by_are_loaded_too() -> None:
    recorded = {"checks": [{"evaluation": TOLD}, {"evaluation": None}], "release": None}
    assert [each["policy"] for each in evaluations_in(recorded)] == ["terms", "size", "risk"]
