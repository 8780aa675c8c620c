"""Policies and their versions as shown and sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Digest, Instant, LongText, Text, Version, whole

Hours = Annotated[int, Field(ge=1, le=336), BeforeValidator(whole)]


class PolicyVersionView(Shape):
    """A policy version without its text. It decides from `valid_from` to before `valid_until`."""

    policy: str
    version: int
    title: str
    status: str
    standing: str = Field(description="The status as of now: also scheduled and superseded.")
    digest: str
    author: str
    approver: str | None
    valid_from: Instant | None
    valid_until: Instant | None
    created_at: Instant
    pack: str
    editors: list[str] = Field(description="Who wrote at it beside its author; none of them may approve it.")
    based_on: int | None
    submitted_at: Instant | None
    retire_at: Instant | None = Field(description="An end that somebody set.")
    emergency_by: str | None = Field(description="Who applied it before it was reviewed.")
    emergency_reason: str | None
    review_due: Instant | None
    reviewed_by: str | None
    reviewed_at: Instant | None
    origin: str | None = Field(description="Short name of the tenant above that it was copied from.")
    origin_name: str | None
    origin_version: int | None = Field(description="The number it has there.")
    origin_digest: str | None = Field(description="SHA-256 of the text as it was offered.")


class Column(Shape):
    """An input or output of a decision table."""

    name: str
    type: str
    label: str
    values: list[str]


class TableRow(Shape):
    """A rule: conditions by input (a column left out accepts anything), outputs, reason, clause."""

    id: str
    when: dict[str, str]
    then: dict[str, Any]
    because: str
    clause: str


class TestResult(Shape):
    """An example that ships with a policy, and whether the policy keeps it."""

    __test__ = False

    name: str
    given: dict[str, Any]
    expect: dict[str, Any]
    passed: bool
    problems: list[str]


class PolicyDetail(PolicyVersionView):
    """A policy version with its table, its text as authored and its tests run."""

    owner: str
    hit: str
    inputs: list[Column]
    outputs: list[Column]
    rows: list[TableRow]
    text: str
    tests: list[TestResult]
    versions: list[PolicyVersionView]


class Evaluate(Body):
    """Facts to try a policy on: by a version, or by the one in force at an instant; left out, now."""

    inputs: dict[str, Any]
    version: Version | None = None
    at: Instant | None = None


class Evaluated(Shape):
    """What a policy says to these facts. Nothing is stored."""

    policy: str
    version: int
    digest: str
    hit: str
    rows: list[str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    reasons: list[str]
    clauses: list[str]
    sources: dict[str, str] = Field(default={}, description="Which policy's output each chained input is.")
    links: list[dict[str, Any]] = Field(default=[], description="The evaluations that chained inputs come from.")
    defaulted: list[str] = Field(default=[], description="The inputs that were not given: their default stood in.")


class Draft(Body):
    """A policy as authored: YAML with `policy`, `version`, `title`, `inputs`, `outputs`, `rows` and `tests`."""

    text: str = Field(min_length=1, max_length=200_000)


class Remark(Shape):
    """What the lints noticed that does not stop a draft."""

    rule: str
    severity: str
    message: str
    line: int
    row: str
    column: str
    fix: str


class Drafted(PolicyVersionView):
    """The saved draft and the lints' remarks."""

    remarks: list[Remark]


class Lint(Body):
    """A text to look at without saving it."""

    text: str = Field(min_length=1, max_length=200_000)


class Linted(Shape):
    """What lints and examples say. `fit` tells whether it could be sent to review."""

    policy: str
    version: int
    fit: bool
    issues: list[Remark]
    tests: list[TestResult]


class Propose(Body):
    """The version whose text is changed; left out, the one in force."""

    based_on: Version | None = None


class Save(Body):
    """A draft's new text. `seen` is the digest of the text that it was made from: if somebody saved another since, the
    request is answered with 409 and nothing is lost."""

    text: str = Field(min_length=1, max_length=200_000)
    seen: Digest


class Saved(PolicyVersionView):
    """The saved draft; errors among the issues keep it from review, nothing else."""

    fit: bool
    issues: list[Remark]
    tests: list[TestResult]


class Submit(Body):
    """Nothing needs to be said."""


class Approve(Body):
    """`digest` is of the text the approver read; with it, a text that has changed since is refused.

    `on_behalf_of` names somebody whose roles are delegated to the caller at this time.
    """

    digest: Digest | None = None
    justification: LongText = ""
    on_behalf_of: Text | None = None


class Activate(Body):
    """When the version starts to decide: now when left out."""

    valid_from: Instant | None = None


class SendBack(Body):
    """Why the author should change it."""

    reason: LongText = Field(min_length=3)


class Withdraw(Body):
    """Why it is given up."""

    reason: LongText = Field(min_length=3, max_length=2000)


class Retire(Body):
    """Why, and when: now when left out."""

    reason: LongText = Field(min_length=3, max_length=2000)
    at: Instant | None = None


class Emergency(Body):
    """Why it cannot wait for its review, and within how many hours somebody else reviews it."""

    reason: LongText = Field(min_length=3, max_length=2000)
    review_within_hours: Hours = 24
    digest: Digest | None = None


class EmergencyReview(Body):
    """`confirm` leaves it in force, `revert` brings the text before it back."""

    outcome: Literal["confirm", "revert"]
    justification: LongText = Field(min_length=3, max_length=2000)
    on_behalf_of: Text | None = None


class Attach(Body):
    """Something for the reviewer. `content` may say `title`, `summary`, `facts` ({label, value}) and `href`."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    content: dict[str, Any]


class EvidenceView(Shape):
    """An attached piece. `current` tells whether the version still has the text it is about."""

    evidence: UUID
    kind: str
    digest: str
    current: bool
    content: dict[str, Any]
    attached_by: str
    attached_at: Instant


class Change(Shape):
    """One thing before and after, as text."""

    name: str
    before: str
    after: str


class CellChange(Shape):
    """A cell that differs; `part`: when, then, because, clause or id."""

    part: str
    column: str
    before: str
    after: str


class RowChange(Shape):
    """A row that differs; `kind`: same (only moved), added, removed, changed. Places count from 1."""

    id: str
    kind: str
    moved: bool
    was: int | None
    now: int | None
    cells: list[CellChange]


class ColumnChange(Shape):
    """An input or output that differs."""

    side: str
    name: str
    kind: str
    moved: bool
    changes: list[Change]


class TestChange(Shape):
    """An example that differs."""

    __test__ = False

    name: str
    kind: str
    changes: list[Change]


class Diff(Shape):
    """What one version changes in another; `lines` says the same in words."""

    policy: str
    before: int
    after: int
    same: bool
    settings: list[Change]
    columns: list[ColumnChange]
    rows: list[RowChange]
    tests: list[TestChange]
    lines: list[str]


class RowCoverage(Shape):
    """How often a row decided; `share` of all counted, in percent with one digit."""

    row: str
    count: int
    share: str


class Coverage(Shape):
    """Which rows decided how often. `source`: `decisions` counts every decision of the policy, `sample` the newest
    orders that asked it on their way."""

    policy: str
    version: int
    since: Instant
    counted: int
    source: Literal["decisions", "sample"]
    rows: list[RowCoverage]
    never: list[str] = Field(description="Rows that did not decide once.")
