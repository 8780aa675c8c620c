"""Reading the final table: one outcome and the exceptions it counts, whichever hit policy a tenant gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SEVERITY = {"release": 0, "flag": 1, "hold": 2, "reject": 3}


class Reading(NamedTuple):
    """What the final table says. `complete`: its names are all that counts; otherwise everything that was found
    counts."""

    outcome: str
    named: tuple[str, ...]
    complete: bool


def read_release(outputs: Mapping[str, Any], set_aside: frozenset[str] = frozenset()) -> Reading:
    """Outcome and exception types from the outputs of `order_release`.

    A collecting table gives a `list` of rows: the severest outcome stands and the rows' exceptions are complete. A
    table of one row gives `outcome`, with a complete list `exceptions` or with one `exception` or none, beside which
    all that were found count. Rows for an exception in `set_aside` (approved, and found by no check) are passed over.
    An outcome that is not known is taken as hold.
    """
    rows = outputs.get("list")
    if isinstance(rows, (list, tuple)):
        counted = [row for row in rows if row.get("exception", "") not in set_aside]
        outcome = max((_known(row.get("outcome")) for row in counted), key=SEVERITY.__getitem__, default="release")
        return Reading(outcome, _names(row.get("exception") for row in counted), True)
    outcome = _known(outputs.get("outcome"))
    listed = outputs.get("exceptions")
    if isinstance(listed, (list, tuple)) and listed:
        named = tuple(name for name in _names(listed) if name not in set_aside)
        return Reading(outcome if named else "release", named, True)
    one = outputs.get("exception")
    if one and one in set_aside:
        return Reading("release", (), False)
    return Reading(outcome, _names([one]), False)


def _known(outcome: object) -> str:
    if outcome == "pass":
        return "release"
    return outcome if isinstance(outcome, str) and outcome in SEVERITY else "hold"


def _names(raw: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(name) for name in raw if name))
