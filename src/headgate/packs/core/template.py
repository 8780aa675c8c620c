"""The files of a new pack: small, complete and of one piece. NAME and TITLE stand for the pack's."""

from __future__ import annotations

from typing import Final

_PACK = """\
pack: NAME
version: 1
title: TITLE
description: >-
  Special prices are granted by a table where they are small, and by people where they are large.
processes:
  - processes/NAME.yaml
policies:
  - policies/NAME_approvals.yaml
metrics:
  - metrics/NAME_granted.yaml
"""

# It asks for special prices: a subject that Headgate knows, so that the pack works without a line of code.
_PROCESS = """\
process: NAME
version: 1
title: TITLE
subject: price_exception
owner: channel_manager

events:
  price_exception.requested: {key: "NAME:{request}", subject: "{request}", starts: true}
  price_exception.withdrawn: {key: "NAME:{request}", subject: "{request}"}

stages:
  - id: assessing
    title: Being assessed
    enter:
      - {id: assess, run: price_exception.assess}
      - set:
          partner: $assess.partner
          stake: $assess.stake
          currency: $assess.currency
          exceptions: $assess.exceptions
    go:
      - {when: {assess.needed: true}, to: deciding}
      - {to: not_needed}

  - id: deciding
    title: Waiting for approval
    exception: true
    sla: {hours: 16, warn: 0.75}
    enter:
      - id: request
        approve: NAME_approvals
        each: $assess.asks
        binds: $assess.digest
        stake: $assess.stake
        summary: $assess.summary
        requested_by: $assess.requested_by
        barred: $assess.barred
    go:
      - {when: {approval.status: approved}, to: granted}
    on:
      approval.approved: {to: granted}
      approval.edited: {do: [{id: edited, run: price_exception.edit}], to: assessing}
      approval.rejected: {to: declined}
      approval.returned: {to: declined}
      approval.expired: {to: declined}
      price_exception.withdrawn: {to: withdrawn}

  - id: granted
    title: Granted
    final: granted
    enter:
      - {id: grant, run: price_exception.grant}
      - {id: price_changed, command: erp, type: price.override, payload: $grant.command}
  - {id: not_needed, title: Not needed, final: not_needed}
  - id: declined
    title: Declined
    final: declined
    enter:
      - {id: closed, run: price_exception.close, status: declined}
  - id: withdrawn
    title: Withdrawn
    final: withdrawn
    enter:
      - {id: closed, run: price_exception.close, status: withdrawn}
"""

_POLICY = """\
policy: NAME_approvals
version: 1
title: Who must approve a special price
owner: finance
hit: collect
inputs:
  - {name: exception, type: string, label: Exception}
  - {name: stake, type: number, label: Money at stake in the tenant's currency}
  - {name: deviation_pct, type: percent, label: "Price below contract, in %"}
  - {name: margin_pct, type: percent, label: "Margin, in % of the price"}
  - {name: tier, type: string, label: Tier of the partner}
  - {name: risk, type: enum, values: [low, medium, high], label: Credit risk}
outputs:
  - {name: level, type: integer, label: Level}
  - {name: role, type: enum, values: [channel_manager, finance_director], label: Role}
  - {name: quorum, type: integer, label: How many must agree}
  - {name: sla_hours, type: number, label: Hours to decide}
  - {name: expires_hours, type: number, label: Hours until the request lapses}
rows:
  - id: every
    then: {level: 1, role: channel_manager, quorum: 1, sla_hours: 8, expires_hours: 80}
    because: A special price is for the channel manager
  - id: large
    when: {stake: "> 5000"}
    then: {level: 2, role: finance_director, quorum: 1, sla_hours: 8, expires_hours: 80}
    because: "With {stake} at stake, more than 5,000, the finance director decides as well"
tests:
  - name: a small one needs the channel manager
    given: {exception: price_exception, stake: "5000", deviation_pct: "12", margin_pct: "9", tier: silver, risk: low}
    expect: {list: [{level: 1, role: channel_manager}]}
    rows: [every]
  - name: a cent more needs the finance director as well
    given: {exception: price_exception, stake: "5000.01", deviation_pct: "12", margin_pct: "9", tier: silver, risk: low}
    expect: {list: [{level: 1, role: channel_manager}, {level: 2, role: finance_director}]}
    rows: [every, large]
"""

# Read and checked by `headgate pack lint`; metrics are not computed yet.
_METRIC = """\
metric: NAME_granted
version: 1
title: Share of special prices that were granted
description: Requests that ended as granted, of all that have ended.
owner: channel_operations
unit: percent
formula: 100 * count(outcome == 'granted') / count(status == 'closed')
over: case
grain: week
dimensions: [partner, process]
"""

_SCENARIO = """\
title: TITLE
at: 2026-03-02 10:00 # a Monday
given:
  people:
    carl: channel_manager
    rita: []
  records:
    partner.recorded:
      - partner: P-1
        account: ""
        terms: NET30
        channel: online
        name: Fairwind
        legal_name: Fairwind GmbH
        country: DE
        tier: gold
        status: active
    product.recorded:
      - product: S-1
        cost: "6.00"
        cost_currency: EUR
        status: active
        name: Switch
        family: hardware
        tax_class: standard
        unit: EA
  agreements:
    - {code: LIST, valid_from: 2026-01-01, terms: [{method: list, product: S-1, value: "10.00"}]}
scenarios:
  - name: a special price is granted by somebody who did not ask for it
    events:
      - send: price_exception.requested
        data:
          request: R-1
          partner: P-1
          product: S-1
          unit_price: "8.50"
          currency: EUR
          max_quantity: "100"
          valid_from: $today
          valid_until: $today+30 days
          justification: they match an offer
          requested_by: "@rita"
        expected:
          cases: [{subject: R-1, stage: deciding}]
          tasks: [{subject: R-1, role: channel_manager}]
      - {by: rita, approves: R-1, refused: asked for this}
      - {by: carl, approves: R-1, reason: worth it for the volume}
    expected:
      cases: [{subject: R-1, stage: granted, outcome: granted}]
      approvals: [{subject: R-1, status: approved, votes: [{by: carl}]}]
      commands: [{target: erp, type: price.override, subject: R-1}]
"""

FILES: Final = {
    "pack.yaml": _PACK,
    "processes/NAME.yaml": _PROCESS,
    "policies/NAME_approvals.yaml": _POLICY,
    "metrics/NAME_granted.yaml": _METRIC,
    "scenarios/NAME.yaml": _SCENARIO,
}
