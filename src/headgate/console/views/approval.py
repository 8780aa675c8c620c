"""One approval request: what is asked, why, what is at stake, who else must agree, and the form that decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from headgate.console.views.bulk import HeldNews
from headgate.console.views.common import (
    Change,
    Clock,
    Fact,
    FileLink,
    FormError,
    PartnerName,
    Person,
    PolicyRef,
    TimelineEntry,
    View,
)
from headgate.console.views.order import CreditSum, OrderPrice
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Reason:
    """One exception that led here: its type, the policy's plain reason, and which policy row said so."""

    exception: str
    text: str
    policy: PolicyRef | None
    href: str = ""


@dataclass(frozen=True, slots=True)
class AskLine:
    """One line, what is asked against the contract. `given_up` = (contract − asked) × quantity, zero when at contract.

    `price_input` and `quantity_input` are what the edit form holds (text as typed); `error` speaks about what
    `wrong` names of them: price, quantity.
    `quantity` is None where a special price has no limit.
    `price_href` and `margin_href` explain the numbers; '' where there is nothing to explain.
    """

    line: str
    product: str
    description: str
    quantity: Decimal | None
    unit: str
    asked: Money
    contract: Money | None
    deviation: Decimal | None
    margin: Decimal | None
    given_up: Money
    exception: bool
    price_href: str = ""
    margin_href: str = ""
    price_input: str = ""
    quantity_input: str = ""
    error: str = ""
    wrong: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """A level of the approval. status: waiting, open, done, skipped. `decided_by` once somebody did.

    `note` says why a step is not needed; the role of a step with `veto` may stop the request at any time.
    """

    level: int
    role: str
    people: tuple[str, ...]
    quorum: int
    status: str
    mine: bool = False
    decided_by: Person | None = None
    on_behalf_of: Person | None = None
    decided_at: datetime | None = None
    justification: str = ""
    due_at: datetime | None = None
    escalates_to: str = ""
    note: str = ""
    veto: bool = False


@dataclass(frozen=True, slots=True)
class PastAsk:
    """An earlier request of the same partner. outcome: approved, edited, rejected, returned, expired, voided."""

    at: datetime
    approval: UUID
    ask: str
    stake: Money
    outcome: str
    by: Person | None


@dataclass(frozen=True, slots=True)
class PartnerHistory:
    """What this partner asked for in the last twelve months. Percentages 0 to 100; `usual_deviation` negative = below.

    `monthly` is ordered amount per month, oldest first, in the tenant's currency.
    """

    asks: int
    approved: int
    usual_deviation: Decimal | None
    ordered: Money
    margin: Decimal | None
    monthly: tuple[Decimal, ...]
    last: tuple[PastAsk, ...]


@dataclass(frozen=True, slots=True)
class Verbs:
    """The labels of the buttons: each says the act. '' hides it: that act is not open to this reader.

    `last` says what happens when the last one approves, `read` who else reads the reason.
    """

    approve: str
    edit: str
    reject: str
    return_: str
    last: str = ""
    read: str = ""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The reader's last decision was not taken, for what they saw no longer stands: why, and what is different now."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Came:
    """What came of the reader's decision when it counted; `href` is where it shows, '' for this page."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class StandsStill:
    """Its clocks stand still while its stage waits for somebody outside: since when, why, and the working minutes that
    are left to decide (None: that time was over before) and until it lapses."""

    since: datetime
    because: str
    to_decide: int | None
    to_lapse: int


@dataclass(frozen=True, slots=True)
class ApprovalView(View):
    """`ask` is the title: 'Sell 3 lines 12.4 % below contract'. `stake` is in the tenant's currency.

    `verbs` is None when the reader may not decide; `blocked` then says why in one sentence.
    `digest` (hex) is the content the decision binds; the form carries it back and a change makes it stale.
    `credit` is the exposure of the partner's account where credit is what needs approval.
    `justification` is what the reader typed before; it is shown when it can no longer be sent.
    `changed` is what is asked otherwise than in the request before, `agreed_before` who had agreed to that one.
    `evidence` are the files that it is asked with; the digest binds their bytes.
    `approves_last`: this is the last level, so approving releases the order.
    `undo` is the reader's decision while they can undo it, `again` where to look what came of it; `came` says it then.
    """

    template: ClassVar[str] = "approval.html"
    nav: ClassVar[str] = "work"
    live: ClassVar[bool] = True

    approval: UUID
    status: str
    ask: str
    subject: str
    subject_href: str
    order: str
    partner: PartnerName
    case_id: UUID
    requested_by: Person
    requested_at: datetime
    clock: Clock | None
    expires_at: datetime
    stake: Money
    figures: tuple[Fact, ...]
    reasons: tuple[Reason, ...]
    lines: tuple[AskLine, ...]
    history: PartnerHistory
    steps: tuple[ApprovalStep, ...]
    timeline: tuple[TimelineEntry, ...]
    digest: str
    verbs: Verbs | None
    approves_last: bool
    blocked: str = ""
    editing: bool = False
    justification: str = ""
    errors: tuple[FormError, ...] = ()
    acting_for: tuple[Person, ...] = ()
    credit: CreditSum | None = None
    not_taken: NotTaken | None = None
    changed: tuple[Change, ...] = ()
    agreed_before: tuple[Person, ...] = ()
    stands_still: StandsStill | None = None
    evidence: tuple[FileLink, ...] = ()
    prices: tuple[OrderPrice, ...] = ()
    undo: HeldNews | None = None
    again: str = ""
    came: Came | None = None

    @property
    def level(self) -> int:
        """The level that is asked now; after the decision, the last one."""
        return next((step.level for step in self.steps if step.status == "open"), len({s.level for s in self.steps}))

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len({step.level for step in self.steps})

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return next((each.message for each in self.errors if each.field == field), "")
