"""Conditions of an approval matrix (`only_if`, `keep_if`): names, types, whether they can hold, and whether anybody may
take the step.

A condition sees the matrix's inputs, `stake`, and what the approver reads, which no policy declares. So a name that is
almost an input is an error, any other that is none a note. Whether a condition can hold is decided exactly where it
compares single inputs with constants: on each stretch between the constants it is the same throughout, so one point of
each stretch is tried. What computes is not decided, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise, product
from typing import Final

from headgate.access.core.roles import ROLES
from headgate.kernel.phrases import phrase
from headgate.policy.core.arithmetic import NotExact, Step, Unknown, UnknownName, compile_exact
from headgate.policy.core.model import DEFAULT_ROW, Bound, InputColumn, Issue, PolicyTable, Row
from headgate.policy.core.unary import BadCell, NotUnary, constants, holds, parse_unary, tokens
from headgate.policy.lint.subject import Subject

RULE = "conditions"
OUTPUTS: Final = ("only_if", "keep_if")
# Any of these lets a person decide what is asked of their role.
DECIDING: Final = frozenset({"approvals.decide", "orders.write"})
MOST_POINTS: Final = 20_000
_LIKE: Final = 0.78
_GUESSES: Final = ("number", "string", "bool", "date")
_COMPARE: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_PLAIN: Final = _COMPARE | {"(", ")", "!", ""}
_WORDS: Final = frozenset({"and", "or", "not", "true", "false"})


@dataclass(frozen=True, slots=True)
class _Read:
    """A condition understood: as a function, and the kinds of the names that it uses."""

    step: Step
    kinds: Mapping[str, str]
    strangers: tuple[str, ...]


def conditions(subject: Subject) -> Iterator[Issue]:
    """Errors for what cannot be meant, warnings for what never counts, notes for names that nothing declares."""
    table = subject.table
    names = {column.name for column in table.outputs}
    if not (table.multiple and {"level", "role"} <= names):
        return
    for row in (*table.rows, *([table.default] if table.default is not None else ())):
        yield from _steps(table, row)
        for output in OUTPUTS:
            text = row.then.get(output)
            if output in names and isinstance(text, str) and text.strip():
                yield from _condition(table, row, output, text)


def _issue(table: PolicyTable, row: Row, column: str, severity: str, message: str, fix: str) -> Issue:
    line = row.lines.get(f"then.{column}", row.line)
    shown = "" if row.id == DEFAULT_ROW else row.id
    return Issue(RULE, severity, message, table.file, line, shown, column, fix)  # type: ignore[arg-type]


def _steps(table: PolicyTable, row: Row) -> Iterator[Issue]:
    """A role that nobody has, or whose holders may not decide."""
    for column in ("role", "escalate_to"):
        role = row.then.get(column)
        if not isinstance(role, str) or not role.strip():
            continue
        if role not in ROLES:
            near = get_close_matches(role, ROLES, 1, _LIKE)
            fix = (
                phrase("Did you mean %(near)s?", near=near[0])
                if near
                else phrase("Give that role to somebody, or name another.")
            )
            said = phrase(
                "%(role)s is no role that ships with Headgate; while nobody holds it, nobody can take this step",
                role=role,
            )
            yield _issue(table, row, column, "warning", said, fix)
        elif not ROLES[role] & DECIDING:
            # Who is asked must be able to. That a late step reaches nobody more is a flaw of versions that shipped.
            first = column == "role"
            what = phrase("nobody can take this step") if first else phrase("a late step reaches nobody more")
            said = phrase("%(what)s: who holds %(role)s may not decide approvals", what=what, role=role)
            able = sorted(name for name, rights in ROLES.items() if "approvals.decide" in rights)
            yield _issue(
                table,
                row,
                column,
                "error" if first else "warning",
                said,
                phrase("Name one of %(names)s.", names=", ".join(able)),
            )


def _condition(table: PolicyTable, row: Row, output: str, text: str) -> Iterator[Issue]:
    kinds = {c.name: c.type for c in table.inputs if c.type != "list"} | {"stake": "number"}
    if output == "keep_if":
        kinds |= {f"was_{name}": kind for name, kind in kinds.items()}
    try:
        read = _read(text, dict(kinds))
    except (BadCell, NotExact) as error:
        told = error.said if isinstance(error, BadCell) else str(error)
        said = phrase("%(text)s cannot be understood", text=text)
        said = phrase("%(said)s: %(told)s", said=said, told=told) if told else said
        fix = phrase(
            "Compare inputs with values and join them with and, or, not: max_deviation_pct > 20 or total > 50000."
        )
        yield _issue(table, row, output, "error", said, fix)
        return
    for name in read.strangers:
        if name.startswith("was_"):
            said = phrase("%(name)s is what was asked before, which only keep_if knows", name=name)
            yield _issue(table, row, output, "error", said, phrase("Name a value of this request."))
            continue
        near = _nearest(name, list(kinds))
        if near:
            yield _issue(
                table,
                row,
                output,
                "error",
                phrase("%(name)s is not an input", name=name),
                phrase("Did you mean %(near)s?", near=near),
            )
        elif not _derived(name, kinds):
            said = phrase(
                "%(name)s is not an input: it must stand in what the approver reads, or this always asks", name=name
            )
            yield _issue(table, row, output, "note", said, phrase("Try it with: headgate approvals preview"))
    if read.strangers and any(_nearest(name, list(kinds)) for name in read.strangers):
        return
    yield from _outcome(table, row, output, text, read)


def _read(text: str, kinds: dict[str, str]) -> _Read:
    """Compile a condition. A name that nothing declares may be of any kind that makes sense of it."""
    strangers: list[str] = []
    tried: dict[str, int] = {}
    while True:
        try:
            step, kind = compile_exact(text, kinds)
        except UnknownName as error:
            strangers.append(error.name)
            tried[error.name] = 0
            kinds[error.name] = _GUESSES[0]
        except BadCell:
            later = next((n for n in reversed(strangers) if tried[n] + 1 < len(_GUESSES)), None)
            if later is None:
                raise
            tried[later] += 1
            kinds[later] = _GUESSES[tried[later]]
        else:
            if kind not in ("bool", "any"):
                raise BadCell(phrase("it gives a %(kind)s, not true or false", kind=kind))
            used = {t.text for t in tokens(text) if t.kind == "word"}
            return _Read(step, {n: k for n, k in kinds.items() if n in used}, tuple(strangers))


def _nearest(name: str, known: list[str]) -> str:
    """A known name that this one is almost, with the prefix of a list's smallest or largest kept; '' for none."""
    for prefix in ("was_max_", "was_min_", "max_", "min_", ""):
        base = name.removeprefix(prefix)
        if prefix and base == name:
            continue
        if prefix and base in known:
            return ""
        near = get_close_matches(base, known, 1, _LIKE)
        return prefix + near[0] if near else ""
    return ""


