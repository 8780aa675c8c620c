"""Conditions of approval matrices: a slip is told with its line, and what can never be asked is said."""

from __future__ import annotations

import pytest

from headgate.packs import find_pack
from headgate.policy import Issue, lint, parse_policy

HEAD = """policy: matrix
version: 1
title: Who agrees
owner: finance
hit: collect
inputs:
  - {name: exception, type: string}
  - {name: deviation_pct, type: percent}
  - {name: stake, type: number, min: 0}
  - {name: risk, type: enum, values: [low, high]}
  - {name: urgent, type: bool}
outputs:
  - {name: level, type: integer}
  - {name: role, type: string}
  - {name: only_if, type: string, nullable: true}
  - {name: keep_if, type: string, nullable: true}
rows:
"""


def issues(then: str, when: str = 'stake: "> 100"') -> list[Issue]:
    """What the rule says of a matrix with one row, which stands in line 18."""
    text = f"""{HEAD}  - id: one
    when: {{{when}}}
    then: {{level: 1, {then}}}
    because: x
"""
    return [i for i in lint(parse_policy(text, "matrix.yaml")) if i.rule == "conditions"]


def only(then: str, when: str = 'stake: "> 100"') -> Issue:
    (found,) = issues(then, when)
    return found


@pytest.mark.parametrize(
    ("condition", "fix"),
    [
        ("deviaton_pct > 20", "Did you mean deviation_pct?"),
        ("max_deviaton_pct > 20", "Did you mean max_deviation_pct?"),
        ("stakes > 500 and risk == 'high'", "Did you mean stake?"),
    ],
)
def test_a_name_that_is_almost_an_input_is_an_error_with_its_line(condition: str, fix: str) -> None:
    found = only(f'role: finance, only_if: "{condition}"')
    assert (found.severity, found.fix, found.file, found.line, found.row, found.column) == (
        "error",
        fix,
        "matrix.yaml",
        20,
        "one",
        "only_if",
    )


def test_a_name_that_nothing_declares_is_only_pointed_out() -> None:
    found = only('role: finance, only_if: "total > 50000"')
    assert found.severity == "note"
    assert "must stand in what the approver reads" in found.message
    assert issues('role: finance, only_if: "max_deviation_pct > 20"') == []


@pytest.mark.parametrize(
    "condition",
    ["risk > 5", "stake + 1", "stake >", "urgent == 'yes' and", "stake and urgent", "'high'", "deviation_pct == risk"],
)
def test_what_does_not_fit_its_types_or_is_no_condition_is_an_error(condition: str) -> None:
    found = only(f'role: finance, only_if: "{condition}"')
    assert found.severity == "error"
    assert "cannot be understood" in found.message


@pytest.mark.parametrize(
    ("condition", "when"),
    [
        ("stake < 50", 'stake: "> 100"'),
        ("stake > 100 and stake < 100", "exception: \"'a'\""),
        ("risk == 'high' and stake > 5000", "risk: \"'low'\""),
        ("not urgent", 'urgent: "true"'),
        ("exception == 'b'", "exception: \"'a'\""),
        ("stake < 0", "exception: \"'a'\""),
    ],
)
def test_a_condition_that_its_row_never_meets_is_told(condition: str, when: str) -> None:
    found = only(f'role: finance, only_if: "{condition}"', when)
    assert found.severity == "warning"
    assert "never holds for what this row accepts, so the step is never asked" in found.message


def test_a_condition_that_its_row_always_meets_is_told() -> None:
    assert "always holds" in only('role: finance, only_if: "stake > 50"').message


@pytest.mark.parametrize(
    "condition", ["stake > 500", "stake == 101", "risk == 'high' or stake > 100.5", "stake * 2 > 5", "urgent"]
)
def test_a_condition_that_may_hold_or_not_is_let_alone(condition: str) -> None:
    assert issues(f'role: finance, only_if: "{condition}"') == []


def test_what_was_before_is_known_where_an_agreement_may_be_kept_and_nowhere_else() -> None:
    assert issues('role: finance, keep_if: "stake <= was_stake"') == []
    assert [i.severity for i in issues('role: finance, only_if: "stake <= was_stake"')] == ["error"]


def test_a_step_that_nobody_may_take_is_an_error() -> None:
    found = only("role: partner_success")
    assert found.severity == "error"
    assert "nobody can take this step: who holds partner_success may not decide approvals" in found.message
    assert "channel_manager" in found.fix


def test_that_a_late_step_reaches_nobody_more_is_a_warning() -> None:
    text = f"""{HEAD}  - id: one
    when: {{stake: "> 100"}}
    then: {{level: 1, role: finance, escalate_to: partner_success}}
    because: x
""".replace("  - {name: role, type: string}", "  - {name: role, type: string}\n  - {name: escalate_to, type: string}")
    (found,) = (i for i in lint(parse_policy(text, "matrix.yaml")) if i.rule == "conditions")
    assert found.severity == "warning"
    assert "a late step reaches nobody more: who holds partner_success may not decide approvals" in found.message


def test_a_role_that_does_not_ship_is_a_warning_with_the_nearest() -> None:
    found = only("role: channel_manger")
    assert (found.severity, found.fix) == ("warning", "Did you mean channel_manager?")


def test_the_matrices_that_ship_have_nothing_to_say() -> None:
    for pack, name in (("order_governance", "approval_matrix"), ("channel_revenue", "deal_approvals")):
        path = find_pack(pack) / "policies" / f"{name}.yaml"
        found = lint(parse_policy(path.read_text(encoding="utf-8"), path.name))
        assert [str(i) for i in found if i.rule == "conditions"] == []
