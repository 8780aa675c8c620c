"""The form and the answer of 'who would be asked', and delegations, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from headgate.access import ROLES, Account, Delegation
from headgate.console import urls
from headgate.console.present.evaluations import readable
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.approving import (
    CanDecide,
    CannotDecide,
    DelegationRow,
    EarlierAsk,
    ForeseenStep,
    MatrixField,
)
from headgate.console.views.common import Option
from headgate.kernel.phrases import joined, phrase, sentence, swapped, worded
from headgate.policy import Evaluation, InputColumn, PolicyTable
from headgate.process.core.foresee import Candidate, Foreseen
from headgate.ui.words import humanise

# Stands for a text that no row of a matrix compares with.
OTHER = "other"
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'")
_PRINCIPAL = re.compile(r"\b(?:user|service|agent):[^\s,;]+")
_HINTS = {
    "percent": phrase("In percent, for example 12.5."),
    "money": phrase("An amount, for example 5000.00."),
    "number": phrase("A number, for example 5000 or 12.5."),
    "integer": phrase("A whole number."),
    "date": phrase("A day, for example 2026-03-31."),
    "datetime": phrase("A moment, for example 2026-03-31T09:00:00Z."),
    "duration": phrase("A length of time, for example P30D."),
    "months": phrase("Years and months, for example P1Y6M."),
    "list": phrase("Several values, with commas between them."),
}


def matrix_field(table: PolicyTable, column: InputColumn, value: str, problems: Mapping[str, str]) -> MatrixField:
    """An input of the matrix as a field of the form."""
    options: tuple[Option, ...] = ()
    if column.type == "bool":
        options = (Option("true", phrase("Yes")), Option("false", phrase("No")))
    elif column.values and column.type != "list":
        options = tuple(Option(str(each), humanise(str(each))) for each in column.values)
    elif column.type == "string":
        options = _spoken_of(table, column.name, value)
    hint = _HINTS.get(column.type, "")
    if column.nullable:
        hint = phrase("%(hint)s Leave it empty where it is not known.", hint=hint).strip()
    return MatrixField(
        name=column.name,
        label=worded(column.label) if column.label else humanise(column.name),
        value=value,
        options=options,
        hint=hint,
        error=problems.get(column.name, ""),
    )


def typed(value: object) -> str:
    """A value of a recorded input as somebody would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(each) for each in value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def earlier_asks(
    table: PolicyTable,
    columns: Sequence[InputColumn],
    asks: Sequence[Mapping[str, str]],
    policy: str,
    asked_by: str,
    stake: str,
) -> tuple[EarlierAsk, ...]:
    """The exceptions that were described before, each with the way to the request without it."""
    labels = {column.name: worded(column.label) if column.label else humanise(column.name) for column in columns}
    rest = [("policy", policy), ("asked_by", asked_by), ("stake", stake)]
    found = []
    for place, ask in enumerate(asks):
        kept = [
            (f"also.{n}.{name}", value)
            for n, each in enumerate(asks)
            if n != place
            for name, value in each.items()
            if value
        ]
        found.append(
            EarlierAsk(
                words=joined(
                    ", ", [joined(" ", (labels[name], humanise(value))) for name, value in ask.items() if value]
                ),
                hidden=tuple((f"also.{place}.{name}", value) for name, value in ask.items() if value),
                without=urls.query(urls.APPROVALS_PREVIEW, [*rest, *kept]),
            )
        )
    return tuple(found)


def _spoken_of(table: PolicyTable, column: str, value: str) -> tuple[Option, ...]:
    """The texts that the rows of a table compare an input with, by their words, and one that none of them names; none
    where no row compares it."""
    found = dict.fromkeys(text for row in table.rows for text in _LITERAL.findall(row.when.get(column, "")))
    if not found:
        return ()
    other = [] if value in ("", OTHER, *found) else [Option(value, humanise(value))]
    named = sorted((Option(text, humanise(text)) for text in found), key=lambda option: option.label)
    return (*named, *other, Option(OTHER, phrase("One that no row names")))


