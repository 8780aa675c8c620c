"""Returns in the order desk's words: what is to come, what is to be inspected, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.channel.returns import STATUSES
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.views.common import PartnerName, Tab
from headgate.console.views.returns import ReturnRow
from headgate.kernel.money import Money
from headgate.ui.words import humanise

OPEN = ("requested", "deciding", "returned", "authorised", "sent", "received", "inspected")
EXPECTED = ("authorised", "sent")
SETTLED = ("credited", "replaced", "refused")
# The lists people work with: name in the address, words, the statuses in it. Everything else is under “All”.
VIEWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "All", ()),
    ("deciding", "Waiting for approval", ("deciding",)),
    ("expected", "Expected", EXPECTED),
    ("received", "To inspect", ("received",)),
    ("settled", "Settled", SETTLED),
)


def statuses_of(view: str) -> tuple[str, ...]:
    """The statuses that a list shows; () for all."""
    return next((statuses for name, _, statuses in VIEWS if name == view), (view,))


def views() -> frozenset[str]:
    """Every list that an address may name: those people work with, and each status."""
    return frozenset({name for name, _, _ in VIEWS} | set(STATUSES))


def tabs(current: str) -> tuple[Tab, ...]:
    """The saved views of the list."""
    named = [(name, label) for name, label, _ in VIEWS]
    shown = named if current in dict(named) else [*named, (current, humanise(current))]
    return tuple(
        Tab(label, urls.query(urls.RETURNS, [("status", name)]), None, name == current) for name, label in shown
    )


def return_rows(rows: Sequence[Mapping[str, Any]], lens: Lens) -> tuple[ReturnRow, ...]:
    """The list. Who may not read cases is led to the order."""
    return tuple(
        ReturnRow(
            rma=row["rma"],
            href=urls.case(row["case_id"]) if lens.may("cases.read") else urls.order(row["order_no"]),
            order=row["order_no"],
            partner=PartnerName(row["partner"], row["partner_name"] or row["partner"]),
            status=row["status"],
            wanted=row["wanted"],
            send_by=row["send_by"] if row["status"] in EXPECTED else None,
            amount=_amount(row, lens),
            changed=row["updated_at"],
        )
        for row in rows
    )


def _amount(row: Mapping[str, Any], lens: Lens) -> Money | None:
    if row["status"] == "credited":
        return Money(row["credit"], row["currency"])
    return lens.money(row["stake"]) if row["status"] in OPEN else None