def _derived(name: str, kinds: Mapping[str, str]) -> bool:
    """Whether a name is the smallest or largest of an input's lines."""
    plain = name.removeprefix("was_")
    return plain.startswith(("max_", "min_")) and plain[4:] in kinds


def _outcome(table: PolicyTable, row: Row, output: str, text: str, read: _Read) -> Iterator[Issue]:
    """A condition that never or always holds for what its row accepts."""
    points = _points(table, row, text, read)
    if points is None:
        return
    found: set[bool] = set()
    for values in points:
        try:
            found.add(bool(read.step(values)))
        except (Unknown, ArithmeticError, TypeError):
            return
        if len(found) == 2:
            return
    if found == {False}:
        effect = phrase("the step is never asked") if output == "only_if" else phrase("nothing is ever kept")
        said = phrase("%(text)s never holds for what this row accepts, so %(effect)s", text=text, effect=effect)
        yield _issue(table, row, output, "warning", said, phrase("Mend the condition, or take the row away."))
    elif found == {True}:
        said = phrase("%(text)s always holds for what this row accepts", text=text)
        yield _issue(table, row, output, "note", said, phrase("Leave it out."))


def _points(table: PolicyTable, row: Row, text: str, read: _Read) -> Iterator[Mapping[str, object]] | None:
    """One point of each stretch on which the condition is the same; None where it computes, or they are too many."""
    found = tokens(text)
    if any(t.kind == "op" and t.text not in _PLAIN for t in found):
        return None
    for left, middle, right in zip(found, found[1:], found[2:], strict=False):
        names = [t.text not in _WORDS for t in (left, right) if t.kind == "word"]
        if middle.text in _COMPARE and names.count(True) == 2:
            return None
    if any(t.kind == "word" and t.text not in read.kinds and t.text not in _WORDS for t in found):
        return None
    literals = [v for v in (_literal(t.kind, t.text) for t in found) if v is not None]
    axes: list[list[object]] = []
    for name, kind in read.kinds.items():
        axis = _axis(table.input(name), kind, row, literals)
        if axis is None:
            return None
        axes.append(axis)
    size = 1
    for axis in axes:
        size *= len(axis)
    if not 0 < size <= MOST_POINTS:
        return None
    return (dict(zip(read.kinds, point, strict=True)) for point in product(*axes))


def _literal(kind: str, text: str) -> Decimal | str | None:
    if kind == "number":
        return Decimal(text.replace("_", ""))
    return text[1:-1] if kind == "text" else None


def _axis(column: InputColumn | None, kind: str, row: Row, literals: list[Decimal | str]) -> list[object] | None:
    """Values of one name: each constant it could be compared with, one between each two, one beyond; only what the
    row's cell and the column's bounds accept."""
    if column is not None and column.nullable:
        return None
    cell = row.when.get(column.name, "") if column is not None else ""
    try:
        tests = parse_unary(cell)
    except (NotUnary, BadCell):
        return None
    values: list[object]
    if kind == "bool":
        values = [True, False]
    elif kind in ("string", "enum"):
        named = [t for t in (*literals, *constants(tests)) if isinstance(t, str)]
        values = list(column.values) if column is not None and column.values else [*dict.fromkeys(named), "\0other"]
    elif kind in ("number", "integer", "percent", "money"):
        known = sorted({n for n in (*literals, *constants(tests), *_bounds(column)) if isinstance(n, Decimal)})
        between = [(a + b) / 2 for a, b in pairwise(known)]
        values = [*known, *between, *([known[0] - 1, known[-1] + 1] if known else [Decimal(0)])]
        values = [v for v in values if isinstance(v, Decimal) and _within(column, v)]
    else:
        return None
    return [v for v in values if not cell or holds(tests, v)]  # type: ignore[arg-type]


def _bounds(column: InputColumn | None) -> Iterator[Bound]:
    if column is not None:
        yield from (bound for bound in (column.minimum, column.maximum) if bound is not None)


def _within(column: InputColumn | None, value: Decimal) -> bool:
    if column is None:
        return True
    low, high = column.minimum, column.maximum
    above = not isinstance(low, Decimal) or value >= low
    return above and (not isinstance(high, Decimal) or value <= high)