def foreseen_steps(
    steps: Sequence[Foreseen], evaluations: Sequence[Evaluation], names: Names, lens: Lens
) -> tuple[ForeseenStep, ...]:
    """The answer: each step with its reasons and its people."""
    because = {r: readable(why, lens) for e in evaluations for r, why in zip(e.rows, e.reasons, strict=True)}
    return tuple(_step(each, because, names) for each in steps)


def _step(found: Foreseen, because: Mapping[str, str], names: Names) -> ForeseenStep:
    step = found.step
    rows = tuple(row for row in step.matrix_row.split(", ") if row)
    return ForeseenStep(
        level=step.level,
        role=step.role,
        needs=_needs(found),
        status=step.status,
        why=tuple(because[row] for row in rows if row in because),
        rows=rows,
        people=tuple(_candidate(each, names) for each in found.people),
        left_out=tuple(
            CannotDecide(names.person(each.principal), in_words(each.why, names)) for each in found.left_out
        ),
        enough=found.enough,
        hours=step.sla_hours,
        escalates_to=humanise(step.escalate_to).lower() if step.escalate_to else "",
        note=sentence(step.note),
    )


def _needs(found: Foreseen) -> str:
    step = found.step
    if step.only_stops:
        return phrase("may stop it; nobody waits for them")
    if step.of_people:
        asks = phrase("%(quorum)s of %(of_people)s must agree", quorum=step.quorum, of_people=step.of_people)
    else:
        asks = (
            phrase("one of them must agree")
            if step.quorum == 1
            else phrase("%(quorum)s of them must agree", quorum=step.quorum)
        )
    return phrase("%(asks)s, and any of them may stop it", asks=asks) if step.veto else asks


def _candidate(found: Candidate, names: Names) -> CanDecide:
    return CanDecide(
        names.person(found.principal),
        names.person(found.on_behalf_of) if found.on_behalf_of else None,
        names.people(found.via),
        names.people(found.away),
    )


def named_in(text: str) -> set[str]:
    """The ids of people that a message names."""
    return set(_PRINCIPAL.findall(text))


def in_words(text: str, names: Names) -> str:
    """A message for people: ids become names, codes of roles their words."""

    def change(told: str) -> str:
        if told in ROLES:
            return humanise(told).lower()
        return _PRINCIPAL.sub(lambda found: names.person(found[0]).name, told)

    return sentence(swapped(text, change))


def people_in(steps: Iterable[Foreseen]) -> set[str]:
    """Everybody whom the answer names."""
    found: set[str] = set()
    for each in steps:
        for one in each.people:
            found |= {one.principal, one.on_behalf_of, *one.via, *one.away}
        for other in each.left_out:
            found |= {other.principal, other.on_behalf_of, *_PRINCIPAL.findall(other.why)}
    return found - {""}


def person_options(accounts: Iterable[Account]) -> tuple[Option, ...]:
    """The tenant's own active people, to choose from."""
    own = [a for a in accounts if a.kind == "person" and a.status == "active" and a.partner is None]
    return tuple(Option(a.principal, a.name) for a in sorted(own, key=lambda a: a.name.casefold()))


def delegation_row(found: Delegation, names: Names, lens: Lens, *, can_end: bool) -> DelegationRow:
    """A delegation in the list."""
    return DelegationRow(
        id=found.id,
        delegator=names.person(found.delegator),
        delegate=names.person(found.delegate),
        roles=tuple(humanise(role) for role in sorted(found.roles)),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        up_to=None if found.max_amount is None else lens.money(found.max_amount),
        onward=found.onward,
        reason=found.reason,
        state=_state(found, lens.now),
        can_end=can_end and found.revoked_at is None and lens.now < found.valid_until,
        lost=tuple(humanise(role).lower() for role in sorted(found.roles - found.delegator_roles))
        if not found.onward
        else (),
    )


def _state(found: Delegation, now: datetime) -> str:
    if found.revoked_at is not None:
        return "revoked"
    if now >= found.valid_until:
        return "ended"
    return "in_force" if found.in_force(now) else "to_come"
