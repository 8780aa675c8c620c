"""What a request asks otherwise than the one before: values of the summary that differ, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from headgate.kernel.canonical import instant_text
from headgate.process.core.state import Approval, Vote

MOST: Final = 200
# What tells the items of a list apart, by the first of these that they have.
_NAMES: Final = ("line", "id", "code", "type", "exception", "product")
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that differs. `what` is its path (`lines[2].asked`); None on a side where it is not."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """The request that this one replaces, what is asked otherwise now, and who had agreed before."""

    before: Approval
    changes: tuple[Changed, ...]
    agreed: tuple[Vote, ...]


def replaced_by(approvals: Sequence[Approval], this: Approval) -> Replaced | None:
    """The request of the same case that a change ended, or that was sent back and asked anew, before this one was made;
    None where this is no such.

    A request that somebody rejected or let lapse is another matter and is not compared.
    """
    # The event that ends a request asks the next, at one and the same instant.
    over = [
        (a.decided_at, a.requested_at, a)
        for a in approvals
        if a.approval != this.approval and a.decided_at is not None and a.decided_at <= this.requested_at
    ]
    last = max(over, key=lambda each: each[:2])[2] if over else None
    if last is None or last.status not in ("voided", "edited", "returned"):
        return None
    return Replaced(last, differences(last, this), tuple(v for v in last.votes if v.outcome in ("approve", "carried")))


def differences(before: Approval, after: Approval) -> tuple[Changed, ...]:
    """Stake, exceptions and every value of the summaries that differ, in the order in which they stand."""
    old = {"stake": before.stake, "exceptions": list(before.exceptions), **before.summary}
    new = {"stake": after.stake, "exceptions": list(after.exceptions), **after.summary}
    found: list[Changed] = []
    _compare("", old, new, found)
    return tuple(found[:MOST])


def _compare(path: str, old: object, new: object, found: list[Changed]) -> None:
    if len(found) >= MOST:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            place = f"{path}.{key}" if path else str(key)
            _compare(place, old.get(key, _MISSING), new.get(key, _MISSING), found)
    elif _is_list(old) and _is_list(new):
        _compare_lists(path, _named(old), _named(new), found)
    elif not _same(old, new):
        _differ(path, old, new, found)


def _compare_lists(path: str, old: Mapping[str, object], new: Mapping[str, object], found: list[Changed]) -> None:
    for name in dict.fromkeys((*old, *new)):
        _compare(f"{path}[{name}]", old.get(name, _MISSING), new.get(name, _MISSING), found)


def _differ(path: str, old: object, new: object, found: list[Changed]) -> None:
    found.append(Changed(path, _text(old), _text(new)))


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _named(items: object) -> dict[str, object]:
    """The items of a list by what tells them apart; plain ones by themselves."""
    assert isinstance(items, Sequence)
    found: dict[str, object] = {}
    for place, item in enumerate(items, 1):
        name = str(item) if not isinstance(item, Mapping) else _name_of(item) or str(place)
        found[name if name not in found else f"{name}#{place}"] = item
    return found


def _name_of(item: Mapping[str, object]) -> str:
    parts = [str(item[key]) for key in _NAMES if item.get(key) is not None]
    return " ".join(parts[:1])


def _same(old: object, new: object) -> bool:
    if old is _MISSING or new is _MISSING:
        return old is new
    if old == new:
        return True
    # One may come from storage, where numbers and instants are text.
    if isinstance(old, bool) or isinstance(new, bool) or old is None or new is None:
        return False
    try:
        return Decimal(str(old)) == Decimal(str(new))
    except InvalidOperation:
        return _text(old) == _text(new)


def _text(value: object) -> str | None:
    if value is _MISSING or value is None:
        return None
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(part)}" for key, part in value.items() if part not in (None, "", []))
    if _is_list(value):
        assert isinstance(value, Sequence)
        return ", ".join(str(_text(part)) for part in value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
