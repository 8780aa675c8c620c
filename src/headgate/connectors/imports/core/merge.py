"""Mended rows of one document become one event: a new document, or an addition to the one that exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from headgate.connectors.imports.core.documents import Document
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.phrases import phrase

_ALIKE = ("partner", "currency")


@dataclass(frozen=True, slots=True)
class Merged:
    """A document and the quarantine entries whose rows it is made of."""

    document: Document
    entries: tuple[UUID, ...]


def merge(made: Sequence[tuple[UUID, Document]]) -> list[Merged]:
    """Documents of one row each, joined by type and code. Raises `Invalid` when two disagree on partner or currency."""
    joined: dict[tuple[str, str], Merged] = {}
    for entry, document in made:
        name = (document.type, document.code)
        held = joined.get(name)
        if held is None:
            joined[name] = Merged(document, (entry,))
            continue
        _check_alike(held.document.data, document)
        lines = _with_lines(held.document.data["lines"], document)
        merged = replace(
            held.document,
            data={**held.document.data, "lines": lines},
            rows=held.document.rows + document.rows,
            amount=held.document.amount + document.amount,
        )
        joined[name] = Merged(merged, (*held.entries, entry))
    return list(joined.values())


def amended(current: Mapping[str, Any], document: Document, file: str) -> dict[str, Any]:
    """The order as it stands with the document's lines added. Raises `Invalid` when partner or currency differ."""
    _check_alike(current, document)
    rows = ", ".join(str(number) for number in sorted(document.rows))
    return {
        **{name: value for name, value in current.items() if value not in (None, "")},
        "lines": _with_lines(current["lines"], document),
        "reason": f"corrected row {rows} of {file}"[:500],
    }


def return_of_its_own(document: Document) -> dict[str, Any]:
    """The data of a return for rows whose return is recorded already: a recorded return is never changed."""
    return {**document.data, "return": f"{document.code}-R{min(document.rows)}"}


def _check_alike(held: Mapping[str, Any], document: Document) -> None:
    for name in _ALIKE:
        if held[name] != document.data[name]:
            fix = phrase("%(code)s has %(held)s.", code=document.code, held=held[name])
            problem = Problem(name, shorten(document.data[name]), "differs from the document's own", fix)
            raise Invalid(str(problem), problems=(problem,))


def _with_lines(held: Sequence[Mapping[str, Any]], document: Document) -> list[dict[str, Any]]:
    lines = [dict(line) for line in held]
    used = {str(line["line"]) for line in lines}
    for added in document.data["lines"]:
        name, number = str(added["line"]), 2
        while name in used:
            name, number = f"{added['line']}-{number}", number + 1
        used.add(name)
        lines.append({**added, "line": name})
    return lines
