"""What a finished backtest says in a sentence and a few facts, attached to the versions that were tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import Figure, Phrase, counted, figure, phrase
from headgate.policy.backtest.runs import Run
from headgate.policy.evidence import attach_evidence
from headgate.policy.service import PolicyService

KIND = "backtest"
_OPEN = frozenset({"draft", "in_review", "approved"})


def headline(result: Mapping[str, Any], place: int) -> Phrase:
    """The finding about a candidate (from 0), in one sentence."""
    of, read = result["candidates"][place], result["read"]
    counts = of["decisions"]
    if not read["decisions"]:
        return phrase("Nothing was decided in this period")
    compared = read["decisions"] - read["followed_approval"] - read["unreadable"]
    amount, untold = Decimal(of["flipped"]["amount"]), counts["undecidable"] + counts["unanswered"]
    values = {
        "flipped": figure(counts["flipped"]),
        "compared": figure(compared),
        "amount": Figure(f"{amount:,.2f} {result['currency']}", amount, result["currency"]),
        "untold": figure(untold),
    }
    if counts["flipped"]:
        return _flips(compared, bool(amount), bool(untold), values)
    if untold:
        return counted(
            "Nothing flips: %(compared)s decision would have come out the same; %(untold)s cannot be told",
            "Nothing flips: %(compared)s decisions would have come out the same; %(untold)s cannot be told",
            compared,
            **values,
        )
    return counted(
        "Nothing flips: %(compared)s decision would have come out the same",
        "Nothing flips: %(compared)s decisions would have come out the same",
        compared,
        **values,
    )


def _flips(compared: int, worth: bool, untold: bool, values: Mapping[str, object]) -> Phrase:
    """How many come out otherwise: a sentence of its own for each, as other languages put their parts elsewhere."""
    if worth and untold:
        return counted(
            "%(flipped)s of %(compared)s decision would have come out otherwise, %(amount)s in all;"
            " %(untold)s cannot be told",
            "%(flipped)s of %(compared)s decisions would have come out otherwise, %(amount)s in all;"
            " %(untold)s cannot be told",
            compared,
            **values,
        )
    if worth:
        return counted(
            "%(flipped)s of %(compared)s decision would have come out otherwise, %(amount)s in all",
            "%(flipped)s of %(compared)s decisions would have come out otherwise, %(amount)s in all",
            compared,
            **values,
        )
    if untold:
        return counted(
            "%(flipped)s of %(compared)s decision would have come out otherwise; %(untold)s cannot be told",
            "%(flipped)s of %(compared)s decisions would have come out otherwise; %(untold)s cannot be told",
            compared,
            **values,
        )
    return counted(
        "%(flipped)s of %(compared)s decision would have come out otherwise",
        "%(flipped)s of %(compared)s decisions would have come out otherwise",
        compared,
        **values,
    )


def facts(result: Mapping[str, Any], place: int) -> list[dict[str, str]]:
    """The figures a reviewer looks for first."""
    of = result["candidates"][place]
    straight, counts = of["straight"], of["decisions"]
    found = [
        {"label": "Flip to something stricter", "value": f"{of['flipped']['stricter']:,}"},
        {"label": "Flip to something looser", "value": f"{of['flipped']['looser']:,}"},
    ]
    if straight["before_pct"] is not None:
        found.append({"label": "Straight through", "value": f"{straight['before_pct']} % → {straight['after_pct']} %"})
    found += [
        {"label": f"Approvals by {load['role'].replace('_', ' ')}", "value": f"{load['before']:,} → {load['after']:,}"}
        for load in of["load"][:8]
    ]
    if counts["undecidable"]:
        found.append({"label": "Not decidable", "value": f"{counts['undecidable']:,}"})
    if counts["unanswered"]:
        found.append({"label": "Without an answer", "value": f"{counts['unanswered']:,}"})
    if result["baseline"]["differing"]:
        found.append({"label": "Records not reproduced", "value": f"{result['baseline']['differing']:,}"})
    return found


def attach(conn: Connection, ctx: Context, policies: PolicyService, run: Run, result: Mapping[str, Any]) -> None:
    """Put the finding beside every tried version that is still to be decided about and has the text that was tried."""
    if not result["read"]["decisions"]:
        return  # a period in which nothing was decided says nothing about a version
    by = replace(ctx, principal=Principal(run.requested_by, "person"))
    for place, candidate in enumerate(run.candidates):
        if candidate.source != "version":
            continue
        try:
            stored = policies.get(conn, run.policy, candidate.version)
        except NotFound:
            continue
        if stored.status not in _OPEN or stored.digest != candidate.digest:
            continue
        content = {
            "title": f"Tried on {run.first:%-d %b %Y} to {run.last:%-d %b %Y}",
            "summary": str(headline(result, place)),
            "facts": facts(result, place),
            "href": f"/backtests/{run.run}?candidate={place + 1}",
            "run": str(run.run),
            "digest": run.digest,
            "read": result["read"]["digest"],
        }
        attach_evidence(conn, by, run.policy, candidate.version, KIND, content)
