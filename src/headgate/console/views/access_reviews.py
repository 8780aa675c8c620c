"""Reviews of access: the list with a form to open one, and one with its grants and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import Option, Person, Tab, View


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review in the list. `state` is overdue where it is open past its day; `mine`: the reader decides in it."""

    href: str
    title: str
    scope: str
    state: str
    due_at: datetime
    listed: int
    open: int
    revoked: int
    conflicts: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be named as a reviewer; `picked` in a form that comes back."""

    principal: str
    name: str
    roles: tuple[str, ...]
    picked: bool = False


@dataclass(frozen=True, slots=True)
class OpenForm:
    """The form to open a review, with what was typed into it."""

    scopes: tuple[Option, ...]
    roles: tuple[Option, ...]
    candidates: tuple[Candidate, ...]
    title: str = ""
    scope: str = "all"
    role: str = ""
    due: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class AccessReviewsView(View):
    """Reviews that the reader may see. `form` is None for who may not open one."""

    template: ClassVar[str] = "access_reviews.html"
    nav: ClassVar[str] = "access"

    rows: tuple[ReviewRow, ...]
    form: OpenForm | None


@dataclass(frozen=True, slots=True)
class ReviewedConflict:
    """Two duties that meet through a grant and the role beside it, and what keeps watch (empty: nothing)."""

    words: str
    reason: str
    beside: str
    control: str


@dataclass(frozen=True, slots=True)
class GrantItem:
    """A grant of a review. `can_decide`: the reader may, now; `own`: it is the reader's. `now` as in the records."""

    item: int
    principal: str
    name: str
    kind: str
    partner: str
    account: str
    role: str
    since: datetime
    by: Person
    until: datetime | None
    last_used: datetime | None
    conflicts: tuple[ReviewedConflict, ...]
    decision: str
    reason: str
    decided_by: Person | None
    decided_at: datetime | None
    now: str
    can_decide: bool
    own: bool
    picked: bool = False


@dataclass(frozen=True, slots=True)
class AccessReviewView(View):
    """One review. `may_decide`: the reader is a reviewer of it while it is open; `may_sign` and `sign_needs` say
    whether they may close it, or what is missing; `digest` is what was signed, as hex; `able`: whom the reader may name
    to decide in it."""

    template: ClassVar[str] = "access_review.html"
    nav: ClassVar[str] = "access"

    review: str
    title: str
    scope: str
    state: str
    opened_by: Person
    opened_at: datetime
    due_at: datetime
    reviewers: tuple[Person, ...]
    listed: int
    open: int
    kept: int
    revoked: int
    conflicts: int
    tabs: tuple[Tab, ...]
    shown: str
    text: str
    rows: tuple[GrantItem, ...]
    may_decide: bool
    may_sign: bool
    sign_needs: str
    may_cancel: bool
    here: str
    decide_href: str
    exchange_href: str
    sign_href: str
    cancel_href: str
    csv_href: str
    json_href: str
    closed_by: Person | None = None
    closed_at: datetime | None = None
    statement: str = ""
    digest: str = ""
    more: str = ""
    all_picked: bool = False
    pick_all: str = ""
    error: str = ""
    reason: str = ""
    able: tuple[Candidate, ...] = ()
