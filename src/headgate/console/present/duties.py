"""From the matrix of duties, its versions and mitigations to their page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from headgate.access import PERMISSIONS, MatrixVersion, Mitigation
from headgate.access.core.duties import Matrix, Rule, matrix_change
from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.common import Option
from headgate.console.views.people import DutiesView, DutyRow, GridCell, GridRow, MatrixProposal, MitigationRow
from headgate.kernel.phrases import Opening, Phrase, joined, phrase, worded

BETWEEN = "+"


def duties_page(
    matrix: Matrix,
    versions: Sequence[MatrixVersion],
    mitigations: Sequence[Mitigation],
    names: Names,
    me: str,
    now: datetime,
    *,
    may_ask: bool,
    may_decide: bool,
    error: str = "",
    typed: Mapping[str, str] | None = None,
) -> DutiesView:
    """The matrix in force as a grid and in words, the version that waits as what it changes, and mitigations."""
    waiting = next((each for each in versions if each.status == "proposed"), None)
    columns, grid = _grid(matrix)
    may_propose = may_ask and waiting is None
    return DutiesView(
        version=matrix.version,
        rules=tuple(duty_row(rule) for rule in matrix.rules),
        columns=columns,
        grid=grid,
        proposal=None if waiting is None else _proposal(matrix, waiting, names, me),
        mitigations=tuple(_mitigation(each, names, me, now, may_decide=may_decide) for each in mitigations),
        permissions=tuple(
            Option(name, phrase("%(words)s (%(name)s)", words=_sentence(name), name=name)) for name in PERMISSIONS
        )
        if may_propose
        else (),
        pairs=tuple(_pair(rule) for rule in matrix.rules) if may_ask else (),
        error=error,
        typed=typed or {},
    )


def duty_row(rule: Rule) -> DutyRow:
    """A rule in words."""
    first, second = (worded(PERMISSIONS.get(name, name)) for name in (rule.first, rule.second))
    return DutyRow(rule.first, first, rule.second, second, worded(rule.reason))


def pair_of(rule: Rule) -> str:
    """A rule as one value of a form."""
    return f"{rule.first}{BETWEEN}{rule.second}"


def _grid(matrix: Matrix) -> tuple[tuple[str, ...], tuple[GridRow, ...]]:
    """Permissions that any rule names, against each other."""
    named = {name for rule in matrix.rules for name in rule.pair}
    columns = tuple(name for name in PERMISSIONS if name in named)

    def cell(one: str, other: str) -> GridCell:
        if one == other:
            return GridCell("self")
        rule = matrix.rule_of(one, other)
        return (
            GridCell("free")
            if rule is None
            else GridCell(
                "apart",
                phrase(
                    "%(one)s and %(other)s stay apart: %(reason)s", one=one, other=other, reason=worded(rule.reason)
                ),
            )
        )

    return columns, tuple(GridRow(one, _sentence(one), tuple(cell(one, other) for other in columns)) for one in columns)


def _proposal(matrix: Matrix, waiting: MatrixVersion, names: Names, me: str) -> MatrixProposal:
    change = matrix_change(matrix.rules, waiting.rules)
    return MatrixProposal(
        waiting.version,
        waiting.note,
        names.person(waiting.proposed_by),
        waiting.proposed_at,
        tuple(duty_row(rule) for rule in (*change.added, *change.reworded)),
        tuple(duty_row(rule) for rule in change.removed),
        waiting.proposed_by == me,
        urls.duties_decide(waiting.version),
    )


def _mitigation(found: Mitigation, names: Names, me: str, now: datetime, *, may_decide: bool) -> MitigationRow:
    state = found.status(now)
    decides = may_decide and me not in (found.asked_by, found.principal)
    return MitigationRow(
        names.person(found.principal),
        _sentence(found.first),
        worded(PERMISSIONS.get(found.second, found.second)),
        found.control,
        state,
        found.valid_until,
        names.person(found.asked_by),
        urls.mitigation_act(found.id, "approve") if decides and state == "proposed" else "",
        urls.mitigation_act(found.id, "end") if may_decide and state in ("proposed", "in_force") else "",
    )


def _pair(rule: Rule) -> Option:
    return Option(
        pair_of(rule), joined(" × ", (_sentence(rule.first), worded(PERMISSIONS.get(rule.second, rule.second))))
    )


def _sentence(permission: str) -> Phrase:
    return Opening(worded(PERMISSIONS.get(permission, permission)))
