"""Reading returns: lists, one return, what happened to it, and what of an order can still come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection

from headgate.channel.masters import Page, decode_cursor, page_of, page_size
from headgate.channel.returns import repo
from headgate.domain.returns import left_of
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger.search import audit_trail
from headgate.policy import decision_list
from headgate.process import approvals_of_case, case_detail

STATUSES = (
    "requested",
    "deciding",
    "returned",
    "authorised",
    "sent",
    "received",
    "inspected",
    "credited",
    "replaced",
    "refused",
    "declined",
    "lapsed",
    "withdrawn",
)


@dataclass(frozen=True, slots=True)
class ReturnMilestone:
    """A change of a return as its partner may know it."""

    rma: str
    at: datetime
    status: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Returnable:
    """What of an order's line can still come back. `unit_price` is what was paid, in the order's currency."""

    line: str
    product: str
    unit: str
    unit_price: Decimal
    currency: str
    delivered: Decimal
    left: Decimal


# In which states a return takes which event of a warehouse.
WAITS_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "rma.received": ("authorised", "sent", "received"),
    "rma.inspected": ("received",),
}


def list_returns(
    conn: Connection[Any],
    *,
    partner: str = "",
    status: str | Sequence[str] = "",
    order: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[dict[str, Any]]:
    """Returns, last changed first. `text` is sought in return, order and partner; changed from `since` to before
    `until`."""
    at, rma = decode_cursor(cursor, 2)
    after = {"after_at": parse_instant("cursor", at) if at else None, "after": rma}
    period = {"since": since, "until": until}
    params = {"partner": partner, "status": _statuses(status), "order": order, "text": text, **period, **after}
    rows = repo.list_rows(conn, {**params, "limit": page_size(limit) + 1})
    return page_of(rows, limit, lambda row: (instant_text(row["updated_at"]), row["rma"]))


def count_returns(conn: Connection[Any], *, status: str | Sequence[str] = "", text: str = "", most: int) -> int:
    """How many returns `list_returns` would go through; counting ends behind `most`, with one more than that."""
    ever = {"since": None, "until": None}
    params = {"partner": "", "status": _statuses(status), "order": "", "text": text, **ever, "most": most}
    return repo.count_rows(conn, params)


def _statuses(status: str | Sequence[str]) -> list[str] | None:
    return [status] if isinstance(status, str) and status else list(status) or None


def get_return(conn: Connection[Any], rma: str) -> dict[str, Any]:
    """One return with its content. Raises NotFound."""
    row = repo.get_row(conn, rma)
    if row is None:
        raise NotFound(phrase("return %(rma)s does not exist", rma=rma))
    return row


def milestones_of(conn: Connection[Any], rma: str) -> list[ReturnMilestone]:
    """What happened to one return, oldest first."""
    return [
        ReturnMilestone(number, at, status, tuple(told)) for number, at, status, told in repo.milestone_rows(conn, rma)
    ]


def latest_milestones(conn: Connection[Any], limit: int) -> list[ReturnMilestone]:
    """What happened last to the returns that the transaction may see."""
    return [
        ReturnMilestone(number, at, status, tuple(told)) for number, at, status, told in repo.latest_rows(conn, limit)
    ]


def returnable(conn: Connection[Any], order: str, *, besides: str = "") -> list[Returnable]:
    """The delivered lines of an order with what can still come back; empty for an order that the transaction cannot
    see. `besides` names a return that is not counted, because it is being changed."""
    found = repo.load_orders(conn, [order]).get(order)
    if found is None:
        return []
    claimed: dict[str, Decimal] = {}
    for each in repo.load_claims(conn, [order]).get(order, ()):
        if each.rma != besides:
            claimed[each.line] = claimed.get(each.line, Decimal(0)) + each.counts
    recorded = repo.load_recorded(conn, [order]).get(order, {})
    left = left_of([(x.line, x.product, x.shipped) for x in found.lines], claimed, recorded)
    return [
        Returnable(x.line, x.product, x.unit, x.unit_price, found.currency, x.shipped, left[x.line])
        for x in found.lines
        if x.shipped
    ]


def explain_return(conn: Connection[Any], rma: str) -> dict[str, Any]:
    """Everything there is to say about a return: what was asked, found and decided by which policy rows, by whom, and
    the audit entries with their proof. For the tenant's own people. Raises NotFound."""
    found = get_return(conn, rma)
    return {
        "return": found,
        "milestones": [asdict(m) for m in milestones_of(conn, rma)],
        "decisions": [asdict(d) for d in decision_list(conn, subject_type="rma", subject=rma, limit=200)],
        "case": case_detail(conn, found["case_id"]),
        "approvals": [asdict(a) for a in approvals_of_case(conn, found["case_id"])],
        "audit": audit_trail(conn, "rma", rma),
    }


def check_return_edit(conn: Connection[Any], rma: str, edit: Mapping[str, Any]) -> None:
    """What a partner asked for, and what an inspection found, is not changed by who decides. Raises Invalid."""
    raise Invalid(
        phrase("return %(rma)s is not changed by who decides about it; return it with what to change", rma=rma)
    )
