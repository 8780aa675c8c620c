"""Policies: the list, and one version as the table it is, with its versions and tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from headgate.console.views.common import Fact, Person, View


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


@dataclass(frozen=True, slots=True)
class PolicyView(View):
    """One version of a policy. `hit`: unique, first, priority, collect. `default` follows the outputs; empty: none.

    `decisions` as in the list, over 28 days; `hits_of` says what the rows' hits are counted over.
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
    hits_of: str = ""
    may_try: bool = False

    @property
    def tests_passed(self) -> int:
        """How many of the tests pass."""
        return sum(1 for test in self.tests if test.passed)
