"""Why a decision flips: what each changed evaluation said then, and what it would say now, with rows and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import Connection

from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import Invalid
from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.runs import KeptFlip
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.missed import Missed, rows_missed
from headgate.policy.decisions import Decision, decision_get


@dataclass(frozen=True, slots=True)
class Said:
    """What a version says to the facts, as JSON values."""

    version: int
    rows: tuple[str, ...]
    outputs: Mapping[str, Any]
    reasons: tuple[str, ...]
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One evaluation that changed. `product` is the line's, where it was about one; `missed` are the rows of the
    candidate that did not apply and why."""

    product: str
    facts: Mapping[str, Any]
    then: Said
    now: Said
    missed: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class Drilled:
    """A flip with its evaluations on both sides."""

    flip: KeptFlip
    decision: Decision
    pairs: tuple[Pair, ...]


def drill(
    conn: Connection,
    policy: str,
    flip: KeptFlip,
    candidate: CompiledPolicy,
    lens: Lens,
    then: Mapping[int, CompiledPolicy],
) -> Drilled:
    """Both sides of a flip. `then` are the versions by number, for the reasons of what was said. Raises `NotFound`."""
    decision = decision_get(conn, flip.decision)
    record = orjson.loads(decision.record)
    products = lens.about(lens.opened(record)).products
    pairs = []
    for asked in lens.asked(record, policy):
        facts = dict(zip(asked.names, asked.values, strict=True))
        now = _said(candidate, facts)
        if now is None or now.outputs == asked.outputs:
            continue
        old = then.get(asked.version)
        again = _said(old, facts) if old is not None else None
        recorded = Said(
            asked.version,
            tuple(asked.rows),
            asked.outputs,
            again.reasons if again is not None and list(again.rows) == list(asked.rows) else (),
            again.clauses if again is not None else (),
        )
        product = products.get(asked.place, ("", None))[0]
        pairs.append(Pair(product, facts, recorded, now, tuple(_missed(candidate, facts))))
    return Drilled(flip, decision, tuple(pairs))


def _said(table: CompiledPolicy, facts: Mapping[str, Any]) -> Said | None:
    try:
        found = table.evaluate(facts)
    except Invalid:
        return None
    return Said(table.version, tuple(found.rows), as_plain(found.outputs), tuple(found.reasons), tuple(found.clauses))


def _missed(table: CompiledPolicy, facts: Mapping[str, Any]) -> Sequence[Missed]:
    return rows_missed(table, facts)[:20]
