"""What policies take and give, said as of actions, so that a definition can be held against the tables that it asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from headgate.policy.core import BadChain, InputColumn, OutputColumn, PolicyTable, given_inputs
from headgate.policy.core.model import MULTIPLE, NUMERIC
from headgate.process.core.signature import Kind, Signature, Slot, listing, maybe, number

# A date, a duration or a number of months is text in a case's data: no point in time.
_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(NUMERIC, "number"),
    "bool": "truth",
    "datetime": "instant",
    "list": "list",
}


def policy_signatures(tables: Iterable[PolicyTable]) -> dict[str, Signature]:
    """By name, what each of these policies needs to be told and what it gives. Chained ones are told what the policies
    before them need, where those are among them."""
    known = {table.policy: table for table in tables}
    return {name: Signature(table.title, _takes(known, table), _gives(table)) for name, table in known.items()}


def _takes(known: Mapping[str, PolicyTable], table: PolicyTable) -> dict[str, Slot]:
    try:
        columns: tuple[InputColumn, ...] = given_inputs(known, table.policy)
    except BadChain:
        columns = tuple(c for c in table.inputs if c.source is None)
    return {c.name: _taken(c) for c in columns}


def _taken(column: InputColumn) -> Slot:
    values = tuple(str(v) for v in column.values) if column.type == "enum" else ()
    return Slot(_kind(column.type), column.label, values, optional=column.default is not None)


def _gives(table: PolicyTable) -> dict[str, Slot]:
    if table.hit not in MULTIPLE:
        return {column.name: _slot(column) for column in table.outputs}
    found = {"list": listing("what each row gives that fits", **{c.name: _slot(c) for c in table.outputs})}
    if table.hit == "collect" and table.aggregate == "count":
        found["count"] = number("how many rows fit")
    elif table.hit == "collect" and table.aggregate != "list":
        about = f"{table.aggregate} over the rows that fit"
        found |= {c.name: maybe(number(about)) for c in table.outputs if c.type in NUMERIC}
    return found


def _slot(column: OutputColumn) -> Slot:
    values = tuple(str(v) for v in column.values) if column.type == "enum" else ()
    return Slot(_kind(column.type), column.label, values, optional=column.nullable)


def _kind(type_: str) -> Kind:
    return _KINDS.get(type_, "text")
