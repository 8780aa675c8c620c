"""What a registered action takes and gives, said beside it, so that a definition can be held against it before it runs.

Kinds are those of values in a case's data: `text`, `truth`, `number`, `instant`, `list`, `record`. A number or instant
that has been through JSON is text there, and still of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase

Kind = Literal["text", "truth", "number", "instant", "list", "record"]
ARTICLES: Final[Mapping[Kind, str]] = {
    "text": phrase("a text"),
    "truth": phrase("true or false"),
    "number": phrase("a number"),
    "instant": phrase("a point in time"),
    "list": phrase("a list"),
    "record": phrase("a record"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One input or output. `values`: the texts it may be, where there are few. `fields`: of a record that always has
    these and no others, or of each record of a list; empty leaves it open. `optional`: an input that may be left out,
    an output that may be absent or null."""

    kind: Kind
    about: str = ""
    values: tuple[str, ...] = ()
    fields: Mapping[str, Slot] = field(default_factory=lambda: MappingProxyType({}))
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """A policy that an action asks: the facts it tells it, and what it reads of the answer. `optional`: the action does
    without the policy where none is in force."""

    tells: Mapping[str, Slot]
    reads: Mapping[str, Slot]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What an action does, in a sentence, what it takes as arguments of its step, what it gives, and which policies it
    asks."""

    does: str
    takes: Mapping[str, Slot] = field(default_factory=lambda: MappingProxyType({}))
    gives: Mapping[str, Slot] = field(default_factory=lambda: MappingProxyType({}))
    asks: Mapping[str, Asking] = field(default_factory=lambda: MappingProxyType({}))


def text(about: str = "", *values: str) -> Slot:
    """A text; with `values`, one of these."""
    return Slot("text", about, values)


def truth(about: str = "") -> Slot:
    """True or false."""
    return Slot("truth", about)


def number(about: str = "") -> Slot:
    """An exact number, such as an amount."""
    return Slot("number", about)


def instant(about: str = "") -> Slot:
    """A point in time."""
    return Slot("instant", about)


def listing(about: str = "", /, **fields: Slot) -> Slot:
    """A list; with `fields`, of records that have these."""
    return Slot("list", about, fields=fields)


def record(about: str = "", /, **fields: Slot) -> Slot:
    """Values by name; without `fields` any names."""
    return Slot("record", about, fields=fields)


def maybe(slot: Slot) -> Slot:
    """The same, which may be missing."""
    return replace(slot, optional=True)


def request(**told: Slot) -> dict[str, Slot]:
    """What an `approve` step is given, where the matrix is told these of an exception beside its type and stake."""
    stake = number("money at stake in the tenant's currency")
    return {
        "asks": listing(
            "one entry for each exception, as the matrix is asked", exception=text("its type"), stake=stake, **told
        ),
        "digest": text("SHA-256 (hex) of what is to be approved"),
        "requested_by": text("who asks"),
        "barred": listing("who may not decide"),
        "summary": record("what the approver reads"),
    }


# What most actions that find something to decide give.
REQUEST: Final[Mapping[str, Slot]] = request()


def misfits(slots: Mapping[str, Slot], values: Mapping[str, object], where: str = "") -> Iterator[str]:
    """Where values are not what was declared, in words; nothing when all is well."""
    for name in values.keys() - slots.keys():
        yield f"{where}{name} is not declared"
    for name, slot in slots.items():
        value = values.get(name)
        if value is None:
            if not slot.optional:
                yield f"{where}{name} is missing"
        elif not of_kind(slot, value):
            yield f"{where}{name} is declared {slot.kind}, and is {value!r}"
        elif slot.fields and isinstance(value, Mapping):
            yield from misfits(slot.fields, value, f"{where}{name}.")
        elif slot.fields and isinstance(value, Sequence):
            for each in value:
                yield from misfits(slot.fields, each, f"{where}{name}[].")


def of_kind(slot: Slot, value: object) -> bool:
    """Whether a value is one that the slot may hold."""
    if slot.kind == "text":
        return isinstance(value, (str, UUID)) and (not slot.values or value in slot.values)
    if slot.kind == "truth":
        return isinstance(value, bool)
    if slot.kind == "number":
        return _is_number(value)
    if slot.kind == "instant":
        return isinstance(value, datetime) or (isinstance(value, str) and _is_instant(value))
    if slot.kind == "list":
        return isinstance(value, Sequence) and not isinstance(value, str)
    return isinstance(value, Mapping)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        try:
            return Decimal(value).is_finite()
        except InvalidOperation:
            return False
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _is_instant(value: str) -> bool:
    try:
        parse_instant("value", value)
    except Invalid:
        return False
    return True
