"""What an evaluation says: outcome, the rows that made it, the facts it saw, and why, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from headgate.kernel.canonical import canonical_text


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One policy applied to one set of facts. Pure: the same version and inputs give the same bytes, always.

    `digest` is the policy text's SHA-256 (hex). `rows` are the matched rows in the order they count (`default` for the default).
    `inputs` are the declared inputs as understood; numbers are `Decimal` without trailing zeros. `outputs` of a COLLECT policy is
    `{"list": [...]}` plus one entry per aggregated output. Results are shared through a cache: treat the dicts as read-only.
    """

    policy: str
    version: int
    digest: str
    hit: str
    rows: tuple[str, ...]
    inputs: dict[str, object]
    outputs: dict[str, Any]
    reasons: tuple[str, ...]
    clauses: tuple[str, ...]
    _text: list[str] = field(default_factory=list, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers as strings, dates as ISO text."""
        return {
            "policy": self.policy,
            "version": self.version,
            "digest": self.digest,
            "hit": self.hit,
            "rows": list(self.rows),
            "inputs": plain_json(self.inputs),
            "outputs": plain_json(self.outputs),
            "reasons": list(self.reasons),
            "clauses": list(self.clauses),
        }

    def as_text(self) -> str:
        """The canonical JSON text of `as_json`, made once."""
        if not self._text:
            self._text.append(canonical_text(self.as_json()))
        return self._text[0]


def plain_json(value: object) -> Any:
    """A policy value as JSON: Decimals as plain strings, dates as ISO text, tuples as lists."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: plain_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    return value


def shown(value: object) -> str:
    """A fact as a sentence shows it."""
    if value is True or value is False:
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
