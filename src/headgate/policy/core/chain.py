"""Chained tables: an input that is another policy's output. Who comes before whom, and what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import Evaluation
from headgate.policy.core.model import NUMERIC, InputColumn, Issue, OutputColumn, PolicyTable, Source

MAX_CHAIN = 64  # policies that one evaluation may need

RULE = "chain"


class BadChain(Invalid):
    """Policies that read each other's outputs cannot be put in order."""

    code = "bad_chain"


def chain_of(tables: Mapping[str, PolicyTable], policy: str) -> tuple[str, ...]:
    """The policies that one needs, those needed first in front, itself last.

    Raises `BadChain` for a ring (named in full), for a policy that is not there, and for a chain of more than
    `MAX_CHAIN`.
    """
    order: list[str] = []
    path: list[str] = []
    # Depth first without recursion: a name is entered, then what it needs, then it is left and so in order.
    waiting: list[tuple[str, bool]] = [(policy, True)]
    while waiting:
        name, entering = waiting.pop()
        if not entering:
            order.append(path.pop())
            continue
        if name in order:
            continue
        if name in path:
            ring = " → ".join([*path[path.index(name) :], name])
            raise BadChain(
                phrase("policies read each other in a ring: %(ring)s; take one of these inputs out", ring=ring)
            )
        if len(order) + len(path) >= MAX_CHAIN:
            raise BadChain(
                phrase(
                    "policy %(policy)s needs more than %(max_chain)s other policies; make the chain shorter",
                    policy=policy,
                    max_chain=MAX_CHAIN,
                )
            )
        if name not in tables:
            reader = next(t for t in (tables[p] for p in reversed(path)) if name in _needed(t))
            raise BadChain(
                phrase(
                    "policy %(policy)s reads %(needed)s, and no version of policy %(name)s is "
                    "in force; approve and activate one",
                    policy=reader.policy,
                    needed=_needed(reader)[name],
                    name=name,
                )
            )
        path.append(name)
        waiting.append((name, False))
        waiting.extend((need, True) for need in reversed(_needed(tables[name])))
    return tuple(order)


def _needed(table: PolicyTable) -> dict[str, Source]:
    """What a table reads from other policies: one source for each policy."""
    return {c.source.policy: c.source for c in reversed(table.inputs) if c.source is not None}


def given_inputs(tables: Mapping[str, PolicyTable], policy: str) -> tuple[InputColumn, ...]:
    """The facts that have to come from outside for a policy and all it is chained to, each name once.

    Raises `BadChain`.
    """
    columns: dict[str, InputColumn] = {}
    for name in reversed(chain_of(tables, policy)):
        for column in tables[name].inputs:
            if column.source is None:
                columns.setdefault(column.name, column)
    return tuple(columns.values())


def handed_on(evaluation: Evaluation, source: Source) -> Any:
    """The value of an output for the table that reads it; of a policy that gives a list, the list of that output."""
    outputs = evaluation.outputs
    if source.output in outputs or "list" not in outputs:
        return outputs[source.output]
    return tuple([each[source.output] for each in outputs["list"]])


def chain_issues(tables: Mapping[str, PolicyTable], table: PolicyTable) -> Iterator[Issue]:
    """What keeps a table from being chained as it says: a ring, a source that is not there, a type that does not fit.

    `tables` are the others; the table itself need not be among them.
    """
    known = {**tables, table.policy: table}
    for column in table.inputs:
        if column.source is None:
            continue
        found = known.get(column.source.policy)
        message = fix = ""
        if found is None:
            message = phrase(
                "reads %(source)s, and there is no policy %(policy)s", source=column.source, policy=column.source.policy
            )
            fix = phrase("Bring that policy into force first.")
        else:
            message, fix = _misfit(found, column, column.source)
        if message:
            yield Issue(RULE, "error", message, table.file, column.line, "", column.name, fix)
    try:
        chain_of(known, table.policy)
    except BadChain as error:
        if "ring" in error.message or "more than" in error.message:
            yield Issue(RULE, "error", error.message, table.file)


def _misfit(source: PolicyTable, column: InputColumn, wanted: Source) -> tuple[str, str]:
    output = source.output(wanted.output)
    if output is None and wanted.output == "count" and source.aggregate == "count":
        return (
            ("", "")
            if column.type in NUMERIC
            else (phrase("reads %(wanted)s, a number, as %(type)s", wanted=wanted, type=column.type), "")
        )
    if output is None:
        names = ", ".join(o.name for o in source.outputs)
        return phrase(
            "reads %(wanted)s, and %(policy)s has no output %(output)s",
            wanted=wanted,
            policy=source.policy,
            output=wanted.output,
        ), phrase("Use one of %(names)s.", names=names)
    if source.multiple and not (source.aggregate in ("sum", "min", "max") and output.type in NUMERIC):
        fits = column.type == "list" and output.type in ("string", "enum")
        fix = phrase(
            "Declare %(name)s as a list; %(policy)s gives one %(name2)s for each row that fits.",
            name=column.name,
            policy=source.policy,
            name2=output.name,
        )
        return (
            ("", "")
            if fits
            else (phrase("reads the list %(wanted)s as %(type)s", wanted=wanted, type=column.type), fix)
        )
    return _mistyped(output, column, wanted)


def _mistyped(output: OutputColumn, column: InputColumn, wanted: Source) -> tuple[str, str]:
    words = "string", "enum"
    both = {output.type, column.type}
    mixed = both >= {"money", "percent"}
    alike = output.type == column.type or both <= set(words) or (both <= NUMERIC and not mixed)
    if not alike:
        return phrase(
            "reads %(wanted)s, which is %(type)s, as %(type2)s", wanted=wanted, type=output.type, type2=column.type
        ), phrase("Declare it type: %(type)s.", type=output.type)
    if output.currency and column.currency and output.currency != column.currency:
        return phrase(
            "reads %(wanted)s in %(currency)s as %(other)s",
            wanted=wanted,
            currency=output.currency,
            other=column.currency,
        ), phrase("Convert it in the policy that gives it.")
    strange = [v for v in output.values if v not in column.values] if column.values else []
    if strange:
        told = ", ".join(map(str, strange[:5]))
        return phrase(
            "%(wanted)s can be %(told)s, which %(name)s does not allow", wanted=wanted, told=told, name=column.name
        ), phrase("Add it to the values.")
    if column.values and not output.values:
        return phrase("%(wanted)s can be anything, %(name)s only its values", wanted=wanted, name=column.name), phrase(
            "Give %(wanted)s the same values.", wanted=wanted
        )
    if output.nullable and not column.nullable:
        return phrase("%(wanted)s can be null, %(name)s cannot", wanted=wanted, name=column.name), phrase(
            "Declare it nullable: true."
        )
    return "", ""
