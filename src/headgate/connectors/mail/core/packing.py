"""Phrases as JSON and back, so that what waits for a digest is said in the language its reader has chosen by then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase

_READ: Final[Mapping[str, Callable[[Any], object]]] = {
    "instant": datetime.fromisoformat,
    "day": date.fromisoformat,
    "until": lambda at: Until(datetime.fromisoformat(at)),
    "decimal": Decimal,
    "money": lambda pair: Money(Decimal(pair[0]), pair[1]),
}


def packed(value: object) -> object:
    """A text, number, amount or time, and a phrase with such values, as JSON. Anything else as its text."""
    match value:
        case Phrase():
            values = {name: packed(each) for name, each in value.values.items()}
            plain = Phrase(value.text, value.values, value.many, value.number)
            lower = str(value) != str(plain)  # as it stands within an English sentence
            return {"phrase": value.text, "values": values, "many": value.many, "number": value.number, "lower": lower}
        case None | bool() | int() | str():
            return value
        case Money():
            return {"money": [str(value.amount), value.currency]}
        case Decimal():
            return {"decimal": str(value)}
        case Until():
            return {"until": value.end.isoformat()}
        case datetime():
            return {"instant": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case _:
            return str(value)


def unpacked(value: object) -> object:
    """What was packed. Raises `ValueError`, `KeyError` or `TypeError` for what was not."""
    if not isinstance(value, Mapping):
        return value
    if "phrase" in value:
        values = {name: unpacked(each) for name, each in value["values"].items()}
        found = Phrase(value["phrase"], values, value["many"], int(value["number"]))
        return found.lower() if value["lower"] else found
    ((kind, body),) = value.items()
    return _READ[kind](body)
