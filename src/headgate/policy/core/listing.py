"""Cells of list columns that can be decided: `contains($, 'x')`, `not contains($, 'x')`, several of them with `and`."""

from __future__ import annotations

from headgate.policy.core.grid import Holds
from headgate.policy.core.unary import Token, tokens


def list_cell(text: str, column: str) -> Holds | None:
    """What the cell asks of its list; None for any other expression, and where it asks for a text and against it."""
    wanted: dict[str, bool] = {}
    part: list[Token] = []
    for token in tokens(text):
        if token.kind == "end" or (token.kind == "word" and token.text == "and"):
            found = _asked(part, column)
            if found is None or wanted.get(found[0], found[1]) != found[1]:
                return None
            wanted[found[0]] = found[1]
            part = []
        else:
            part.append(token)
    return Holds(wanted)


def _asked(part: list[Token], column: str) -> tuple[str, bool] | None:
    """The text and whether it is to be there."""
    texts = [t.text for t in part]
    if texts[:1] in (["not"], ["!"]):
        inner = part[2:-1] if texts[1:2] == ["("] and texts[-1:] == [")"] else part[1:]
        found = _asked(inner, column)
        return None if found is None else (found[0], not found[1])
    if len(part) != 6 or part[4].kind != "text":
        return None
    if [*texts[:2], texts[3], texts[5]] != ["contains", "(", ",", ")"] or texts[2] not in ("$", column):
        return None
    return texts[4][1:-1], True
