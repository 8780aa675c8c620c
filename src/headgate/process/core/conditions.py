"""Conditions of an approval matrix over what the approver reads: exact expressions, decided on the side of caution.

An expression names the matrix's inputs, the plain values of the summary, `stake`, and for a list of the summary
`<list>_count` and the smallest and largest of each of its numbers (`min_margin_pct`, `max_deviation_pct`). What cannot
be worked out counts as what asks more people.

A summary comes back from storage with its numbers as text, so a text of the summary that is a plain number is one here
at all times. Compare codes that may be numbers through an input of the matrix, which has a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from headgate.policy.core.arithmetic import Env, NotExact, Unknown, compile_exact
from headgate.policy.core.unary import BadCell, tokens

_SHOWN = 4  # values in a reason
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,10})?")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds; None when it cannot be worked out. `why` says it in words with the values."""

    holds: bool | None
    why: str


def values_for(summary: Mapping[str, object], inputs: Mapping[str, object], stake: Decimal | None) -> dict[str, object]:
    """The names an expression may use. Inputs of the matrix come before the summary's values."""
    found: dict[str, object] = {}
    for name, value in summary.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            found |= _of_list(name, value)
        elif _plain(value):
            found[name] = _read(value)
    if stake is not None:
        found["stake"] = stake
    return found | {name: _number(value) for name, value in inputs.items() if _plain(value)}


def judge(text: str, env: Env) -> Verdict:
    """Work a condition out. Never raises: what is wrong with it stands in the verdict."""
    kinds = {name: kind for name, value in env.items() if (kind := _kind(value))}
    try:
        step, _ = compile_exact(text, kinds)
        result = step(env)
    except (BadCell, NotExact, Unknown, ArithmeticError, TypeError) as error:
        return Verdict(None, f"{text} cannot be worked out{f': {error}' if str(error) else ''}")
    if not isinstance(result, bool):
        return Verdict(None, f"{text} is neither true nor false")
    named = [f"{name} is {_shown(env[name])}" for name in _names(text, kinds)][:_SHOWN]
    given = f" ({', '.join(named)})" if named else ""
    return Verdict(result, f"{text} {'holds' if result else 'does not hold'}{given}")


def _names(text: str, kinds: Mapping[str, str]) -> Iterator[str]:
    return iter(dict.fromkeys(t.text for t in tokens(text) if t.kind == "word" and t.text in kinds))


def _of_list(name: str, items: Sequence[object]) -> dict[str, object]:
    numbers: dict[str, list[Decimal]] = {}
    for item in items:
        for key, value in item.items() if isinstance(item, Mapping) else ():
            number = _read(value)
            if isinstance(number, Decimal):
                numbers.setdefault(str(key), []).append(number)
    found: dict[str, object] = {f"{name}_count": Decimal(len(items))}
    for key, all_of in numbers.items():
        found |= {f"min_{key}": min(all_of), f"max_{key}": max(all_of)}
    return found


def _plain(value: object) -> bool:
    return value is None or isinstance(value, (str, bool, int, Decimal, date))


def _read(value: object) -> object:
    """A value of a summary: text that is a plain number as that number."""
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else _number(value)


def _number(value: object) -> object:
    """Whole numbers as the exact numbers that expressions compute with."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "date" if isinstance(value, date) else ""


def _shown(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
