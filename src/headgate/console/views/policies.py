"""Policies: the list, and one version as the table it is, with its versions and tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from headgate.console.views.common import Fact, FormError, Person, TimelineEntry, View


@dataclass(frozen=True, slots=True)
class LastTry:
    """The last finished backtest of a policy: its finding in a sentence, where it stands, and when it ended."""

    finding: str
    href: str
    at: datetime
    flips: bool


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy in the list, by its version in force (or its newest). `decisions` counts the last seven days; None for
    one that is only asked on the way to another's decisions."""

    policy: str
    title: str
    owner: str
    version: int
    status: str
    valid_from: datetime | None
    valid_until: datetime | None
    rows: int
    tests: int
    tests_passed: int
    decisions: int | None
    daily: tuple[Decimal, ...]
    pending: str = ""
    next_at: datetime | None = None
    unreviewed: bool = False
    tried: LastTry | None = None
    inherited: str = ""


@dataclass(frozen=True, slots=True)
class PoliciesView(View):
    """Every policy of the tenant."""

    template: ClassVar[str] = "policies.html"
    nav: ClassVar[str] = "policies"

    policies: tuple[PolicyRow, ...]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """An input or output of the table: label, name and type."""

    label: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the table. `when` and `then` follow the columns; '' is 'anything'. `hits`: see the view's `hits_of`."""

    id: str
    when: tuple[str, ...]
    then: tuple[str, ...]
    because: str
    clause: str
    hits: int | None = None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """A test shipped with the policy. `got` is set when it fails."""

    name: str
    given: tuple[Fact, ...]
    expect: tuple[Fact, ...]
    passed: bool
    got: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the history of the policy."""

    version: int
    status: str
    author: Person
    approver: Person | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_at: datetime
    current: bool
    emergency: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a lint or an example says; `tone`: breach for an error, risk for a warning, quiet for a note."""

    tone: str
    where: str
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    """Something attached for the reviewer. `current`: it is about the text that the version has now."""

    kind: str
    title: str
    summary: str
    facts: tuple[Fact, ...]
    href: str
    by: Person
    at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class PolicyActs:
    """What the reader may do with this version now; `blocked` says why not what they may expect to."""

    propose: bool = False
    edit: bool = False
    submit: bool = False
    review: bool = False
    schedule: bool = False
    withdraw: bool = False
    retire: bool = False
    emergency: bool = False
    review_emergency: bool = False
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """A version that was applied before its review."""

    by: Person
    reason: str
    review_due: datetime
    overdue: bool
    reviewed_by: Person | None = None
    reviewed_at: datetime | None = None


NO_ACTS = PolicyActs()


@dataclass(frozen=True, slots=True)
class PolicyView(View):
    """One version of a policy. `hit`: unique, first, priority, collect. `default` follows the outputs; empty: none.

    `decisions` as in the list, over 28 days; `hits_of` says what the rows' hits are counted over. `acting_for` are
    those whose delegation lets the reader review an emergency change, `own_right` that they may do so by themselves.
    """

    template: ClassVar[str] = "policy.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    owner: str
    version: int
    status: str
    hit: str
    valid_from: datetime | None
    valid_until: datetime | None
    digest: str
    pack: str
    inputs: tuple[TableColumn, ...]
    outputs: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    default: tuple[str, ...]
    tests: tuple[PolicyTest, ...]
    versions: tuple[VersionRow, ...]
    decisions: int | None
    marked_row: str = ""
    # Of a long table a part is shown: how many rows stand before it, before the part before it, and how many there are.
    first_row: int = 0
    rows_before: int = 0
    all_rows: int = 0
    hits_of: str = ""
    may_try: bool = False
    acts: PolicyActs = NO_ACTS
    problems: tuple[Problem, ...] = ()
    evidence: tuple[EvidenceCard, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    emergency: Emergency | None = None
    acting_for: tuple[Person, ...] = ()
    own_right: bool = True
    based_on: int | None = None
    zone: str = ""
    errors: tuple[FormError, ...] = ()
    inherited: str = ""
    locked_by: str = ""

    def error(self, field: str) -> str:
        """What is wrong with a field of a form; empty when nothing is."""
        return next((each.message for each in self.errors if each.field == field), "")

    @property
    def tests_passed(self) -> int:
        """How many of the tests pass."""
        return sum(1 for test in self.tests if test.passed)


@dataclass(frozen=True, slots=True)
class DiffCell:
    """A cell of either version; `kind`: same, added, removed, changed."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A row of either version; `label` says what happened to it in words."""

    id: str
    kind: str
    moved: bool
    label: str
    cells: tuple[DiffCell, ...]
    because: DiffCell
    clause: DiffCell


@dataclass(frozen=True, slots=True)
class DiffColumn:
    """A column of either version."""

    label: str
    name: str
    kind: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiffTable:
    """Two versions as one table. `lines` tells settings, columns and tests that differ; `hidden` rows are as before."""

    before: int
    after: int
    same: bool
    summary: str
    inputs: tuple[DiffColumn, ...]
    outputs: tuple[DiffColumn, ...]
    rows: tuple[DiffRow, ...]
    lines: tuple[str, ...]
    left_out: int = 0  # rows that are not shown


@dataclass(frozen=True, slots=True)
class PolicyDiffView(View):
    """What one version changes in another."""

    template: ClassVar[str] = "policy_diff.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    version: int
    status: str
    diff: DiffTable
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PolicyReviewView(View):
    """A version under review: what it changes, what the lints and tests say, what is attached, and the decision.

    `against` is the version in force; `stale_base` tells that the change was made from another one. `acting_for` are
    those whose delegation lets the reader decide, `own_right` that they may do so by themselves.
    """

    template: ClassVar[str] = "policy_review.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    version: int
    status: str
    digest: str
    author: Person
    editors: tuple[Person, ...]
    submitted_at: datetime | None
    diff: DiffTable | None
    against: int | None
    stale_base: str
    problems: tuple[Problem, ...]
    tests: int
    tests_passed: int
    evidence: tuple[EvidenceCard, ...]
    may_decide: bool
    blocked: str
    zone: str
    justification: str = ""
    start: str = ""
    own_right: bool = True
    acting_for: tuple[Person, ...] = ()
    chosen: str = ""
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field of the form; empty when nothing is."""
        return next((each.message for each in self.errors if each.field == field), "")


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """A form that a version can be written in: the ending that names it, who reads it, what it cannot hold. `refused`
    says why it cannot be written at all."""

    form: str
    title: str
    readers: str
    size: int
    notices: tuple[str, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class PolicyExportView(View):
    """A version as files of other tools, each with what it cannot hold."""

    template: ClassVar[str] = "policy_export.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    version: int
    status: str
    choices: tuple[ExportChoice, ...]


@dataclass(frozen=True, slots=True)
class PolicyEditView(View):
    """A draft being written. `data` is JSON for the grid; `text` the file, for those without scripts; `warning` stands
    above it, as after somebody else saved."""

    template: ClassVar[str] = "policy_edit.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    version: int
    digest: str
    text: str
    data: str
    problems: tuple[Problem, ...] = ()
    fit: bool = False
    warning: str = ""
    error: str = ""
    apart: bool = False  # a long table, which the page's script asks for
