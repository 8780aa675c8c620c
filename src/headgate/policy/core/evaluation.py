"""What an evaluation says: outcome, the rows that made it, the facts it saw, and why, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from headgate.kernel.canonical import as_plain, canonical_text, duration_text, instant_text
from headgate.kernel.errors import shorten
from headgate.kernel.months import Months, months_text, months_words
from headgate.policy.core.model import Moment


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Which text decided: name, version, SHA-256 (hex) of the text, hit policy.

    `sources` says of each chained input which output of which policy it is.
    """

    policy: str
    version: int
    digest: str
    hit: str
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Matched:
    """A row as an evaluation refers to it. The reason is `texts` with the inputs called `names` between them."""

    id: str
    texts: tuple[str, ...]
    names: tuple[str, ...]
    clause: str
    # As an evaluation with this row alone gives them; no reason where it depends on the facts.
    ids: tuple[str, ...] = field(init=False, compare=False, repr=False)
    clauses: tuple[str, ...] = field(init=False, compare=False, repr=False)
    reasons: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", (self.id,))
        object.__setattr__(self, "clauses", (self.clause,) if self.clause else ())
        object.__setattr__(self, "reasons", () if self.names else (self.texts[0],))

    def reason(self, inputs: Mapping[str, object]) -> str:
        """The row's reason for these facts, each shown fact cut to 80 characters."""
        if not self.names:
            return self.texts[0]
        told = self.texts[0]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            value = inputs[name]
            # Nearly always a number, and one without an exponent is never too long: it has at most 60 digits.
            fact = str(value) if type(value) is Decimal else "E"
            told += (fact if "E" not in fact else shorten(shown(value))) + text
        return told


class Evaluation(NamedTuple):
    """One policy applied to one set of facts. Pure: the same version and inputs give the same bytes, always.

    `inputs` are the declared inputs as understood; numbers are `Decimal` without trailing zeros. `outputs` of a
    COLLECT, RULE ORDER or OUTPUT ORDER policy is `{"list": [...]}`, under COLLECT plus one entry per aggregated output,
    or `count`. `links` are the evaluations that chained inputs come from, also those behind them, each once and in the
    order in which they were made. `defaulted` names the inputs that were not given and for which the default of their
    column stood in. Results are shared through a cache: treat the dicts as read-only.
    """

    ref: PolicyRef
    matched: tuple[Matched, ...]
    inputs: dict[str, object]
    outputs: dict[str, Any]
    links: tuple[Evaluation, ...] = ()
    defaulted: tuple[str, ...] = ()

    @property
    def policy(self) -> str:
        """The policy's name."""
        return self.ref.policy

    @property
    def version(self) -> int:
        """The policy's version."""
        return self.ref.version

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the policy text."""
        return self.ref.digest

    @property
    def hit(self) -> str:
        """The hit policy, such as first or collect."""
        return self.ref.hit

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows that count, in their order (`default` for the default; none when a list stayed empty)."""
        matched = self.matched
        return matched[0].ids if len(matched) == 1 else tuple([m.id for m in matched])

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in plain words, one per row."""
        matched = self.matched
        if len(matched) == 1:
            return matched[0].reasons or (matched[0].reason(self.inputs),)
        return tuple([m.reason(self.inputs) for m in matched])

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that the rows stand on, where given."""
        matched = self.matched
        return matched[0].clauses if len(matched) == 1 else tuple([m.clause for m in matched if m.clause])

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers as strings (integers of outputs as integers), dates as ISO text."""
        found: dict[str, Any] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, Any]:
        """What `as_json` says with the values as they are, for canonical JSON, which writes them in the same way."""
        ref = self.ref
        found = {
            "policy": ref.policy,
            "version": ref.version,
            "digest": ref.digest,
            "hit": ref.hit,
            "rows": self.rows,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "reasons": self.reasons,
            "clauses": self.clauses,
        }
        if ref.sources:
            found["from"] = dict(ref.sources)
        if self.defaulted:
            found["defaulted"] = self.defaulted
        if self.links:
            found["links"] = [link.as_values() for link in self.links]
        return found

    def as_text(self) -> str:
        """The canonical JSON text of `as_json`."""
        return canonical_text(self.as_values())


def plain_json(value: object) -> Any:
    """A policy value as JSON: Decimals as plain strings, dates as ISO text, tuples as lists."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {k: plain_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    if isinstance(value, Moment):
        return time_text(value)
    return value


def time_text(value: Moment) -> str:
    """A date, instant or duration as ISO 8601 text, instants in UTC."""
    if isinstance(value, Months):
        return months_text(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    return instant_text(value) if isinstance(value, datetime) else value.isoformat()


def plain_number(value: Decimal) -> str:
    """A number without an exponent."""
    text = str(value)
    return text if "E" not in text else format(value, "f")


def shown(value: object) -> str:
    """A fact as a sentence shows it."""
    if type(value) is str:
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if value is True or value is False:
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if isinstance(value, Months):
        return months_words(value)
    if isinstance(value, Moment):
        return time_text(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
