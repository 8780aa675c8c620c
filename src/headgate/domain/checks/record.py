"""The text that is kept of a decision on an order: all that was weighed, as tables (`kernel.tabular`).

Fields are named once and not once per line and check, which takes a third of the room and of the time. `tabular.expand`
of the parsed text is `OrderVerdict.as_json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from headgate.domain.checks.combine import Checked
from headgate.domain.checks.facts import PolicyRef
from headgate.domain.checks.govern import OrderVerdict
from headgate.domain.checks.prepared import PricedLine
from headgate.domain.credit import CreditResult
from headgate.domain.pricing import ROUNDING_WORDS, PriceTrace
from headgate.domain.stock import LineAllocation
from headgate.domain.tax import TaxSnapshot
from headgate.kernel.canonical import Verbatim, canonical_text, verbatim

_NOTES = verbatim({"evaluation": None, "policy": ""})
_NOTE_COLUMNS = verbatim(["check", "detail", "exception", "line", "outcome", "waived"])
_CANDIDATES = ["agreement", "code", "kind", "method", "reason", "revision", "term", "unit_price", "verdict"]
_LINES = verbatim(
    [
        "line", "product", "quantity", "unit_price", "amount", "contract_price", "deviation_pct", "cost", "margin",
        "margin_pct", "tax", "trace.winner", "trace.agreement", "trace.method", "trace.amount", "trace.tie",
        ["trace.candidates", _CANDIDATES], ["trace.bands", ["from", "quantity", "unit_price"]], "trace.rates",
    ]
)  # fmt: skip
_LINES_SAME = verbatim({"trace.product": "product", "trace.quantity": "quantity", "trace.unit_price": "contract_price"})
_ADDENDS = verbatim(["label", "amount"])
_AGEING = verbatim(["bucket", "amount"])
_TAX = verbatim(["line", "tax_class", "jurisdiction", "rate", "amount", "tax", "certificate"])
_ALLOCATION = verbatim(["line", "product", "quantity", "back_order", "stocked", ["picks", ["warehouse", "quantity"]]])
_policy_of = attrgetter("finding.policy")


def record_text(verdict: OrderVerdict) -> str:
    """The canonical JSON text to keep of a verdict."""
    return canonical_text(
        {
            "allocation": {"$columns": _ALLOCATION, "$rows": [_allocated(line) for line in verdict.allocation]},
            "checks": {"$tables": _checks(verdict.checked)},
            "credit": _credit(verdict.credit),
            "exceptions": [found.as_json() for found in verdict.exceptions],
            "lines": _lines(verdict.lines),
            "naming": None if verdict.naming is None else verdict.naming.as_values(),
            "outcome": verdict.outcome,
            "release": verdict.release.as_values(),
            "stake": verdict.stake,
            "tax": _tax(verdict.tax),
            "totals": verdict.totals.as_values(),
        }
    )


def _checks(checked: Sequence[Checked]) -> list[dict[str, Any]]:
    """One table per run of findings that one policy, or none, was asked about."""
    found = []
    for policy, items in groupby(checked, _policy_of):
        if not policy:
            found.append(_noted(items))
            continue
        asked = list(items)
        if any(map(_absent, asked)):
            found += [_decided(list(alike), absent) for absent, alike in groupby(asked, lambda i: bool(_absent(i)))]
        else:
            found.append(_decided(asked))
    return found


def _absent(item: Checked) -> Sequence[str]:
    """The inputs that were not given, so that a default stood in."""
    return getattr(item.verdict, "defaulted", ())


def _noted(items: Any) -> dict[str, Any]:
    rows = [[f.check, f.detail, exception, f.line, outcome, waived] for f, outcome, exception, waived, _ in items]
    return {"$always": _NOTES, "$columns": _NOTE_COLUMNS, "$rows": rows}


def _decided(items: list[Checked], absent: bool = False) -> dict[str, Any]:
    rows = []
    for f, outcome, exception, waived, verdict in items:
        assert verdict is not None
        rows.append(
            [
                f.check,
                f.line,
                f.detail,
                outcome,
                exception,
                waived,
                verdict.rows,
                verdict.outputs,
                verdict.reasons,
                verdict.clauses,
                *verdict.inputs.values(),
            ]
        )
    first = items[0].verdict
    assert first is not None
    # A chained policy's evaluation also says where its inputs come from, and what was decided there.
    sources: Mapping[str, str] = getattr(first.ref, "sources", {})
    if sources:
        linked = [item.verdict.as_values() for item in items if item.verdict is not None]
        rows = [[*row, sources, each["links"]] for row, each in zip(rows, linked, strict=True)]
    more: tuple[str, ...] = ("from", "links") if sources else ()
    if absent:
        rows = [[*row, _absent(item)] for row, item in zip(rows, items, strict=True)]
        more = (*more, "defaulted")
    always, columns = _head(items[0].finding.policy, first.ref, tuple(first.inputs), more)
    return {"$always": always, "$columns": columns, "$rows": rows}


@lru_cache(maxsize=256)
def _head(policy: str, ref: PolicyRef, inputs: tuple[str, ...], more: tuple[str, ...]) -> tuple[Verbatim, Verbatim]:
    """What a policy version says of itself in every evaluation, and the columns of what differs."""
    text = {"policy": ref.policy, "version": ref.version, "digest": ref.digest, "hit": ref.hit}
    always = {"policy": policy, **{f"evaluation.{name}": value for name, value in text.items()}}
    columns = ["check", "line", "detail", "outcome", "exception", "waived"]
    parts = ["rows", "outputs", "reasons", "clauses", *(f"inputs.{name}" for name in inputs), *more]
    return verbatim(always), verbatim([*columns, *(f"evaluation.{part}" for part in parts)])


def _lines(lines: Sequence[PricedLine]) -> dict[str, Any]:
    """The lines of one order were priced for one partner, in one currency, at one instant."""
    trace = lines[0].trace
    always = {
        "trace.as_known": trace.as_known,
        "trace.at": trace.at,
        "trace.currency": trace.currency,
        "trace.partner": trace.partner,
        "trace.rounding": ROUNDING_WORDS,
    }
    return {"$always": always, "$columns": _LINES, "$rows": [_line(line) for line in lines], "$same": _LINES_SAME}


def _line(priced: PricedLine) -> list[object]:
    line, trace = priced.line, priced.trace
    winner = trace.winner
    return [
        line.line,
        line.product,
        line.quantity,
        line.unit_price,
        priced.amount,
        priced.contract_price,
        priced.deviation_pct,
        priced.cost,
        priced.margin,
        priced.margin_pct,
        priced.tax,
        None if winner is None else winner.name,
        None if winner is None else winner.agreement,
        trace.method,
        trace.amount,
        trace.tie,
        _candidates(trace),
        trace.bands,
        [rate.as_json() for rate in trace.rates],
    ]


def _candidates(trace: PriceTrace) -> list[list[object]]:
    return [
        [t.agreement, t.code, t.kind, t.method, reason, t.revision, t.term, unit_price, verdict]
        for t, unit_price, verdict, reason in trace.candidates
    ]


def _allocated(line: LineAllocation) -> list[object]:
    picks = [[pick.warehouse, pick.quantity] for pick in line.picks]
    return [line.line, line.product, line.quantity, line.back_order, line.stocked, picks]


def _credit(credit: CreditResult) -> dict[str, object]:
    return {
        **credit.as_values(),
        "levels": [
            {**level.as_values(), "addends": {"$columns": _ADDENDS, "$rows": level.addends}} for level in credit.levels
        ],
        "ageing": {"$columns": _AGEING, "$rows": credit.ageing},
    }


def _tax(tax: TaxSnapshot) -> dict[str, object]:
    return {**tax.as_values(), "lines": {"$columns": _TAX, "$rows": [list(line) for line in tax.lines]}}


__all__ = ["record_text"]
