"""Returns in the order desk's words: what is to come, what is to be inspected, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.channel.returns import STATUSES, WAITS_FOR
from headgate.console import urls
from headgate.console.present.asks import number
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Fact, PartnerName, Tab, TimelineEntry
from headgate.console.views.returns import ReturnedLine, ReturnPage, ReturnRow
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

OPEN = ("requested", "deciding", "returned", "authorised", "sent", "received", "inspected")
# When goods may be booked in, and when there is something to look at.
BOOKS, INSPECTS = WAITS_FOR["rma.received"], WAITS_FOR["rma.inspected"]
EXPECTED = ("authorised", "sent")
SETTLED = ("credited", "replaced", "refused")
# The lists people work with: name in the address, words, the statuses in it. Everything else is under “All”.
VIEWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", phrase("All"), ()),
    ("deciding", phrase("Waiting for approval"), ("deciding",)),
    ("expected", phrase("Expected"), EXPECTED),
    ("received", phrase("To inspect"), ("received",)),
    ("settled", phrase("Settled"), SETTLED),
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
    """The list."""
    return tuple(
        ReturnRow(
            rma=row["rma"],
            href=urls.rma(row["rma"]),
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


UNNAMED = Names({}, {})


def quantities(row: Mapping[str, Any], names: Names = UNNAMED) -> tuple[ReturnedLine, ...]:
    """The lines of a return with what is still to arrive and to be looked at."""
    content = row["content"]
    sold = {x["line"]: x for x in content["sold"]}
    found = []
    for each in content["request"]["lines"]:
        line, quantity = each["line"], number(each["quantity"])
        received = number(content["received"].get(line, "0"))
        seen = sum((number(f["quantity"]) for f in content["findings"] if f["line"] == line), Decimal(0))
        found.append(
            ReturnedLine(
                line=line,
                product=sold[line]["product"],
                name=names.product(sold[line]["product"]),
                unit=sold[line]["unit"],
                reason=humanise(each["reason"]),
                note=each["note"],
                quantity=quantity,
                received=received,
                to_receive=quantity - received,
                to_inspect=received - seen,
                outcomes=_outcomes(content, line),
            )
        )
    return tuple(found)


def _outcomes(content: Mapping[str, Any], line: str) -> tuple[tuple[Decimal, str, str], ...]:
    """What was found of a line, with what becomes of it once that is known."""
    told = [o for o in content["outcomes"] if o["line"] == line]
    if told:
        return tuple(
            (
                number(o["quantity"]),
                humanise(o["condition"]),
                joined(": ", (humanise(o["outcome"]), recorded(o["because"]))),
            )
            for o in told
        )
    found = [f for f in content["findings"] if f["line"] == line]
    return tuple((number(f["quantity"]), humanise(f["condition"]), f["note"]) for f in found)


def return_view(
    row: Mapping[str, Any],
    *,
    names: Names,
    history: tuple[TimelineEntry, ...],
    may_book: bool,
    once: UUID,
    form: Mapping[str, str],
    error: str,
    conditions: Sequence[str],
    lens: Lens,
) -> ReturnPage:
    """The page of a return."""
    lines, status = quantities(row, names), row["status"]
    sent = " ".join(each for each in (row["carrier"], row["tracking"]) if each)
    facts = (
        Fact(phrase("Requested"), row["requested_at"]),
        Fact(phrase("To be here by"), Until(row["send_by"]) if row["send_by"] and status in EXPECTED else None),
        Fact(phrase("Sent with"), sent or None),
        Fact(phrase("Note"), row["content"]["request"]["note"] or None),
        Fact(phrase("Pictures"), tuple(row["content"]["request"]["pictures"]) or None),
    )
    return ReturnPage(
        rma=row["rma"],
        order=row["order_no"],
        status=status,
        partner=PartnerName(row["partner"], row["partner_name"] or row["partner"]),
        facts=tuple(fact for fact in facts if fact.value is not None),
        lines=lines,
        case_href=urls.case(row["case_id"]) if lens.may("cases.read") else "",
        timeline=history,
        books=may_book and status in BOOKS and any(line.to_receive for line in lines),
        inspects=may_book and status in INSPECTS and any(line.to_inspect for line in lines),
        once=once,
        opened=instant_text(lens.now),
        conditions=tuple((each, humanise(each)) for each in conditions),
        fields=form,
        error=error,
    )
