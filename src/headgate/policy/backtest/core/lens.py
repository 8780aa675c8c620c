"""How recorded decisions are read: which evaluations they hold, what they were about, and what would have come of them.

Decisions that weigh several policies, such as those on orders, bring a lens of their own; wiring hands it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from headgate.policy.backtest.core.matcher import Answer

# A policy by name over facts by name, as it stood when the decision was made.
Judge = Callable[[str, Mapping[str, Any]], Answer]


class Undecidable(Exception):
    """What came of a decision cannot be told; the message names what was not recorded."""


class Asked(NamedTuple):
    """One recorded evaluation. `place` finds it within its decision; `values` follow `names`, as JSON."""

    place: int
    version: int
    names: tuple[str, ...]
    values: Sequence[Any]
    rows: Sequence[str]
    outputs: Mapping[str, Any]


class About(NamedTuple):
    """What a decision was about. Amounts are in the tenant's currency, None where the record has none; `products` gives
    product and amount by an evaluation's place."""

    partner: str = ""
    amount: Decimal | None = None
    margin: Decimal | None = None
    products: Mapping[int, tuple[str, Decimal]] = {}


class Effect(NamedTuple):
    """What came of a decision. `held`: it waited for a person or was refused. `steps` are the approvals asked for as
    (level, role); `stake` is in the tenant's currency."""

    outcome: str
    held: bool = False
    steps: tuple[tuple[int, str], ...] = ()
    stake: Decimal = Decimal(0)


class Lens(Protocol):
    """Reads the decisions of some policies."""

    @property
    def note(self) -> str:
        """What is weighed again and what is taken as recorded, in one sentence."""
        ...

    @property
    def edition(self) -> int:
        """Counts up whenever records are read in another way, so that what was kept of them is made anew."""
        ...

    def peek(self, text: bytes, policy: str) -> Sequence[Asked] | None:
        """The evaluations of a policy out of the record's text without reading all of it; places do not count here.
        None where the whole has to be read, and always for a decision that followed an approval."""
        ...

    def asked(self, record: Any, policy: str) -> Sequence[Asked]:
        """The evaluations of a policy within a record (JSON, as parsed)."""
        ...

    def stops(self, record: Any, outcome: str) -> bool:
        """Whether a decision with this recorded outcome waited for a person or was refused."""
        ...

    def followed(self, record: Any) -> bool:
        """Whether the decision followed an approval, which would have covered what it found."""
        ...

    def opened(self, record: Any) -> Any:
        """The record as the following want it, so that it is made ready once."""
        ...

    def about(self, opened: Any) -> About:
        """What the decision was about."""
        ...

    def recorded(self, opened: Any, outcome: str, judge: Judge) -> Effect:
        """What came of it then. Raises `Undecidable`."""
        ...

    def again(self, opened: Any, policy: str, answers: Mapping[int, Answer], judge: Judge) -> Effect:
        """What would have come of it with these answers in place of the recorded ones. Raises `Undecidable`."""
        ...
