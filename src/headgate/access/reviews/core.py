"""Reviews of access as values: what is asked, how far it is, and the one form of it that is signed and exported.

Recertification as ISO/IEC 27001:2022 (A 5.18) and SOC 2 (CC 6.3) ask for it: whoever answers for people looks at every
grant, says keep or revoke, and somebody who decided nothing confirms that it was done.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from headgate.kernel.canonical import as_plain, canonical, instant_text

FORMAT: Final = "headgate-access-review/1"
SCOPES: Final[Mapping[str, str]] = {
    "all": "everybody",
    "staff": "the tenant's own people and systems",
    "partners": "people and systems of partners",
    "role": "everybody who holds one role",
}
DECISIONS: Final = ("keep", "revoke")
# What can be looked for in a review. `open`: not decided yet.
SHOWN: Final[Mapping[str, str]] = {
    "": "All grants",
    "open": "Not decided",
    "conflicts": "With a conflict",
    "unused": "Not used lately",
    "kept": "Kept",
    "revoked": "Revoked",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How many grants a review lists, and what became of them. `conflicts` are grants with one that nothing watches."""

    listed: int
    kept: int
    revoked: int
    conflicts: int

    @property
    def open(self) -> int:
        """How many wait for a decision."""
        return self.listed - self.kept - self.revoked


@dataclass(frozen=True, slots=True)
class Review:
    """A review. `digest` is that of the content that was signed, None before."""

    id: UUID
    title: str
    scope: str
    role: str
    reviewers: tuple[str, ...]
    status: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    matrix: int
    closed_by: str | None
    closed_at: datetime | None
    statement: str
    digest: bytes | None
    progress: Progress

    def overdue(self, now: datetime) -> bool:
        """Whether it is open past its due time."""
        return self.status == "open" and now >= self.due_at


@dataclass(frozen=True, slots=True)
class ReviewConflict:
    """A rule of the matrix that a grant broke when the review was opened, with the role `beside` it (the same one where
    it broke it alone) and what kept watch; an empty `control` is nothing."""

    first: str
    second: str
    reason: str
    beside: str
    control: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A grant as it stood when the review was opened, and what was decided about it.

    `last_used` is of sessions and keys still known. `now` is how the grant stands at this moment: as_listed, changed or
    gone. `outcome` of a revocation is `removed`, or `gone` where it was not there any more.
    """

    item: int
    principal: str
    kind: str
    name: str
    partner: str | None
    account: str
    role: str
    title: str
    granted_by: str
    granted_at: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    last_used: datetime | None
    conflicts: tuple[ReviewConflict, ...]
    decision: str
    reason: str
    outcome: str
    decided_by: str | None
    decided_at: datetime | None
    now: str = "as_listed"

    @property
    def unwatched(self) -> tuple[ReviewConflict, ...]:
        """The conflicts that nothing kept watch over."""
        return tuple(each for each in self.conflicts if not each.control)


def content(review: Review, items: Sequence[ReviewItem], *, by: str, at: datetime, statement: str) -> dict[str, Any]:
    """All of a review that a signature stands for, as plain JSON: the order of grants and of fields does not matter."""
    return {
        "format": FORMAT,
        "review": {
            "id": str(review.id),
            "title": review.title,
            "scope": review.scope,
            "role": review.role,
            "reviewers": sorted(review.reviewers),
            "opened_by": review.opened_by,
            "opened_at": instant_text(review.opened_at),
            "due_at": instant_text(review.due_at),
            "matrix": review.matrix,
            "signed_by": by,
            "signed_at": instant_text(at),
            "statement": statement,
        },
        "grants": [_plain(each) for each in sorted(items, key=lambda each: each.item)],
    }


def content_digest(found: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON of a content, without the digest that an export carries beside it."""
    return hashlib.sha256(canonical({k: v for k, v in found.items() if k != "digest"})).digest()


def _plain(item: ReviewItem) -> dict[str, Any]:
    fields = (
        "item principal kind name partner account role title granted_by granted_at valid_from valid_until last_used"
        " decision reason outcome decided_by decided_at"
    ).split()
    found = {field: getattr(item, field) for field in fields}
    conflicts = [
        {name: getattr(each, name) for name in ("first", "second", "reason", "beside", "control", "until")}
        for each in item.conflicts
    ]
    plain: dict[str, Any] = as_plain(found | {"conflicts": conflicts})
    return plain


CSV_COLUMNS: Final = (
    "review",
    "grant",
    "principal",
    "name",
    "kind",
    "partner",
    "account",
    "role",
    "granted_by",
    "granted_at",
    "valid_until",
    "last_used",
    "conflicts",
    "mitigations",
    "decision",
    "reason",
    "decided_by",
    "decided_at",
    "outcome",
)


def as_csv(review: Review, items: Iterable[ReviewItem]) -> str:
    """The grants and decisions as CSV (RFC 4180); no text of it is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for each in items:
        row = (
            str(review.id),
            str(each.item),
            each.principal,
            each.name,
            each.kind,
            each.partner or "",
            each.account,
            each.role,
            each.granted_by,
            instant_text(each.granted_at),
            _instant(each.valid_until),
            _instant(each.last_used),
            "; ".join(f"{c.first} × {c.second} (with {c.beside})" for c in each.conflicts),
            "; ".join(f"{c.control} until {c.until}" for c in each.conflicts if c.control),
            each.decision,
            each.reason,
            each.decided_by or "",
            _instant(each.decided_at),
            each.outcome,
        )
        writer.writerow([_safe(text) for text in row])
    return out.getvalue()


def _instant(value: datetime | None) -> str:
    return "" if value is None else instant_text(value)


def _safe(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
