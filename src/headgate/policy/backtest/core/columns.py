"""What backtests read of recorded decisions, kept as columns: some tens of bytes a decision instead of its whole text.

A *stretch* holds the decisions of one version over a span of time, by time and id. Its `Spine` is what every policy
shares: proof of what was read, instants, subjects, what came of held ones. `Facts` hold one policy's evaluations: of
each fact the distinct values, and for each evaluation which of them. Values are those of the record, so what stands
there as the marker of an erasable value is a marker here too.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.integer[Any]]

FORM = 1  # of the bytes; those of another form are made anew
PROOF = 48  # bytes of a decision: id and digest
FOLLOWED, HELD, WHOLE = 1, 2, 4  # WHOLE: only its whole text tells


class Kept(NamedTuple):
    """What came of a held decision: whom the matrix asked, and what was at stake."""

    steps: tuple[tuple[int, str], ...]
    stake: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """Of each decision: id and digest, microseconds since 1970, its subject as a number, what it was, and the place of
    its `Kept` (-1: none)."""

    proof: bytes
    at: Numbers
    subject: Numbers
    flags: Numbers
    effect: Numbers
    effects: tuple[Kept, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The evaluations of one version that were told facts of the same names. `owner` is the place of the decision.

    Per name: the distinct values, of which the first `ordered` are numbers in their order, and the code of each
    evaluation's value. `said` are the distinct answers as [rows, outputs].
    """

    version: int
    names: tuple[str, ...]
    owner: Numbers
    values: tuple[list[Any], ...]
    ordered: tuple[int, ...]
    codes: tuple[Numbers, ...]
    said: list[Any]
    answer: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """One policy's evaluations within a stretch, and the decisions whose record could not be read for it."""

    shapes: tuple[Shape, ...]
    whole: Numbers


def ordered_values(values: Sequence[Any]) -> tuple[list[Any], int, Numbers]:
    """Distinct values with the numbers among them first, in order; how many those are; and where each has gone."""
    numbers: list[tuple[Decimal, str, int]] = []
    others: list[int] = []
    for place, value in enumerate(values):
        number = _number(value)
        if number is None:
            others.append(place)
        else:
            numbers.append((number, value, place))
    numbers.sort()
    order = [place for _, _, place in numbers] + others
    gone = np.empty(len(order), dtype=np.int64)
    gone[order] = np.arange(len(order))
    return [values[place] for place in order], len(numbers), gone


def _number(value: Any) -> Decimal | None:
    if type(value) is not str:
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def narrow(numbers: Numbers) -> Numbers:
    """The same in the fewest bytes that hold them."""
    if not len(numbers):
        return numbers.astype(np.uint8)
    low, high = int(numbers.min()), int(numbers.max())
    kinds = (np.uint8, np.uint16, np.uint32) if low >= 0 else (np.int8, np.int16, np.int32)
    for kind in kinds:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return numbers.astype(kind)
    return numbers.astype(np.int64)


def write_spine(spine: Spine) -> bytes:
    """All but the proof, which does not get smaller and is stored beside it."""
    arrays = [np.diff(spine.at, prepend=np.int64(0)), spine.subject, spine.flags, narrow(spine.effect)]
    effects = [[list(map(list, kept.steps)), str(kept.stake)] for kept in spine.effects]
    return _pack({"effects": effects}, arrays)


def read_spine(proof: bytes, packed: bytes) -> Spine:
    """The reverse of `write_spine`."""
    told, (at, subject, flags, effect) = _unpack(packed)
    effects = tuple(
        Kept(tuple((int(level), str(role)) for level, role in steps), Decimal(stake))
        for steps, stake in told["effects"]
    )
    return Spine(proof, np.cumsum(at), subject, flags, effect, effects)


def write_facts(facts: Facts) -> bytes:
    """As bytes to store."""
    told, arrays = [], [facts.whole]
    for shape in facts.shapes:
        told.append(
            {
                "version": shape.version,
                "names": list(shape.names),
                "values": list(shape.values),
                "ordered": list(shape.ordered),
                "said": shape.said,
            }
        )
        arrays += [shape.owner, shape.answer, *shape.codes]
    return _pack({"shapes": told}, [narrow(array) for array in arrays])


def read_facts(packed: bytes) -> Facts:
    """The reverse of `write_facts`."""
    told, arrays = _unpack(packed)
    following = iter(arrays)
    whole = next(following)
    shapes = []
    for each in told["shapes"]:
        owner, answer = next(following), next(following)
        codes = tuple(next(following) for _ in each["names"])
        shapes.append(
            Shape(
                each["version"],
                tuple(each["names"]),
                owner,
                tuple(each["values"]),
                tuple(each["ordered"]),
                codes,
                each["said"],
                answer,
            )
        )
    return Facts(tuple(shapes), whole)


def _pack(told: dict[str, Any], arrays: Sequence[Numbers]) -> bytes:
    head = orjson.dumps({**told, "arrays": [[array.dtype.str, len(array)] for array in arrays]})
    return zlib.compress(b"".join([len(head).to_bytes(8, "little"), head, *(a.tobytes() for a in arrays)]), 1)


def _unpack(packed: bytes) -> tuple[dict[str, Any], list[Numbers]]:
    raw = zlib.decompress(packed)
    at = 8 + int.from_bytes(raw[:8], "little")
    told = orjson.loads(raw[8:at])
    arrays: list[Numbers] = []
    for kind, count in told["arrays"]:
        array = np.frombuffer(raw, dtype=kind, count=count, offset=at)
        arrays.append(array)
        at += array.nbytes
    return told, arrays
