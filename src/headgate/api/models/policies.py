"""Policies and their versions as shown and sent."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Digest, Instant, LongText, Version


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
    """Facts to try a policy on. Left out, `version` is the one in force now."""

    inputs: dict[str, Any]
    version: Version | None = None


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


class Submit(Body):
    """Nothing needs to be said."""


class Approve(Body):
    """`digest` is of the text the approver read; with it, a text that has changed since is refused."""

    digest: Digest | None = None


class Activate(Body):
    """When the version starts to decide: now when left out."""

    valid_from: Instant | None = None


class SendBack(Body):
    """Why the author should change it."""

    reason: LongText = Field(min_length=3)
