"""Reading deals: lists, one deal, what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.channel.deals import repo
from headgate.channel.deals.core.state import Programme
from headgate.channel.masters import Page, decode_cursor, page_of, page_size
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger import reveal_personal
from headgate.ledger.search import audit_trail
from headgate.policy import decision_list
from headgate.process import approvals_of_case, case_detail

STATUSES = (
    "draft",
    "submitted",
    "under_review",
    "pending_approval",
    "approved",
    "returned",
    "rejected",
    "appealed",
    "converted",
    "lost",
    "expired",
    "withdrawn",
)


# No period: whenever a deal was changed.
_EVER: dict[str, datetime | None] = {"since": None, "until": None}


def list_deals(
    conn: Connection[Any],
    *,
    partner: str = "",
    status: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[dict[str, Any]]:
    """Deals, last changed first. `text` is sought in deal, customer and partner; changed from `since` to before
    `until`."""
    at, deal = decode_cursor(cursor, 2)
    after = {"after_at": parse_instant("cursor", at) if at else None, "after": deal}
    params = {"partner": partner, "status": status, "text": text, "since": since, "until": until, **after}
    rows = repo.list_rows(conn, {**params, "limit": page_size(limit) + 1})
    return page_of(rows, limit, lambda row: (instant_text(row["updated_at"]), row["deal"]))


def count_deals(conn: Connection[Any], *, status: str = "", text: str = "", most: int) -> int:
    """How many deals `list_deals` would go through; counting ends behind `most`, with one more than that."""
    return repo.count_rows(conn, {"partner": "", "status": status, "text": text, **_EVER, "most": most})


def get_deal(conn: Connection[Any], deal: str) -> dict[str, Any]:
    """One deal with its content. Raises NotFound."""
    row = repo.get_row(conn, deal)
    if row is None:
        raise NotFound(phrase("deal %(deal)s does not exist", deal=deal))
    (row["content"],) = reveal_personal(conn, [(deal, row["content"])])
    return row


def all_deals(conn: Connection[Any], most: int) -> list[dict[str, Any]]:
    """Every deal that the transaction may see, with its content, last changed first."""
    rows = repo.all_rows(conn, most)
    contents = reveal_personal(conn, [(row["deal"], row["content"]) for row in rows])
    return [{**row, "content": content} for row, content in zip(rows, contents, strict=True)]


def list_programmes(conn: Connection[Any], now: datetime) -> list[Programme]:
    """The programmes that are open now, by title."""
    return repo.open_programmes(conn, now)


def conflicts_of(conn: Connection[Any], deal: str) -> list[dict[str, Any]]:
    """What stands against a deal, worst first, each with its signals; empty for portal users."""
    return repo.conflict_rows(conn, deal)


def explain_deal(conn: Connection[Any], deal: str) -> dict[str, Any]:
    """Everything there is to say about a deal: what stands against it and why, what was decided by which policy rows,
    by whom, and the audit entries with their proof. For the tenant's own people. Raises NotFound."""
    found = get_deal(conn, deal)
    return {
        "deal": found,
        "conflicts": conflicts_of(conn, deal),
        "decisions": [asdict(d) for d in decision_list(conn, subject_type="deal", subject=deal, limit=200)],
        "case": case_detail(conn, found["case_id"]),
        "approvals": [asdict(a) for a in approvals_of_case(conn, found["case_id"])],
        "audit": audit_trail(conn, "deal", deal),
    }


def check_edit(conn: Connection[Any], deal: str, edit: Mapping[str, Any]) -> None:
    """What a partner registered is the partner's word, so nobody else changes it. Raises Invalid."""
    raise Invalid(
        phrase(
            "deal %(deal)s is not changed by who decides about it; return it to the partner with what to change",
            deal=deal,
        )
    )
