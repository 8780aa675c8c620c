"""What a finished pass says, as plain JSON: counts as integers, amounts and shares as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from headgate.kernel.canonical import decimal_text
from headgate.policy.backtest.core.replay import Replay, Seen
from headgate.policy.backtest.core.tally import BANDS, MOST_GROUPS, Tally, told

_TENTH = Decimal("0.1")
_HUNDRED = Decimal(100)


def result_of(replay: Replay, months: Sequence[str], currency: str, notes: Sequence[str]) -> dict[str, Any]:
    """The whole result. Shares are in percent with one decimal, half up."""
    seen = replay.seen
    return {
        "currency": currency,
        "rounding": "amounts are those of the decisions, rounded half up to the minor unit there, and added exactly",
        "notes": list(notes),
        "read": {
            "decisions": seen.decisions,
            "asked": seen.asked,
            "evaluations": seen.evaluations,
            "followed_approval": seen.followed,
            "unreadable": seen.unreadable,
            "subjects": len(seen.subjects),
            "digest": replay.read_digest,
            "versions": [{"version": v, "evaluations": n} for v, n in sorted(seen.versions.items())],
        },
        "baseline": {
            "evaluations": seen.evaluations,
            "reproduced": seen.evaluations - seen.differing,
            "differing": seen.differing,
            "examples": list(seen.examples),
        },
        "candidates": [_candidate(tally, seen, months) for tally in replay.tallies],
    }


def _candidate(tally: Tally, seen: Seen, months: Sequence[str]) -> dict[str, Any]:
    return {
        "decisions": {
            "same": tally.same,
            "flipped": tally.flipped,
            "rerouted": tally.rerouted,
            "inner": tally.inner,
            "undecidable": tally.undecidable,
            "unanswered": tally.unanswered,
        },
        "evaluations": {
            "changed": tally.evaluations_changed,
            "undecidable": tally.evaluations_undecidable,
            "unanswered": tally.evaluations_unanswered,
        },
        "flipped": tally.total.as_json(),
        "transitions": [
            {"before": before, "after": after, **group.as_json()}
            for (before, after), group in sorted(tally.transitions.items(), key=lambda i: (-i[1].decisions, i[0]))
        ],
        "rows": [
            {"before": before, "after": after, "evaluations": count}
            for (before, after), count in sorted(tally.rows.items(), key=lambda i: (-i[1], i[0]))[:MOST_GROUPS]
        ],
        "partners": told(tally.partners, "partner"),
        "products": told(tally.products, "product"),
        "months": [{"month": m, "read": seen.months[m], **_group(tally.months, m)} for m in months if seen.months[m]],
        "bands": [{"band": _band_name(b), **group.as_json()} for b, group in sorted(tally.bands.items())],
        "lacking": dict(sorted(tally.lacking.items(), key=lambda i: (-i[1], i[0]))[:MOST_GROUPS]),
        "refusals": dict(sorted(tally.refusals.items(), key=lambda i: (-i[1], i[0]))),
        "examples": [{"decision": decision, "why": why} for decision, why in tally.examples],
        "straight": straight(tally, seen),
        "load": [
            {
                "role": role,
                "before": load.before,
                "after": load.after,
                "before_stake": decimal_text(load.before_stake),
                "after_stake": decimal_text(load.after_stake),
            }
            for role, load in sorted(tally.loads.items())
        ],
        "flips_kept": len(tally.flips),
        "flips": tally.flipped + tally.rerouted + tally.inner,
    }


def _group(groups: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = groups.get(name)
    return found.as_json() if found is not None else {}


def _band_name(band: int) -> str:
    """`0-100`, `100-1000`, … `100000-`, or empty where no amount is known."""
    if band < 0:
        return ""
    edges = ("0", *(f"{limit:f}" for limit in BANDS), "")
    return f"{edges[band]}-{edges[band + 1]}"


def straight(tally: Tally, seen: Seen) -> dict[str, Any]:
    """Subjects of which no decision was held, then and under the candidate, among those of which both can be told."""
    count = len(seen.subjects - tally.unknown)
    before = count - len(seen.held - tally.unknown)
    after = count - len(tally.held_after - tally.unknown)
    return {
        "subjects": count,
        "unknown": len(tally.unknown),
        "before": before,
        "after": after,
        "before_pct": _pct(before, count),
        "after_pct": _pct(after, count),
    }


def _pct(part: int, whole: int) -> str | None:
    return decimal_text((Decimal(part) * _HUNDRED / whole).quantize(_TENTH, ROUND_HALF_UP)) if whole else None
