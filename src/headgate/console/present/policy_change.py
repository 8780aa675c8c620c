"""A change of a policy: two versions as one table, and the page on which it is decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.policies import ROWS_SHOWN, problems_of, status_of
from headgate.console.present.policy_evidence import evidence_cards
from headgate.console.views.common import FormError
from headgate.console.views.policies import (
    DiffCell,
    DiffColumn,
    DiffRow,
    DiffTable,
    PolicyDiffView,
    PolicyReviewView,
)
from headgate.kernel.phrases import figure, joined, phrase, worded
from headgate.policy import Checked, Evidence, PolicyTable, PolicyVersion
from headgate.policy.core.diff import CellDiff, ColumnDiff, RowDiff, TableDiff, diff_lines, diff_tables
from headgate.ui.recorded import recorded

_WORDS = {
    "added": phrase("added"),
    "removed": phrase("removed"),
    "changed": phrase("changed"),
    "moved": phrase("moved"),
    "same": phrase("as before"),
}


def diff_table(before: PolicyTable, after: PolicyTable) -> DiffTable:
    """Two tables as one."""
    diff = diff_tables(before, after)
    # Of a long table only what differs is looked at.
    rows = diff.rows if len(diff.rows) <= ROWS_SHOWN else [r for r in diff.rows if r.kind != "same" or r.moved]
    return DiffTable(
        before=diff.before,
        after=diff.after,
        same=diff.same,
        summary=_summary(diff),
        inputs=tuple(_column(c) for c in diff.columns if c.side == "input"),
        outputs=tuple(_column(c) for c in diff.columns if c.side == "output"),
        rows=tuple(_row(row, diff) for row in rows[:ROWS_SHOWN]),
        left_out=len(diff.rows) - min(len(rows), ROWS_SHOWN),
        lines=tuple(line for line in diff_lines(diff) if not line[2:].startswith("row ")),
    )


def diff_view(
    version: PolicyVersion, before: PolicyTable, after: PolicyTable, others: Sequence[int], lens: Lens
) -> PolicyDiffView:
    """The page that compares two versions."""
    return PolicyDiffView(
        policy=version.policy,
        title=worded(version.title),
        version=version.version,
        status=status_of(version, lens),
        diff=diff_table(before, after),
        others=tuple(others),
    )


def review_view(
    version: PolicyVersion,
    checked: Checked,
    base: PolicyTable | None,
    *,
    evidence: Sequence[Evidence],
    names: Names,
    lens: Lens,
    justification: str = "",
    start: str = "",
    acting_for: Sequence[str] = (),
    chosen: str = "",
    errors: tuple[FormError, ...] = (),
) -> PolicyReviewView:
    """The page on which a version is approved or sent back. `base` is the table in force, `acting_for` are principals
    who delegated approving to the reader; those who wrote at the version are left out."""
    own = lens.may("policies.approve")
    others = [each for each in acting_for if each not in version.writers]
    wrote = lens.me.id in version.writers
    blocked = ""
    if version.status != "in_review":
        blocked = phrase("It is not in review.")
    elif wrote:
        blocked = phrase("You wrote at it, so somebody else decides.")
    elif not own and not others:
        blocked = phrase("You may look, but not decide about policies.")
    stale = ""
    if base is not None and version.based_on not in (None, base.version):
        stale = phrase(
            "It was made from version %(based_on)s; version %(version)s is in force since.",
            based_on=version.based_on,
            version=base.version,
        )
    return PolicyReviewView(
        policy=version.policy,
        title=worded(version.title),
        version=version.version,
        status=status_of(version, lens),
        digest=version.digest,
        author=names.person(version.author),
        editors=names.people(version.editors),
        submitted_at=version.submitted_at,
        diff=diff_table(base, checked.table) if base is not None else None,
        against=base.version if base is not None else None,
        stale_base=stale,
        problems=problems_of(checked),
        tests=len(checked.results),
        tests_passed=sum(1 for result in checked.results if result.passed),
        evidence=evidence_cards(evidence, version, names, lens),
        may_decide=not blocked,
        blocked=blocked,
        zone=str(lens.zone),
        justification=justification,
        start=start,
        own_right=own,
        acting_for=names.people(others),
        chosen=chosen,
        errors=errors,
    )


def _summary(diff: TableDiff) -> str:
    counts = [joined(" ", (figure(count), _WORDS[kind])) for kind, count in diff.counts().items() if count]
    if diff.same:
        return phrase("The two decide and read alike.")
    return phrase("Rows: %(counts)s.", counts=joined(", ", counts)) if counts else phrase("No row differs.")


def _column(column: ColumnDiff) -> DiffColumn:
    nothing = phrase("nothing")
    notes = [joined("", (c.name, ": ", c.before or nothing, " → ", c.after or nothing)) for c in column.changes]
    if column.moved:
        notes.append(_WORDS["moved"])
    return DiffColumn(worded(column.label), column.name, column.kind, tuple(notes))


def _row(row: RowDiff, diff: TableDiff) -> DiffRow:
    cells = {(c.part, c.column): c for c in row.cells}
    shown = [
        _cell(cells.get(("when" if column.side == "input" else "then", column.name)), row, column.side)
        for column in diff.columns
    ]
    label = _WORDS[row.kind]
    if row.moved:
        place = phrase("from place %(was)s to %(now)s", was=row.was, now=row.now)
        label = (
            phrase("moved %(place)s", place=place)
            if row.kind == "same"
            else phrase("%(label)s, moved %(place)s", label=label, place=place)
        )
    renamed = next((c for c in row.cells if c.part == "id"), None)
    if renamed is not None:
        label = phrase("%(label)s, was called %(before)s", label=label, before=renamed.before)
    return DiffRow(
        id=row.id,
        kind=row.kind,
        moved=row.moved,
        label=label,
        cells=tuple(shown),
        because=_cell(cells.get(("because", "")), row, "", worded),
        clause=_cell(cells.get(("clause", "")), row, "", recorded),
    )


def _cell(cell: CellDiff | None, row: RowDiff, side: str, tell: Callable[[str], str] = str) -> DiffCell:
    """A cell; `tell` says a text of it as the reader does."""
    if cell is None:
        return DiffCell("same", "", "")
    nothing = phrase("any") if side == "input" else ""
    kind = row.kind if row.kind in ("added", "removed") else "changed" if cell.differs else "same"
    before, after = (tell(text) if text else nothing for text in (cell.before, cell.after))
    return DiffCell(kind, before, after)
