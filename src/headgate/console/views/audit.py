"""The audit trail: search, one entry, and the result of a verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import AppliedFilter, AuditLine, Option, Person, View
from headgate.ledger import CheckpointState


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """The filters as they stand in the address; empty means any. Dates are days in the tenant's zone."""

    text: str = ""
    actor: str = ""
    action: str = ""
    subject_type: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class VerifyCheck:
    """One thing the verification checked, how many of them, and whether all held."""

    what: str
    count: int
    held: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """A finished verification. `broken_at` is the first entry that does not match; None when every entry held, though
    an event or a decision may not have. `broken_why` says what was found."""

    at: datetime
    by: Person
    entries: int
    seconds: int
    head_seq: int
    head_digest: str
    checks: tuple[VerifyCheck, ...]
    broken_at: int | None = None
    broken_why: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return all(check.held for check in self.checks)


@dataclass(frozen=True, slots=True)
class VerifyRun:
    """A verification that is under way: what it reads now, and how far it is."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class AuditView(View):
    """`verified` is the last verification, None when there was none. `entries_total` is the length of the chain.
    `signed` is how far checkpoints are.

    While one is under way (`running`), the part `proof` asks for itself again every second.
    """

    template: ClassVar[str] = "audit.html"
    nav: ClassVar[str] = "audit"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"results": "audit_results.html", "rows": "audit_rows.html", "proof": "audit_proof.html"}
    )

    filters: AuditFilters
    applied: tuple[AppliedFilter, ...]
    actions: tuple[Option, ...]
    subject_types: tuple[Option, ...]
    entries: tuple[AuditLine, ...]
    entries_total: int
    head_seq: int
    head_digest: str
    verified: VerifyResult | None
    can_verify: bool
    more: str = ""
    running: VerifyRun | None = None
    signed: CheckpointState | None = None


@dataclass(frozen=True, slots=True)
class AuditEntryView(View):
    """One entry. `body` is its canonical JSON, indented; digests are hex."""

    template: ClassVar[str] = "audit_entry.html"
    nav: ClassVar[str] = "audit"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"drawer-body": "audit_entry_body.html"})

    seq: int
    at: datetime
    actor: Person
    action: str
    subject_type: str
    subject: str
    subject_href: str
    named: str
    case_id: UUID | None
    event_seq: int | None
    body: str
    previous: str
    digest: str
    proof: str
    verified_at: datetime | None
    earlier: int | None
    later: int | None
