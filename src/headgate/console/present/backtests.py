"""Backtests as pages show them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from headgate.console import urls
from headgate.console.present.evaluations import fact, listed, readable
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.backtests import (
    BacktestRow,
    BacktestView,
    Choice,
    Compared,
    FlipRow,
    FlipView,
    Found,
    Hit,
    Lack,
    LoadRow,
    PairRow,
    Side,
    Turn,
)
from headgate.console.views.common import AppliedFilter, Fact, Tab
from headgate.kernel.phrases import joined, phrase, worded
from headgate.policy import CompiledPolicy, PolicyVersion
from headgate.policy.backtest import Drilled, KeptFlip, Pair, Run, Said, headline, last_quarter
from headgate.policy.core.evaluation import plain_json
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

MOST_BARS = 8
# How a pass names facts that a policy behind the tried one has not got.
_READ_BY = re.compile(r"(?P<facts>.+) \(read by (?P<policy>\w+)\)")
_FILTERS = {"partner": phrase("Partner"), "product": phrase("Product"), "kind": phrase("Flips")}
_KINDS = {
    "outcome": phrase("Outcome"),
    "approvals": phrase("Others would be asked"),
    "inner": phrase("Same outcome, another answer on the way"),
}
# What a decision was about and leads to.
_SUBJECTS = {
    "order": (urls.order, phrase("Open the order")),
    "deal": (urls.deal, phrase("Open the deal")),
}
_ORDER = {"draft": 0, "in_review": 1, "approved": 2}


def rows(runs: Sequence[Run], results: Mapping[Any, Mapping[str, Any]], names: Names) -> tuple[BacktestRow, ...]:
    """The list; `results` by run, of those that are done."""
    return tuple(
        BacktestRow(
            run=run.run,
            policy=run.policy,
            title=worded(run.candidates[0].title),
            tried=tuple(worded(c.label) for c in run.candidates),
            first=run.first,
            last=run.last,
            status=run.status,
            decisions=run.done,
            finding=headline(results[run.run], 0) if run.run in results else "",
            by=names.person(run.requested_by),
            at=run.requested_at,
        )
        for run in runs
    )


def choices(versions: Sequence[PolicyVersion], picked: Sequence[int], lens: Lens) -> tuple[Choice, ...]:
    """The versions to pick from: those that are still to be decided about first, then the newest."""
    ranked = sorted(versions, key=lambda v: (_ORDER.get(v.status, 3), -v.version))[:20]
    return tuple(
        Choice(
            v.version,
            worded(v.title),
            {"scheduled": "approved", "superseded": "retired"}.get(s, s),
            v.version in picked,
        )
        for v in ranked
        for s in (v.standing(lens.now),)
    )


def presets(policy: str, today: date, shown: tuple[str, str], picked: Sequence[int]) -> tuple[Tab, ...]:
    """Periods that people ask for; `shown` are the days in the form."""
    first, last = last_quarter(today)
    spans = (
        (phrase("Last quarter"), first, last),
        (phrase("Last 90 days"), today - timedelta(days=89), today),
        (phrase("Last 30 days"), today - timedelta(days=29), today),
        (phrase("Last 12 months"), today - timedelta(days=364), today),
    )
    kept = [("version", str(v)) for v in picked]
    days = [(label, (a.isoformat(), b.isoformat())) for label, a, b in spans]
    return tuple(
        Tab(label, urls.query(urls.backtest_new(policy), [("from", a), ("to", b), *kept]), current=(a, b) == shown)
        for label, (a, b) in days
    )


def view(
    run: Run,
    result: Mapping[str, Any] | None,
    flips: Sequence[KeptFlip],
    *,
    place: int,
    title: str,
    filters: Mapping[str, str],
    more: str,
    names: Names,
    lens: Lens,
    may_cancel: bool,
    tables: Mapping[str, CompiledPolicy],
) -> BacktestView:
    """A run, as far as it is. `tables` are policies by name, for the labels of facts that were not recorded."""
    here, tried = urls.backtest(run.run), run.candidates[place]
    shown = BacktestView(
        run=run.run,
        policy=run.policy,
        title=worded(title),
        first=run.first,
        last=run.last,
        zone=run.zone,
        status=run.status,
        done=run.done,
        total=max(run.total, run.done),
        by=names.person(run.requested_by),
        at=run.requested_at,
        cancelled_by=names.person(run.cancelled_by) if run.cancelled_by else None,
        error=recorded(run.error or ""),
        may_cancel=may_cancel and run.under_way,
        digest=run.digest,
        here=here,
        version_href=urls.policy_version(run.policy, tried.version) if tried.source == "version" else "",
    )
    if result is None:
        return shown
    return replace(
        shown,
        read=result["read"]["digest"],
        evaluations=result["baseline"]["evaluations"],
        differing=result["baseline"]["differing"],
        followed=result["read"]["followed_approval"],
        notes=tuple(recorded(note) for note in result["notes"]),
        candidates=tuple(_compared(run, result, n, place, lens) for n in range(len(run.candidates))),
        found=_found(run, result, flips, place, names, lens, tables),
        filters=_applied(here, place, filters, names),
        more=more,
    )


def _applied(here: str, place: int, filters: Mapping[str, str], names: Names) -> tuple[AppliedFilter, ...]:
    on = {name: value for name, value in filters.items() if value}
    found = []
    for name, value in on.items():
        rest = [(k, v) for k, v in on.items() if k != name]
        partner = names.partner(value) if name == "partner" else None
        said = partner.name if partner is not None else names.product(value) if name == "product" else _KINDS[value]
        without = urls.query(here, [("candidate", str(place + 1)), *rest])
        found.append(AppliedFilter(_FILTERS[name], said, without))
    return tuple(found)


def _compared(run: Run, result: Mapping[str, Any], n: int, place: int, lens: Lens) -> Compared:
    of, candidate = result["candidates"][n], run.candidates[n]
    counts = of["decisions"]
    return Compared(
        label=worded(candidate.label),
        title=worded(candidate.title),
        href=urls.query(urls.backtest(run.run), [("candidate", str(n + 1))]),
        current=n == place,
        flipped=counts["flipped"],
        amount=lens.money(Decimal(of["flipped"]["amount"])),
        straight_before=_share(of["straight"]["before_pct"]),
        straight_after=_share(of["straight"]["after_pct"]),
        approvals_before=sum(load["before"] for load in of["load"]),
        approvals_after=sum(load["after"] for load in of["load"]),
        untold=counts["undecidable"] + counts["unanswered"],
    )


def _share(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _found(
    run: Run,
    result: Mapping[str, Any],
    flips: Sequence[KeptFlip],
    place: int,
    names: Names,
    lens: Lens,
    tables: Mapping[str, CompiledPolicy],
) -> Found:
    of, read = result["candidates"][place], result["read"]
    counts, straight = of["decisions"], of["straight"]
    return Found(
        headline=headline(result, place),
        compared=read["decisions"] - read["followed_approval"] - read["unreadable"],
        flipped=counts["flipped"],
        rerouted=counts["rerouted"],
        inner=counts["inner"],
        stricter=of["flipped"]["stricter"],
        looser=of["flipped"]["looser"],
        undecidable=counts["undecidable"],
        unanswered=counts["unanswered"],
        amount=lens.money(Decimal(of["flipped"]["amount"])),
        margin=lens.money(Decimal(of["flipped"]["margin"])),
        straight_before=_share(straight["before_pct"]),
        straight_after=_share(straight["after_pct"]),
        subjects=straight["subjects"],
        load=tuple(
            LoadRow(
                load["role"],
                load["before"],
                load["after"],
                lens.money(Decimal(load["before_stake"])),
                lens.money(Decimal(load["after_stake"])),
            )
            for load in of["load"]
        ),
        turns=tuple(
            Turn(t["before"], t["after"], t["decisions"], lens.money(Decimal(t["amount"]))) for t in of["transitions"]
        ),
        partners=_hits(of["partners"]["items"], "partner", run, place, names, lens),
        partners_more=max(0, len(of["partners"]["items"]) - MOST_BARS) + of["partners"]["others"]["count"],
        products=_hits(of["products"]["items"], "product", run, place, names, lens),
        months=tuple(
            Hit(_month(m["month"], lens), m.get("decisions", 0), lens.money(Decimal(m.get("amount", "0"))))
            for m in of["months"]
        ),
        bands=tuple(Hit(_band(b["band"], lens), b["decisions"], lens.money(Decimal(b["amount"]))) for b in of["bands"]),
        lacking=tuple(_lack(name, count, run.policy, tables) for name, count in of["lacking"].items()),
        refusals=tuple(Fact(recorded(name), count) for name, count in of["refusals"].items()),
        flips=tuple(flip_row(flip, run, place, names, lens) for flip in flips),
        kept=of["flips_kept"],
        total=of["flips"],
    )


def _lack(name: str, decisions: int, tried: str, tables: Mapping[str, CompiledPolicy]) -> Lack:
    read = _READ_BY.fullmatch(name)
    codes, policy = (read["facts"], read["policy"]) if read else (name, tried)
    facts, table = codes.split(", "), tables.get(policy)
    if not all(code.isidentifier() for code in facts):
        return Lack((), recorded(name), "", decisions)
    inputs = {column.name: column for column in table.table.inputs} if table is not None else {}
    labels = tuple((fact(code, None, inputs.get(code)).label, code) for code in facts)
    title = worded(table.table.title) if table is not None else humanise(policy)
    return Lack(labels, "", title if policy != tried else "", decisions)


def _hits(
    items: Sequence[Mapping[str, Any]], kind: str, run: Run, place: int, names: Names, lens: Lens
) -> tuple[Hit, ...]:
    found = []
    for item in items[:MOST_BARS]:
        code = item[kind]
        partner = names.partner(code) if kind == "partner" else None
        label = partner.name if partner is not None else names.product(code) or phrase("not recorded")
        href = urls.query(urls.backtest(run.run), [("candidate", str(place + 1)), (kind, code)])
        found.append(Hit(label, item["decisions"], lens.money(Decimal(item["amount"])), href))
    return tuple(found)


def _month(name: str, lens: Lens) -> str:
    """A month as the result keeps it, `2026-03`, in words."""
    return lens.fmt.month_of_year(date.fromisoformat(f"{name}-01"))


def _band(name: str, lens: Lens) -> str:
    low, _, high = name.partition("-")
    if not name:
        return phrase("Amount not recorded")
    if not high:
        return phrase("%(low)s or more", low=lens.fmt.money_whole(lens.money(Decimal(low))))
    return phrase(
        "%(low)s to %(high)s",
        low=lens.fmt.money_whole(lens.money(Decimal(low))),
        high=lens.fmt.money_whole(lens.money(Decimal(high))),
    )


def flip_row(flip: KeptFlip, run: Run, place: int, names: Names, lens: Lens) -> FlipRow:
    """A flip in a list."""
    return FlipRow(
        place=flip.place,
        subject=flip.subject,
        partner=names.partner(flip.partner),
        at=flip.at,
        kind=flip.kind,
        before=flip.before,
        after=flip.after,
        amount=None if flip.amount is None else lens.money(flip.amount),
        rows=tuple((a, b) for a, b in dict.fromkeys((a, b) for a, b in flip.rows)),
        href=urls.backtest_flip(run.run, place + 1, flip.place),
    )


def flip_view(
    run: Run, found: Drilled, place: int, table: CompiledPolicy, title: str, names: Names, lens: Lens
) -> FlipView:
    """One flip from both sides. `table` is the candidate, for the labels of its columns."""
    flip = found.flip
    known = _SUBJECTS.get(flip.subject_type) if lens.may(f"{flip.subject_type}s.read") else None
    candidate = run.candidates[place]
    label = (
        phrase("%(label)s, tried", label=worded(candidate.label))
        if candidate.source == "text"
        else f"v{candidate.version}"
    )
    href = "" if candidate.source == "text" else urls.policy_version(run.policy, candidate.version)
    return FlipView(
        run=run.run,
        policy=run.policy,
        title=worded(title),
        flip=flip_row(flip, run, place, names, lens),
        subject_href=known[0](flip.subject) if known is not None else "",
        subject_open=known[1] if known is not None else "",
        margin=None if flip.margin is None else lens.money(flip.margin),
        pairs=tuple(_pair(pair, run.policy, label, href, table, names, lens) for pair in found.pairs),
        back=urls.query(urls.backtest(run.run), [("candidate", str(place + 1))]),
        digest=found.decision.digest,
    )


def _pair(pair: Pair, policy: str, label: str, href: str, table: CompiledPolicy, names: Names, lens: Lens) -> PairRow:
    then, inputs = f"v{pair.then.version}", {column.name: column for column in table.table.inputs}
    return PairRow(
        product=names.product(pair.product),
        facts=tuple(fact(name, value, inputs.get(name)) for name, value in pair.facts.items()),
        then=_side(pair.then, then, urls.policy_version(policy, pair.then.version), table, lens),
        now=_side(pair.now, label, href, table, lens),
        missed=tuple((m.row, fact(m.column, None, inputs.get(m.column)).label, m.test) for m in pair.missed),
    )


def _side(said: Said, version: str, href: str, table: CompiledPolicy, lens: Lens) -> Side:
    outputs, columns = [], {column.name: column for column in table.table.outputs}
    for name, value in said.outputs.items():
        if name == "list" and isinstance(value, list):
            items = [listed(item, columns) for item in value if isinstance(item, Mapping)]
            outputs.append(Fact(phrase("List"), joined("; ", items) if items else phrase("nothing"), name))
        else:
            outputs.append(fact(name, plain_json(value), columns.get(name)))
    reasons = tuple(readable(reason, lens) for reason in said.reasons)
    return Side(version, href, said.rows, tuple(outputs), reasons, tuple(map(recorded, said.clauses)))
