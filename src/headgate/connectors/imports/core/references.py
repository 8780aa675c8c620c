"""Which columns a mapping reads, and where it says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headgate.connectors.imports.core.expressions import alias, names_in
from headgate.connectors.imports.core.mapping import Field, FileMapping


def references(mapping: FileMapping, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of mapping path and column name; a name in an expression that matches no column is given as it stands."""
    by_alias = {alias(name): name for name in columns}

    def in_expression(path: str, text: str) -> Iterator[tuple[str, str]]:
        for name in sorted(names_in(text)[0]):
            yield path, by_alias.get(name, name)

    def in_field(field: Field) -> Iterator[tuple[str, str]]:
        if field.column is not None:
            yield field.path, field.column
        if field.expression is not None:
            yield from in_expression(field.path, field.expression)

    yield from (("columns", name) for name in mapping.columns)
    yield from (("group_by", name) for name in mapping.group_by)
    yield "amount.quantity", mapping.amount.quantity
    yield "amount.unit_price", mapping.amount.unit_price
    yield from ((f"defaults.{name}", name) for name in mapping.defaults)
    for reject in mapping.reject:
        yield from in_expression(f"{reject.path}.when", reject.when)
    for rule in mapping.documents:
        if rule.when is not None:
            yield from in_expression(f"{rule.path}.when", rule.when)
        for field in (*rule.header.values(), *rule.lines.values()):
            yield from in_field(field)
    for record in mapping.records:
        for field in record.fields.values():
            yield from in_field(field)
