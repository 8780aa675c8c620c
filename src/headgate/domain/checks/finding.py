"""What a check says: typed inputs for the policy tables, and plain words for people. A check never decides."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

ZERO = Decimal(0)
_NOTHING: Mapping[str, object] = MappingProxyType({})
_NO_STAKES: Mapping[str, Decimal] = MappingProxyType({})


class Finding(NamedTuple):
    """One observation about an order, or about one of its lines.

    Either `policy` names the table that decides over `inputs`, or the finding speaks through `signals`: inputs it sets
    for the final table `order_release`, with `exception` as the type it stands for when something is wrong. A finding
    with neither is information. `waivable` is False where no approval may set it aside.

    `stake` is the money at stake in the tenant's currency; `stakes` gives it per exception type where that differs.
    When the policy answers with a `floor_pct`, the stake is (floor - `measured_pct`) x `per_point` instead.
    """

    check: str
    detail: str
    line: str | None = None
    policy: str = ""
    inputs: Mapping[str, object] = _NOTHING
    signals: Mapping[str, object] = _NOTHING
    exception: str = ""
    waivable: bool = True
    stake: Decimal = ZERO
    stakes: Mapping[str, Decimal] = _NO_STAKES
    measured_pct: Decimal = ZERO
    per_point: Decimal = ZERO
