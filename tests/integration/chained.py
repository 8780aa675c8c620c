"""Two policies of which one reads what the other decides."""

from __future__ import annotations

LIMITS = """\
policy: limits
version: 1
title: What may pass
owner: finance
hit: first
inputs: [{name: amount, type: money}]
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: pass}}
  - {id: large, when: {amount: "> 100"}, then: {outcome: hold}}
tests:
  - {given: {amount: 100}, expect: {outcome: pass}}
  - {given: {amount: "100.01"}, expect: {outcome: hold}}
"""
RELEASE = """\
policy: release
version: 1
title: What is released
owner: finance
hit: first
inputs:
  - {name: limit, type: enum, values: [pass, hold], from: limits.outcome}
  - {name: known, type: bool}
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: both, when: {limit: "'pass'", known: "true"}, then: {outcome: pass}}
  - {id: rest, then: {outcome: hold}}
tests:
  - {given: {limit: pass, known: true}, expect: {outcome: pass}}
  - {given: {limit: pass, known: false}, expect: {outcome: hold}}
"""
