"""Policies: the list, and one version as the table it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from headgate.console.present.evaluations import fact
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Fact
from headgate.console.views.policies import PolicyRow, PolicyTest, PolicyView, TableColumn, TableRow, VersionRow
from headgate.policy import (
    CompiledPolicy,
    ExampleResult,
    InputColumn,
    OutputColumn,
    PolicyTable,
    PolicyVersion,
    Row,
    run_examples,
)
from headgate.policy.core.evaluation import plain_json
from headgate.policy.core.model import Formula

DAYS = 7
# How a version stands in time, in the words there are for its status.
_STANDING = {"scheduled": "approved", "superseded": "retired"}


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
    compiled: Mapping[tuple[str, int], CompiledPolicy],
    days: Mapping[str, Mapping[date, int]],
    asked: set[str],
    names: Names,
    lens: Lens,
) -> tuple[PolicyRow, ...]:
    """The list. `days` are decisions by policy and day, `asked` the policies that only help to decide."""
    today = lens.now.astimezone(lens.zone).date()
    span = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    found = []
    for policy, version in sorted(chosen_versions(versions, lens).items()):
        made = compiled[(policy, version.version)]
        results = run_examples(made)
        daily = days.get(policy, {})
        own = bool(daily) or policy not in asked
        found.append(
            PolicyRow(
                policy=policy,
                title=version.title,
                owner=made.table.owner,
                version=version.version,
                status=status_of(version, lens),
                valid_from=version.valid_from,
                valid_until=version.valid_until,
                rows=len(made.table.rows),
                tests=len(results),
                tests_passed=sum(1 for result in results if result.passed),
                decisions=sum(daily.get(day, 0) for day in span) if own else None,
                daily=tuple(Decimal(daily.get(day, 0)) for day in span) if own else (),
                pending=_pending(policy, version, versions, names, lens),
            )
        )
    return tuple(found)


def status_of(version: PolicyVersion, lens: Lens) -> str:
    """How a version stands now."""
    standing = version.standing(lens.now)
    return _STANDING.get(standing, standing)


def _pending(policy: str, shown: PolicyVersion, versions: Sequence[PolicyVersion], names: Names, lens: Lens) -> str:
    waiting = [v for v in versions if v.policy == policy and v.version > shown.version and v.status != "retired"]
    if not waiting:
        return ""
    words = {
        "draft": "is a draft by",
        "in_review": "in review, by",
        "approved": "approved, by",
        "active": "scheduled, by",
    }
    newest = waiting[0]
    return f"v{newest.version} {words.get(newest.status, newest.status)} {names.person(newest.author).name}"


def policy_view(
    shown: PolicyVersion,
    compiled: CompiledPolicy,
    versions: Sequence[PolicyVersion],
    *,
    decisions: int | None,
    hits: Mapping[str, int],
    hits_of: str,
    names: Names,
    lens: Lens,
) -> PolicyView:
    """One version with its table, tests and history."""
    table = compiled.table
    results = run_examples(compiled)
    return PolicyView(
        policy=shown.policy,
        title=shown.title,
        owner=table.owner,
        version=shown.version,
        status=status_of(shown, lens),
        hit=table.hit,
        valid_from=shown.valid_from,
        valid_until=shown.valid_until,
        digest=shown.digest,
        pack=shown.pack,
        inputs=tuple(_column(column) for column in table.inputs),
        outputs=tuple(_column(column) for column in table.outputs),
        rows=tuple(_row(row, table, hits.get(row.id, 0) if hits_of else None) for row in table.rows),
        default=_then(table.default, table) if table.default is not None else (),
        tests=tuple(_test(result, compiled, place) for place, result in enumerate(results)),
        versions=tuple(_version(each, shown, names, lens) for each in versions),
        decisions=decisions,
        hits_of=hits_of,
        may_try=lens.may("policies.backtest"),
    )


def _column(column: InputColumn | OutputColumn) -> TableColumn:
    return TableColumn(column.label or column.name, column.name, column.type)


def _row(row: Row, table: PolicyTable, hits: int | None) -> TableRow:
    return TableRow(
        id=row.id,
        when=tuple(row.when.get(column.name, "") for column in table.inputs),
        then=_then(row, table),
        because=row.because,
        clause=row.clause,
        hits=hits,
    )


def _then(row: Row, table: PolicyTable) -> tuple[str, ...]:
    texts = []
    for column in table.outputs:
        value = row.then.get(column.name)
        texts.append(
            f"= {value.text}" if isinstance(value, Formula) else "" if value is None else str(plain_json(value))
        )
    return tuple(texts)


def _test(result: ExampleResult, compiled: CompiledPolicy, place: int) -> PolicyTest:
    table, test = compiled.table, compiled.table.tests[place]
    got: tuple[Fact, ...] = ()
    if not result.passed:
        got = _facts({name: result.outputs.get(name) for name in test.expect}, table) or (
            Fact("problem", "; ".join(result.problems)),
        )
    return PolicyTest(result.name, _facts(test.given, table), _facts(test.expect, table), result.passed, got)


def _facts(values: Mapping[str, object], table: PolicyTable) -> tuple[Fact, ...]:
    found = []
    for name, value in values.items():
        shown: object = value
        if name == "list" and isinstance(value, (list, tuple)):
            items = [", ".join(f"{k} {v}" for k, v in item.items()) for item in value if isinstance(item, dict)]
            shown = "; ".join(items) or "nothing"
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
    )
