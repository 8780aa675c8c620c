"""Policies: the list, and one version as the table it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from headgate.console.present.evaluations import fact, listed
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.policy_evidence import evidence_cards
from headgate.console.views.common import Fact, FormError, TimelineEntry
from headgate.console.views.policies import (
    Emergency,
    LastTry,
    PolicyActs,
    PolicyRow,
    PolicyTest,
    PolicyView,
    Problem,
    TableColumn,
    TableRow,
    VersionRow,
)
from headgate.kernel.phrases import Phrase, joined, phrase, worded
from headgate.policy import (
    Checked,
    Evidence,
    ExampleResult,
    InputColumn,
    OutputColumn,
    PolicyTable,
    PolicyVersion,
    Row,
)
from headgate.policy.core.evaluation import plain_json
from headgate.policy.core.model import Formula
from headgate.policy.coverage import Coverage, RowCoverage
from headgate.ui.recorded import recorded
from headgate.ui.words import TYPES

ROWS_SHOWN = 500  # of a decision table at once
DAYS = 7
# How a version stands in time, in the words there are for its status.
_STANDING = {"superseded": "retired"}


def chosen_versions(versions: Sequence[PolicyVersion], lens: Lens) -> dict[str, PolicyVersion]:
    """Of each policy the version in force, else its newest. `versions` are newest first within a policy."""
    chosen: dict[str, PolicyVersion] = {}
    for version in versions:
        known = chosen.get(version.policy)
        if known is None or (version.in_force(lens.now) and not known.in_force(lens.now)):
            chosen[version.policy] = version
    return chosen


def policy_rows(
    versions: Sequence[PolicyVersion],
    checked: Mapping[tuple[str, int], Checked],
    days: Mapping[str, Mapping[date, int]],
    asked: set[str],
    names: Names,
    lens: Lens,
    tried: Mapping[str, LastTry] | None = None,
) -> tuple[PolicyRow, ...]:
    """The list. `days` are decisions by policy and day, `asked` the policies that only help to decide, `tried` the last
    backtest of each policy."""
    today = lens.now.astimezone(lens.zone).date()
    span = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    found = []
    for policy, version in sorted(chosen_versions(versions, lens).items()):
        made = checked[(policy, version.version)]
        results = made.results
        daily = days.get(policy, {})
        own = bool(daily) or policy not in asked
        found.append(
            PolicyRow(
                policy=policy,
                title=worded(version.title),
                owner=made.table.owner,
                version=version.version,
                status=status_of(version, lens),
                valid_from=version.valid_from,
                valid_until=version.valid_until,
                rows=len(made.table.rows),
                tests=len(made.table.tests),
                tests_passed=sum(1 for result in results if result.passed),
                decisions=sum(daily.get(day, 0) for day in span) if own else None,
                daily=tuple(Decimal(daily.get(day, 0)) for day in span) if own else (),
                pending=_pending(policy, version, versions, names, lens),
                next_at=_next_change(policy, version, versions, lens),
                unreviewed=version.unreviewed,
                tried=(tried or {}).get(policy),
                inherited=version.inherited,
            )
        )
    return tuple(found)


def status_of(version: PolicyVersion, lens: Lens) -> str:
    """How a version stands now."""
    standing = version.standing(lens.now)
    return _STANDING.get(standing, standing)


def _next_change(policy: str, shown: PolicyVersion, versions: Sequence[PolicyVersion], lens: Lens) -> datetime | None:
    """When another version takes over, or this one ends."""
    starts = [v.valid_from for v in versions if v.policy == policy and v.standing(lens.now) == "scheduled"]
    ends = [shown.valid_until] if shown.in_force(lens.now) else []
    return min((each for each in (*starts, *ends) if each is not None and each > lens.now), default=None)


def _pending(policy: str, shown: PolicyVersion, versions: Sequence[PolicyVersion], names: Names, lens: Lens) -> str:
    waiting = [v for v in versions if v.policy == policy and v.version > shown.version and v.status != "retired"]
    if not waiting:
        return ""
    words = {
        "draft": phrase("v%(version)s is a draft by %(name)s"),
        "in_review": phrase("v%(version)s in review, by %(name)s"),
        "approved": phrase("v%(version)s approved, by %(name)s"),
        "active": phrase("v%(version)s scheduled, by %(name)s"),
    }
    newest = waiting[0]
    return Phrase(words[newest.status], {"version": newest.version, "name": names.person(newest.author).name})


def policy_view(
    shown: PolicyVersion,
    checked: Checked,
    versions: Sequence[PolicyVersion],
    *,
    decisions: int | None,
    coverage: Coverage | None,
    hits_of: str,
    evidence: Sequence[Evidence],
    history: tuple[TimelineEntry, ...],
    names: Names,
    lens: Lens,
    acting_for: Sequence[str] = (),
    errors: tuple[FormError, ...] = (),
    row: str = "",
    after: int = 0,
    locked_by: str = "",
) -> PolicyView:
    """One version with its table, tests, history and what the reader may do with it. `acting_for` are principals who
    delegated approving to the reader. Of a long table the rows behind the first `after` are shown, or those around
    `row`."""
    table, results = checked.table, checked.results
    others = [each for each in acting_for if each not in (*shown.writers, shown.emergency_by)]
    counted = {r.row: r for r in coverage.rows} if coverage is not None and coverage.counted else {}
    start = _start(table, row, after)
    return PolicyView(
        policy=shown.policy,
        title=worded(shown.title),
        owner=table.owner,
        version=shown.version,
        status=status_of(shown, lens),
        hit=table.hit,
        valid_from=shown.valid_from,
        valid_until=shown.valid_until,
        digest=shown.digest,
        pack=shown.pack,
        inherited=shown.inherited,
        inputs=tuple(_column(column) for column in table.inputs),
        outputs=tuple(_column(column) for column in table.outputs),
        rows=tuple(_row(each, table, counted.get(each.id)) for each in table.rows[start : start + ROWS_SHOWN]),
        first_row=start,
        rows_before=max(0, start - ROWS_SHOWN),
        all_rows=len(table.rows),
        default=_then(table.default, table) if table.default is not None else (),
        tests=tuple(_test(result, table, place) for place, result in enumerate(results)),
        versions=tuple(_version(each, shown, names, lens) for each in versions),
        decisions=decisions,
        may_try=lens.may("policies.backtest"),
        hits_of=hits_of if counted else "",
        acts=acts_of(shown, checked, lens, others, locked_by),
        locked_by=locked_by,
        acting_for=names.people(others),
        own_right=lens.may("policies.approve"),
        problems=problems_of(checked) if shown.status in ("draft", "in_review") else (),
        evidence=evidence_cards(evidence, shown, names, lens),
        timeline=history,
        emergency=_emergency(shown, names, lens),
        based_on=shown.based_on,
        zone=str(lens.zone),
        errors=errors,
    )


def _start(table: PolicyTable, row: str, after: int) -> int:
    """The place of the first row that is shown: the part of the table in which `row` stands, or the one asked for."""
    place = next((n for n, each in enumerate(table.rows) if each.id == row), after)
    return min(place, len(table.rows) - 1) // ROWS_SHOWN * ROWS_SHOWN


def acts_of(
    shown: PolicyVersion, checked: Checked, lens: Lens, others: Sequence[str] = (), locked_by: str = ""
) -> PolicyActs:
    """What the reader may do with a version now, for `others` too who delegated approving. The service checks it
    again. What a tenant above has locked can only be withdrawn here, before it decides."""
    standing = shown.standing(lens.now)
    author, approver = lens.may("policies.author"), lens.may("policies.approve")
    wrote = lens.me.id in shown.writers
    written, waiting = standing in ("draft", "in_review"), standing in ("approved", "scheduled")
    blocked = ""
    if locked_by:
        unused = standing in ("draft", "in_review", "approved") and shown.origin is None
        return PolicyActs(withdraw=unused and ((author and written) or approver))
    if standing == "in_review" and (wrote or not approver):
        blocked = phrase("It waits for somebody else who approves policies.")
    if standing == "draft" and checked.errors:
        blocked = phrase("It can be sent to review when its errors and failing tests are mended.")
    return PolicyActs(
        propose=author,
        edit=author and standing == "draft",
        submit=author and standing == "draft" and not checked.errors,
        review=approver and standing == "in_review" and not wrote,
        schedule=approver and waiting,
        withdraw=(author and written) or (approver and (written or waiting)),
        retire=approver and standing == "active",
        emergency=lens.may("policies.emergency") and written and not checked.errors,
        review_emergency=(approver or bool(others))
        and shown.unreviewed
        and not wrote
        and lens.me.id != shown.emergency_by,
        blocked=blocked,
    )


def problems_of(checked: Checked) -> tuple[Problem, ...]:
    """What lints and examples say, the worst first."""
    order = {"error": 0, "warning": 1, "note": 2}
    tones = {"error": "breach", "warning": "risk", "note": "quiet"}
    found = []
    for issue in sorted(checked.issues, key=lambda i: (order[i.severity], i.line)):
        parts = [
            phrase("row %(row)s", row=issue.row) if issue.row else "",
            phrase("column %(column)s", column=issue.column) if issue.column else "",
        ]
        where = joined(", ", [p for p in parts if p]) or (
            phrase("line %(line)s", line=issue.line) if issue.line else ""
        )
        found.append(Problem(tones[issue.severity], where, issue.message, issue.fix))
    return tuple(found)


def _emergency(shown: PolicyVersion, names: Names, lens: Lens) -> Emergency | None:
    if shown.emergency_by is None or shown.review_due is None:
        return None
    return Emergency(
        by=names.person(shown.emergency_by),
        reason=shown.emergency_reason or "",
        review_due=shown.review_due,
        overdue=shown.reviewed_at is None and shown.review_due < lens.now,
        reviewed_by=names.person(shown.reviewed_by) if shown.reviewed_by else None,
        reviewed_at=shown.reviewed_at,
    )


def _column(column: InputColumn | OutputColumn) -> TableColumn:
    source = column.source if isinstance(column, InputColumn) else None
    label = worded(column.label or column.name)
    return TableColumn(
        phrase("%(label)s (from %(source)s)", label=label, source=source) if source else label,
        column.name,
        TYPES[column.type],
    )


def _row(row: Row, table: PolicyTable, counted: RowCoverage | None) -> TableRow:
    return TableRow(
        id=row.id,
        when=tuple(row.when.get(column.name, "") for column in table.inputs),
        then=_then(row, table),
        because=worded(row.because),
        clause=recorded(row.clause),
        hits=counted.count if counted is not None else None,
        share=counted.share if counted is not None else None,
    )


def _then(row: Row, table: PolicyTable) -> tuple[str, ...]:
    texts = []
    for column in table.outputs:
        value = row.then.get(column.name)
        texts.append(
            f"= {value.text}" if isinstance(value, Formula) else "" if value is None else str(plain_json(value))
        )
    return tuple(texts)


def _test(result: ExampleResult, table: PolicyTable, place: int) -> PolicyTest:
    test = table.tests[place]
    got: tuple[Fact, ...] = ()
    if not result.passed:
        got = _facts({name: result.outputs.get(name) for name in test.expect}, table) or (
            Fact(phrase("Problem"), joined("; ", result.problems)),
        )
    return PolicyTest(worded(result.name), _facts(test.given, table), _facts(test.expect, table), result.passed, got)


def _facts(values: Mapping[str, object], table: PolicyTable) -> tuple[Fact, ...]:
    found, outputs = [], {column.name: column for column in table.outputs}
    for name, value in values.items():
        shown: object = value
        if name == "list" and isinstance(value, (list, tuple)):
            items = [listed(item, outputs) for item in value if isinstance(item, dict)]
            shown = joined("; ", items) if items else phrase("nothing")
            found.append(Fact(phrase("Steps") if table.output("level") else phrase("List"), shown, name))
            continue
        found.append(fact(name, plain_json(shown), table.input(name) or table.output(name)))
    return tuple(found)


def _version(each: PolicyVersion, shown: PolicyVersion, names: Names, lens: Lens) -> VersionRow:
    return VersionRow(
        version=each.version,
        status=status_of(each, lens),
        author=names.person(each.author),
        approver=names.person(each.approver) if each.approver else None,
        valid_from=each.valid_from,
        valid_until=each.valid_until,
        created_at=each.created_at,
        current=each.version == shown.version,
        emergency=each.emergency_by is not None,
        note="withdrawn" if each.standing(lens.now) == "withdrawn" else "",
    )
