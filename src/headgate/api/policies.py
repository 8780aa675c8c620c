"""Policies as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from headgate.api.models.policies import (
    CellChange,
    Change,
    Column,
    ColumnChange,
    Diff,
    Evaluated,
    EvidenceView,
    PolicyVersionView,
    Remark,
    RowChange,
    TableRow,
    TestChange,
    TestResult,
)
from headgate.policy import Checked, Evaluation, Evidence, InputColumn, Issue, OutputColumn, PolicyVersion, Row
from headgate.policy.core.diff import Changed, TableDiff, diff_lines
from headgate.policy.core.evaluation import plain_json, shown
from headgate.policy.core.model import Formula


def version_view(found: PolicyVersion, now: datetime) -> PolicyVersionView:
    """A version, and how it stands at an instant."""
    return PolicyVersionView(**asdict(found), standing=found.standing(now))


def column_view(column: InputColumn | OutputColumn) -> Column:
    """An input or output."""
    return Column(
        name=column.name, type=column.type, label=column.label, values=[shown(value) for value in column.values]
    )


def row_view(row: Row) -> TableRow:
    """A rule."""
    then = {name: f"={v.text}" if isinstance(v, Formula) else plain_json(v) for name, v in row.then.items()}
    return TableRow(id=row.id, when=dict(row.when), then=then, because=row.because, clause=row.clause)


def test_views(checked: Checked) -> list[TestResult]:
    """The examples of a text that were run."""
    return [
        TestResult(
            name=result.name,
            given=plain_json(test.given),
            expect=plain_json(test.expect),
            passed=result.passed,
            problems=list(result.problems),
        )
        for result, test in zip(checked.results, checked.table.tests, strict=False)  # not run: no results
    ]


def remark_view(issue: Issue) -> Remark:
    """What a lint found."""
    return Remark(
        rule=issue.rule,
        severity=issue.severity,
        message=issue.message,
        line=issue.line,
        row=issue.row,
        column=issue.column,
        fix=issue.fix,
    )


def evidence_view(piece: Evidence, digest: str) -> EvidenceView:
    """Something attached, and whether it is about the text that the version has now."""
    return EvidenceView(
        evidence=piece.evidence,
        kind=piece.kind,
        digest=piece.digest,
        current=piece.digest == digest,
        content=dict(piece.content),
        attached_by=piece.attached_by,
        attached_at=piece.attached_at,
    )


def diff_view(diff: TableDiff) -> Diff:
    """Only what differs."""
    return Diff(
        policy=diff.policy,
        before=diff.before,
        after=diff.after,
        same=diff.same,
        settings=[_change(c) for c in diff.settings],
        columns=[
            ColumnChange(side=c.side, name=c.name, kind=c.kind, moved=c.moved, changes=[_change(x) for x in c.changes])
            for c in diff.columns
            if c.differs
        ],
        rows=[
            RowChange(
                id=r.id,
                kind=r.kind,
                moved=r.moved,
                was=r.was,
                now=r.now,
                cells=[
                    CellChange(part=c.part, column=c.column, before=c.before, after=c.after)
                    for c in r.cells
                    if c.differs
                ],
            )
            for r in diff.rows
            if r.differs
        ],
        tests=[
            TestChange(name=t.name, kind=t.kind, changes=[_change(c) for c in t.changes])
            for t in diff.tests
            if t.kind != "same"
        ],
        lines=diff_lines(diff),
    )


def _change(changed: Changed) -> Change:
    return Change(name=changed.name, before=changed.before, after=changed.after)


def evaluated_view(found: Evaluation) -> Evaluated:
    """What a policy said."""
    said = found.as_json()
    return Evaluated(**{**said, "sources": said.pop("from", {})})
