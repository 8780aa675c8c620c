"""Compile a table into a function from facts to an `Evaluation`.

One lookup per input gives the rows that accept it as bits; the bits are joined; the hit policy picks. So the cost grows
with the number of inputs, hardly with the number of rows. Results are kept in a small cache where rows have expressions
to work out; a plain table is decided in less time than a cache takes to keep an amount it has not seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any

from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.phrases import phrase
from headgate.policy.core.arithmetic import Env
from headgate.policy.core.coercion import AS_IT_IS, coercion
from headgate.policy.core.evaluation import Evaluation, PolicyRef, shown
from headgate.policy.core.expression import Expression, Failed
from headgate.policy.core.model import DEFAULT_ROW, NUMERIC, PolicyTable, refuse
from headgate.policy.core.reading import Reading, ReadRow, output_value, read_table
from headgate.policy.core.unary import BadCell

CACHE_SIZE = 1_024

_ZERO = Decimal(0)


class NoRowMatched(Invalid):
    """No row of the policy fits the facts, and it has no default."""

    code = "no_row_matched"


def compile_policy(table: PolicyTable) -> CompiledPolicy:
    """The table as a function. Raises `Invalid` listing every unknown field, type error and unreadable expression."""
    reading = read_table(table)
    if reading.issues:
        raise refuse(list(reading.issues))
    return CompiledPolicy(reading)


class CompiledPolicy:
    """A policy version ready to evaluate. Holds no state but its cache; safe to share between threads."""

    __slots__ = (
        "_cached",
        "_columns",
        "_defaults",
        "_everything",
        "_lists",
        "_multiple",
        "_names",
        "_one_only",
        "_pick",
        "_ref",
        "_rows",
        "_stand_ins",
        "reading",
        "table",
    )

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.table = reading.table
        table = reading.table
        self._ref = PolicyRef(
            table.policy,
            table.version,
            table.digest,
            table.hit,
            {c.name: str(c.source) for c in table.inputs if c.source is not None},
        )
        self._names = tuple(c.name for c in self.table.inputs)
        self._lists = tuple(i for i, c in enumerate(self.table.inputs) if c.type == "list")
        self._columns = tuple(
            (axis.column.name, AS_IT_IS.get(axis.column.type), coercion(table.policy, axis.column), axis.lookup)
            for axis in reading.axes
        )
        self._rows = reading.rows
        self._defaults = {c.name: c.default.value for c in table.inputs if c.default is not None}
        # Null stands for a fact that is not given, unless the column takes null as a value of its own.
        self._stand_ins = tuple((c.name, c.nullable) for c in table.inputs if c.default is not None)
        self._multiple = table.multiple
        self._one_only = table.hit in ("unique", "any")
        self._everything = (1 << len(reading.rows)) - 1
        pick: Any = itemgetter(*self._names)
        self._pick: Callable[[Mapping[str, object]], tuple[object, ...]] = (
            pick if len(self._names) > 1 else lambda facts: (pick(facts),)
        )
        # typed=True: True, 1 and "1" are different facts. Equal numbers with other trailing zeros are the same fact,
        # and the evaluation holds them normalised, so it does not matter which of them came first.
        rows = (*reading.rows, reading.default) if reading.default else reading.rows
        costly = bool(reading.rich_mask) or any(row.formulas for row in rows)
        self._cached = lru_cache(maxsize=CACHE_SIZE, typed=True)(self._decide) if costly else self._decide

    @property
    def policy(self) -> str:
        """The policy's name."""
        return self.table.policy

    @property
    def version(self) -> int:
        """The policy's version."""
        return self.table.version

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the policy text."""
        return self.table.digest

    def evaluate(self, inputs: Mapping[str, object]) -> Evaluation:
        """Decide. Facts that the policy does not declare are ignored.

        Raises `Invalid` naming each missing input, an input of another type or outside its declared values, two
        matching rows under UNIQUE or contradicting ones under ANY; `NoRowMatched` (an `Invalid`) when nothing fits. A
        COLLECT, RULE ORDER or OUTPUT ORDER policy that nothing fits gives an empty list.
        """
        try:
            values = self._pick(inputs)
        except KeyError:
            values = self._pick(self._completed(inputs))
        if self._lists:
            values = tuple(tuple(v) if isinstance(v, list) else v for v in values)
        try:
            found = self._cached(*values)
        except TypeError:  # a value that cannot be hashed is of no declared type: decide says which
            found = self._decide(*values)
        return self._marked(found, inputs) if self._stand_ins else found

    def _marked(self, found: Evaluation, inputs: Mapping[str, object]) -> Evaluation:
        """With the names of the inputs that were not given."""
        absent = [n for n, nullable in self._stand_ins if n not in inputs or (inputs[n] is None and not nullable)]
        return found._replace(defaulted=tuple(absent)) if absent else found

    def _decide(self, *values: object) -> Evaluation:
        mask = self._everything
        inputs: dict[str, object] = {}
        for (name, as_it_is, coerce, lookup), value in zip(self._columns, values, strict=False):  # both are as long
            fact = value if type(value) is as_it_is else coerce(value)
            mask &= lookup(fact)
            inputs[name] = fact
        if mask & self.reading.rich_mask:
            mask = self._with_rich_cells(mask, inputs)
        if self._multiple:
            return self._collected(mask, inputs)
        if not mask:
            if self.reading.default is None:
                raise self._unmatched(inputs)
            default = self.reading.default
            return Evaluation(self._ref, default.matched, inputs, self._outputs(default, inputs))
        if self._one_only and mask & (mask - 1):
            return self._agreed(mask, inputs)
        row = self._rows[(mask & -mask).bit_length() - 1]
        return Evaluation(self._ref, row.matched, inputs, self._outputs(row, inputs))

    def _agreed(self, mask: int, inputs: dict[str, object]) -> Evaluation:
        """Several rows where one answer is wanted: under ANY they may agree, and then the first stands for all."""
        rows = self._chosen(mask)
        told = f"policy {self.policy} version {self.version}: rows {', '.join(r.row.id for r in rows)} all fit"
        if self._ref.hit == "unique":
            raise Invalid(phrase("%(told)s, and only one may", told=told))
        outputs = [self._outputs(row, inputs) for row in rows]
        for name, value in outputs[0].items():
            other = next((place for place, each in enumerate(outputs) if each[name] != value), None)
            if other is not None:
                first, second = shown(value), shown(outputs[other][name])
                contradiction = f"{rows[0].row.id} gives {name} {first}, {rows[other].row.id} gives {second}"
                raise Invalid(
                    phrase(
                        "%(told)s %(told2)s, and %(contradiction)s; make them agree",
                        told=told,
                        told2=self._told(inputs),
                        contradiction=contradiction,
                    )
                )
        return Evaluation(self._ref, rows[0].matched, inputs, outputs[0])

    def _chosen(self, mask: int) -> tuple[ReadRow, ...]:
        return tuple([row for index, row in enumerate(self._rows) if mask >> index & 1])

    def _with_rich_cells(self, mask: int, inputs: dict[str, object]) -> int:
        env = dict(inputs)
        for index, row in enumerate(self._rows):
            bit = 1 << index
            if not mask & bit or not row.rich:
                continue
            for column, cell in row.rich:
                env["$"] = inputs[column]
                if self._worked_out(row, column, cell, env) is not True:
                    mask &= ~bit
                    break
        return mask

    def _worked_out(self, row: ReadRow, column: str, expression: Expression, env: Env) -> object:
        try:
            return expression(env)
        except Failed as error:
            where = f"policy {self.policy} version {self.version}, row {row.row.id}, column {column}"
            raise Invalid(phrase("%(where)s: %(error)s", where=where, error=error)) from None

    def _outputs(self, row: ReadRow, inputs: dict[str, object]) -> dict[str, Any]:
        found = row.outputs.copy()
        if not row.formulas:
            return found
        for name, formula in row.formulas.items():
            column = self.table.output(name)
            assert column is not None
            try:
                found[name] = output_value(column, self._worked_out(row, name, formula, inputs))
            except BadCell as error:
                raise Invalid(
                    phrase(
                        "policy %(policy)s version %(version)s, row %(id)s: %(error)s",
                        policy=self.policy,
                        version=self.version,
                        id=row.row.id,
                        error=error,
                    )
                ) from None
        return found

    def _collected(self, mask: int, inputs: dict[str, object]) -> Evaluation:
        rows = self._chosen(mask)
        if not rows and self.reading.default is not None:
            rows = (self.reading.default,)
        each = [self._outputs(row, inputs) for row in rows]
        outputs: dict[str, Any] = {"list": each}
        if self.table.aggregate == "count":
            outputs["count"] = len(rows)
        elif self.table.aggregate != "list":
            for column in self.table.outputs:
                if column.type in NUMERIC:
                    outputs[column.name] = _aggregate(self.table.aggregate, [o[column.name] for o in each])
        return Evaluation(self._ref, tuple([m for row in rows for m in row.matched]), inputs, outputs)

    def _completed(self, inputs: Mapping[str, object]) -> Mapping[str, object]:
        """The facts with the defaults of those that are absent. Raises `Invalid` naming each that has none."""
        names = [n for n in self._names if n not in inputs and n not in self._defaults]
        if not names:
            return {**self._defaults, **inputs}
        problems = [
            Problem(n, "", phrase("is missing; policy %(policy)s needs it", policy=self.policy), "Give it.")
            for n in names
        ]
        raise Invalid(
            phrase(
                "policy %(policy)s version %(version)s needs %(names)s",
                policy=self.policy,
                version=self.version,
                names=", ".join(names),
            ),
            problems=problems,
        )

    def _unmatched(self, inputs: Mapping[str, object]) -> NoRowMatched:
        told = self._told(inputs)
        return NoRowMatched(
            phrase(
                "policy %(policy)s version %(version)s has no row for %(told)s, and no default",
                policy=self.policy,
                version=self.version,
                told=told,
            )
        )

    def _told(self, inputs: Mapping[str, object]) -> str:
        return ", ".join(f"{name} {shorten(shown(value), 40)}" for name, value in inputs.items())


def _aggregate(how: str, values: list[Any]) -> Any:
    numbers = [v for v in values if v is not None]
    if how == "sum":
        return sum(numbers, _ZERO) if any(isinstance(n, Decimal) for n in numbers) else sum(numbers)
    if not numbers:
        return None
    return min(numbers) if how == "min" else max(numbers)


__all__ = ["CACHE_SIZE", "DEFAULT_ROW", "CompiledPolicy", "NoRowMatched", "compile_policy"]
