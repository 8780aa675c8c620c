"""A mapping compiled for the columns of one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headgate.connectors.imports.core.expressions import Cells, Remembered, alias, compile_expression, pick_of
from headgate.connectors.imports.core.fields import FieldGetter, compile_field
from headgate.connectors.imports.core.mapping import DocumentRule, DocumentType, Field, FileMapping, Kind, RecordType
from headgate.connectors.imports.core.references import references
from headgate.connectors.imports.core.rows import Key
from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.phrases import phrase

# What every row of a document must say alike; the rest of the header is taken from the document's first row.
_AGREE = ("partner", "currency")

Named = tuple[tuple[str, FieldGetter], ...]


@dataclass(frozen=True, slots=True)
class CompiledReject:
    """Refuses the rows for which `when` is true."""

    when: Remembered[object]
    reason: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """Makes one type of document. `agree_on` takes the cells `agree` depends on; `numbered`: lines name themselves."""

    type: DocumentType
    when: Remembered[object] | None
    header: Named
    agree: Named
    agree_on: Callable[[Cells], object]
    lines: Named
    numbered: bool


@dataclass(frozen=True, slots=True)
class CompiledRecord:
    """Introduces one type of record."""

    type: RecordType
    code: FieldGetter
    fields: Named


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a builder needs, with columns as positions in a row."""

    mapping: FileMapping
    columns: tuple[str, ...]
    key_of: Callable[[Cells], Key]
    rejects: tuple[CompiledReject, ...]
    rules: tuple[CompiledRule, ...]
    records: tuple[CompiledRecord, ...]
    quantity: int
    unit_price: int
    defaults: tuple[tuple[int, str], ...]


def compile_plan(mapping: FileMapping, columns: Sequence[str]) -> Plan:
    """Compile a mapping for a file's columns. Raises `Invalid` naming each mapping path whose column the file lacks."""
    _check_columns(mapping, columns)
    positions = {name: place for place, name in enumerate(columns)}
    aliases = {alias(name): place for name, place in positions.items()}

    def named(fields: Mapping[str, Field], kinds: Mapping[str, Kind], prefix: str = "") -> Named:
        return tuple(
            (name, compile_field(f"{prefix}{name}", kinds[name], field, mapping, positions))
            for name, field in fields.items()
        )

    def rule(given: DocumentRule) -> CompiledRule:
        header = named(given.header, given.type.header)
        agree = tuple((name, getter) for name, getter in header if name in _AGREE)
        return CompiledRule(
            type=given.type,
            when=compile_expression(given.when, aliases) if given.when is not None else None,
            header=header,
            agree=agree,
            agree_on=pick_of(sorted({p for _, getter in agree for p in getter.positions})),
            lines=named(given.lines, given.type.lines),
            numbered="line" in given.lines,
        )

    def record(type_: RecordType, fields: Mapping[str, Field]) -> CompiledRecord:
        getters = named(fields, type_.fields, f"{type_.type.partition('.')[0]}.")
        return CompiledRecord(type_, dict(getters)[type_.code], getters)

    return Plan(
        mapping=mapping,
        columns=tuple(columns),
        key_of=pick_of([positions[name] for name in mapping.group_by]),
        rejects=tuple(
            CompiledReject(compile_expression(r.when, aliases), r.reason, Problem("row", "", r.reason))
            for r in mapping.reject
        ),
        rules=tuple(rule(r) for r in mapping.documents),
        records=tuple(record(r.type, r.fields) for r in mapping.records),
        quantity=positions[mapping.amount.quantity],
        unit_price=positions[mapping.amount.unit_price],
        defaults=tuple((positions[name], text) for name, text in mapping.defaults.items()),
    )


def _check_columns(mapping: FileMapping, columns: Sequence[str]) -> None:
    known = set(columns)
    problems = [
        Problem(
            f"{mapping.file}: {path}",
            name,
            "is not a column of the file",
            phrase("Columns: %(names)s.", names=", ".join(columns)),
        )
        for path, name in references(mapping, columns)
        if name not in known
    ]
    if problems:
        text = "\n".join(str(p) for p in problems)
        raise Invalid(phrase("the mapping does not fit the file:\n%(text_)s", text_=text), problems=problems)
