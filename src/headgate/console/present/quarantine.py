"""Quarantine: the list, and one item with the form that mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Option, Tab
from headgate.console.views.quarantine import FieldProblem, FixField, QuarantineItemView, QuarantineRow
from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.money import Money
from headgate.kernel.phrases import Opening, Phrase, joined, phrase, sentence, worded
from headgate.ledger import QuarantineCount, Quarantined
from headgate.ui.recorded import recorded
from headgate.ui.words import STATES, humanise

MOST_REASONS = 40
# What is wrong at a field, as it is kept: its path, then the message.
_LINE = re.compile(r"lines\[(\d+)\]\.(\w+) (.+)", re.DOTALL)
_FIELD = re.compile(r"([a-z_]+) (is .+|has .+|cannot .+)", re.DOTALL)
STATUSES = ("open", "replayed", "dismissed")


def tabs(status: str, counts: Sequence[QuarantineCount]) -> tuple[Tab, ...]:
    """Which items; only how many are open is counted."""
    count = sum(each.count for each in counts)
    return tuple(
        Tab(
            STATES["quarantine"][each].label,
            urls.QUARANTINE if each == "open" else urls.query(urls.QUARANTINE, [("status", each)]),
            count if each == "open" else None,
            each == status,
        )
        for each in STATUSES
    )


def reasons(counts: Sequence[QuarantineCount]) -> tuple[Option, ...]:
    """Why items are there, the most frequent reason first."""
    sums: dict[str, int] = {}
    for each in counts:
        sums[each.reason] = sums.get(each.reason, 0) + each.count
    frequent = sorted(sums.items(), key=lambda item: -item[1])[:MOST_REASONS]
    return tuple(Option(reason, capital(reason), count) for reason, count in frequent)


def known_amount(counts: Sequence[QuarantineCount], reason: str) -> Money | None:
    """What the items amount to, where all that is known is in one currency."""
    sums: dict[str, Decimal] = {}
    for each in counts:
        if each.amount is not None and each.currency and reason in ("", each.reason):
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.amount
    if len(sums) != 1:
        return None
    ((currency, amount),) = sums.items()
    return money(amount, currency)


def rows(found: Sequence[Quarantined], lens: Lens) -> tuple[QuarantineRow, ...]:
    """The list."""
    return tuple(
        QuarantineRow(
            item=each.id,
            kind=each.kind,
            source=each.source,
            place=_place(each, lens),
            reason=capital(each.reason),
            field=each.problems[0].field if each.problems else "",
            amount=money(each.amount, each.currency),
            status=each.status,
            created_at=each.created_at,
        )
        for each in found
    )


def _place(each: Quarantined, lens: Lens) -> str:
    if each.file:
        return (
            phrase("%(file)s, row %(row_number)s", file=each.file, row_number=lens.fmt.number(each.row_number))
            if each.row_number is not None
            else each.file
        )
    if each.event_seq is None:
        return phrase("an event that was not kept")
    return phrase("event %(event_seq)s", event_seq=lens.fmt.number(each.event_seq))


def item_view(
    item: Quarantined,
    *,
    alike: int,
    can_fix: bool,
    names: Names,
    entered: Mapping[str, str],
    raw: str | None,
    refused: Sequence[Problem],
    lens: Lens,
) -> QuarantineItemView:
    """One item. `entered` and `raw` are what the reader typed, `refused` what was wrong with it."""
    problems = refused or item.problems
    fields = fix_fields(item, entered, problems)
    return QuarantineItemView(
        item=item.id,
        kind=item.kind,
        source=item.source,
        file=item.file,
        row_number=item.row_number,
        event_seq=item.event_seq,
        status=item.status,
        reason=capital(item.reason),
        problems=tuple(FieldProblem(p.field, p.value, recorded(p.message), worded(p.fix)) for p in problems),
        raw=raw if raw is not None else pretty(item.raw) if not fields else item.raw,
        fields=fields,
        amount=money(item.amount, item.currency),
        created_at=item.created_at,
        resolved_at=item.resolved_at,
        resolved_by=names.person(item.resolved_by) if item.resolved_by else None,
        alike=max(alike - 1, 0),
        alike_href=urls.query(urls.QUARANTINE, [("reason", item.reason)]),
        can_fix=can_fix,
    )


def fix_fields(item: Quarantined, entered: Mapping[str, str], problems: Sequence[Problem]) -> tuple[FixField, ...]:
    """The columns of a refused row, as they came or as the reader changed them; none for an event."""
    if item.kind != "row":
        return ()
    columns = columns_of(item)
    return tuple(
        FixField(
            name=name,
            value=entered.get(name, value),
            problem=joined(" ", [sentence(recorded(p.message)) for p in problems if _names(p, name)]),
        )
        for name, value in columns.items()
    )


def columns_of(item: Quarantined) -> dict[str, str]:
    """The columns of a refused row with their text; empty where it was not readable as a row."""
    try:
        row = json.loads(item.raw).get("row")
    except (ValueError, AttributeError):
        return {}
    return {str(name): str(value) for name, value in row.items()} if isinstance(row, dict) else {}


def _names(problem: Problem, column: str) -> bool:
    # A problem names the column, alone or at the end of a path such as 'row 12: price'.
    return problem.field == column or problem.field.endswith((f": {column}", f".{column}"))


def pretty(text: str) -> str:
    """JSON with a line per member; what is no JSON as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """An amount where it is known, in a currency that exists: refused rows may name any."""
    if amount is None or not currency:
        return None
    try:
        return Money(amount, currency)
    except Invalid:
        return None


def capital(text: str) -> Phrase:
    """A reason as a sentence begins; a path into the lines of an order is said in words."""
    found = _LINE.match(text)
    if found is not None:
        line, field = int(found[1]) + 1, humanise(found[2]).lower()
        return Opening(
            phrase("line %(line)s: %(field)s %(message)s", line=line, field=field, message=recorded(found[3]))
        )
    found = _FIELD.match(text)
    if found is None or recorded(text).values:
        return Opening(recorded(text))
    return Opening(joined(" ", (humanise(found[1]).lower(), recorded(found[2]))))
