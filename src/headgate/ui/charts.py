"""Geometry of the small charts: pure numbers for SVG attributes. Bars start at zero, always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Column:
    """One upright bar: left edge, top, width, height in the chart's own units (y grows downwards)."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal


def share(value: Decimal | int, whole: Decimal | int) -> Decimal:
    """`value` as a percentage of `whole`, 0 to 100, two decimals; nothing of nothing is 0."""
    if whole <= 0 or value <= 0:
        return Decimal(0)
    return min(Decimal(100), (Decimal(value) * 100 / Decimal(whole)).quantize(_STEP, ROUND_HALF_UP))


def bars(values: Sequence[Decimal | int]) -> list[Decimal]:
    """Lengths of lying bars, 0 to 100, the largest being 100."""
    top = max(values, default=0)
    return [share(value, top) for value in values]


def columns(values: Sequence[Decimal | int], width: int, height: int, gap: Decimal = Decimal("0.25")) -> list[Column]:
    """Upright bars that fill `width` × `height`; `gap` is the share of each slot left empty. A value above zero is
    never shorter than one unit, so that 'one order' is not drawn as none."""
    if not values:
        return []
    slot = Decimal(width) / len(values)
    top = max(values)
    drawn = []
    for index, value in enumerate(values):
        tall = max(share(value, top) * height / 100, Decimal(1)) if value > 0 else Decimal(0)
        drawn.append(
            Column(
                x=(slot * index + slot * gap / 2).quantize(_STEP),
                y=(height - tall).quantize(_STEP),
                width=(slot * (1 - gap)).quantize(_STEP),
                height=tall.quantize(_STEP),
            )
        )
    return drawn


def line(values: Sequence[Decimal | int], width: int, height: int, margin: int = 2) -> str:
    """The `points` of a polyline through the values, scaled between zero and the largest; empty below two values."""
    if len(values) < 2:
        return ""
    step = Decimal(width - 2 * margin) / (len(values) - 1)
    top = max(values)
    points = []
    for index, value in enumerate(values):
        y = height - margin - share(value, top) * (height - 2 * margin) / 100
        points.append(f"{(margin + step * index).quantize(_STEP)},{y.quantize(_STEP)}")
    return " ".join(points)
