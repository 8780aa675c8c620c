"""Small policy texts for tests."""

from __future__ import annotations

from headgate.policy import CompiledPolicy, compile_policy, parse_policy

HEAD = """\
policy: sample
version: 1
title: A sample
owner: nobody
"""

DISCOUNT = """\
policy: discount
version: 1
title: How much discount
owner: sales
hit: first
inputs:
  - {name: amount, type: number, label: Amount}
  - {name: tier, type: enum, values: [gold, silver]}
  - {name: new, type: bool}
outputs:
  - {name: outcome, type: enum, values: [pass, hold]}
  - {name: rate, type: percent}
rows:
  - id: gold_large
    when: {amount: ">= 1000", tier: "'gold'"}
    then: {outcome: pass, rate: 7.5}
    because: "{amount} from a {tier} partner (new: {new})"
    clause: §1
  - id: large
    when: {amount: ">= 1000"}
    then: {outcome: pass, rate: "= amount / 1000"}
  - id: small
    when: {amount: "< 1000"}
    then: {outcome: hold, rate: 0}
    clause: §2
tests:
  - {given: {amount: 1000, tier: gold, new: false}, expect: {outcome: pass, rate: 7.5}}
  - {given: {amount: "999.99", tier: gold, new: false}, expect: {outcome: hold}}
  - {given: {amount: 2000, tier: silver, new: true}, expect: {rate: 2}, rows: [large]}
"""


def compiled(text: str) -> CompiledPolicy:
    """The text as a policy to evaluate."""
    return compile_policy(parse_policy(text, "sample.yaml"))


def table(hit: str, inputs: str, rows: str, more: str = "", outputs: str = "{name: out, type: string}") -> str:
    """A policy text from the parts that matter to a test; rows and inputs are flow sequences."""
    return f"{HEAD}hit: {hit}\ninputs: [{inputs}]\noutputs: [{outputs}]\nrows:\n{rows}\n{more}"


def row(name: str, when: str, then: str = "x") -> str:
    """One row whose only output is `out`."""
    return f"  - {{id: {name}, when: {{{when}}}, then: {{out: {then}}}}}\n"
