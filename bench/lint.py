"""The lints of a table of 1,000 rows with five inputs: as they are, and as one would check pairs and points by hand."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, pairwise, product

from bench.harness import Options, Report, median
from bench.policy_tables import REGIONS, SLAB, TIERS, Slab, slab_table, slabs
from headgate.policy import lint
from headgate.policy.core.reading import read_table
from headgate.policy.lint import RULES, Rule
from headgate.policy.lint.gaps import gaps
from headgate.policy.lint.overlaps import overlaps
from headgate.policy.lint.subject import Subject

TITLE = "Lint of 1,000 rows"
POINTS = 1_500  # of the grid that the reference tries, for the time of all of them


def bench(options: Options) -> Report:
    """A table with one gap and one overlap; both must be found, and nothing else."""
    size, rounds = options.size(1_000, 200), options.size(5, 1)
    rows = slabs(size)
    middle = size // 2 + size // 40
    rows[middle] = replace(rows[middle], high=(rows[middle].high or 0) - 1)
    rows[middle + 3] = replace(rows[middle + 3], high=(rows[middle + 3].high or 0) + 1)
    table = slab_table(rows)
    whole, pairs, holes, by_pairs, by_points = [], [], [], [], []
    for _ in range(rounds):
        whole.append(_seconds(lambda: lint(table)))
        subject = Subject(read_table(table))
        holes.append(_seconds(partial(_only, gaps, subject)))
        pairs.append(_seconds(partial(_only, overlaps, subject)))
        by_pairs.append(_seconds(lambda: _pairwise(rows)))
        points = list(product(TIERS, REGIONS, _amounts(rows)))
        tried = random.Random(1).sample(points, min(POINTS, len(points)))
        by_points.append(_seconds(partial(_fitting, rows, tried)) * len(points) / len(tried))
    options.say(f"{size} rows: {median(whole):.3f} s")
    figures = {
        "lint_ms": median(whole) * 1e3,
        "gaps_ms": median(holes) * 1e3,
        "overlaps_ms": median(pairs) * 1e3,
        "pairwise_ms": median(by_pairs) * 1e3,
        "point_by_point_ms": median(by_points) * 1e3,
    }
    ratios = {
        "pairwise_to_overlaps": median(by_pairs) / median(pairs),
        "point_by_point_to_gaps": median(by_points) / median(holes),
        "both_by_hand_to_lint": (median(by_pairs) + median(by_points)) / median(whole),
    }
    note = (
        f"processor time; lint is reading the cells and all {len(RULES)} rules; gaps includes building the grid, which "
        f"overlaps uses again; point by point is measured on {POINTS} points and scaled to all; "
        "what is done by hand knows the three columns that matter and compares plain numbers"
    )
    return Report("lint", TITLE, figures, ratios, (note,))


def _only(rule: Rule, subject: Subject) -> None:
    _one(list(rule(subject)))


def _one(issues: Sequence[object]) -> None:
    if len(issues) != 1:
        raise AssertionError(f"one finding was planted, {len(issues)} were made: {issues[:3]}")


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _pairwise(rows: Sequence[Slab]) -> None:
    """Each row with each other."""
    found = [
        (a.id, b.id)
        for a, b in combinations(rows, 2)
        if a.tier == b.tier
        and a.region == b.region
        and (a.high is None or b.low is None or b.low < a.high)
        and (b.high is None or a.low is None or a.low < b.high)
    ]
    _one(found)


def _amounts(rows: Sequence[Slab]) -> list[float]:
    """Every amount that a row mentions, and one between each two neighbours."""
    ends = sorted({e for r in rows for e in (r.low, r.high) if e is not None})
    return [
        -1.0,
        *(float(e) for e in ends),
        *((a + b) / 2 for a, b in pairwise(ends)),
        ends[-1] + SLAB,
    ]


def _fitting(rows: Sequence[Slab], points: Sequence[tuple[str, str, float]]) -> int:
    """Each point with each row until one fits; the points that none fits."""
    return sum(
        not any(
            r.tier == tier and r.region == region and (r.low is None or at >= r.low) and (r.high is None or at < r.high)
            for r in rows
        )
        for tier, region, at in points
    )
