"""What policies said at an instant, each group of facts that no table tells apart answered only once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from headgate.policy.backtest.core.lens import Judge
from headgate.policy.backtest.core.matcher import Answer, Matcher
from headgate.policy.core.compile import CompiledPolicy


class Shelf(Protocol):
    """The policies of a tenant as they stood."""

    def version(self, policy: str, version: int) -> CompiledPolicy | None:
        """One version, whatever became of it."""
        ...

    def in_force(self, policy: str, at: datetime) -> CompiledPolicy | None:
        """The version that decided at an instant."""
        ...


class Bench:
    """Judges for the decisions of a pass. Facts are JSON values, numbers as text."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._matchers: dict[tuple[str, str, tuple[str, ...]], Matcher] = {}

    def judge(self, at: datetime, instead: CompiledPolicy | None = None) -> Judge:
        """Asks the versions that stood at an instant, and `instead` for its own policy."""

        def judged(policy: str, facts: Mapping[str, Any]) -> Answer:
            if instead is not None and instead.table.policy == policy:
                return self._answer(instead, facts)
            table = self._shelf.in_force(policy, at)
            return Answer(missing=(f"a version of {policy} in force",)) if table is None else self._answer(table, facts)

        return judged

    def _answer(self, table: CompiledPolicy, facts: Mapping[str, Any]) -> Answer:
        names = tuple(facts)
        key = (table.table.policy, table.table.digest, names)
        matcher = self._matchers.get(key)
        if matcher is None:
            matcher = self._matchers[key] = Matcher([table], names)
        return matcher.answers(tuple(facts.values()))[0]
