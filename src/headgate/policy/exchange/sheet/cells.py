"""What a spreadsheet cell says, and what a policy cell says: one to the other.

People type texts without quotes, dates as 2026-01-31 and durations as P1Y6M; a policy cell quotes the first and writes
`d('2026-01-31')` and `duration('P1Y6M')`. Everything else is the same in both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import plain_number
from headgate.policy.core.model import NUMERIC, Formula
from headgate.policy.core.unary import BadCell, Compare, Not, NotUnary, Test, parse_unary

Scalar: TypeAlias = "str | Decimal | bool | date | None"

TEXTS = frozenset({"string", "enum"})
SPANS = frozenset({"duration", "months"})

_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_DATED = re.compile(r"""d\(\s*(?:'[^']*'|"[^"]*")\s*\)|'[^']*'|"[^"]*"|(?P<bare>\b\d{4}-\d\d-\d\d\b)""")
_WRITTEN_DATE = re.compile(r"""d\(\s*['"](\d{4}-\d\d-\d\d)['"]\s*\)""")
_CLOCK = r"T(?:\d+(?:\.\d+)?[HMS])+"
_SPAN = rf"-?P(?:\d[\dDWYM]*(?:{_CLOCK})?|{_CLOCK})"
_SPANNED = re.compile(rf"""duration\(\s*(?:'[^']*'|"[^"]*")\s*\)|'[^']*'|"[^"]*"|(?P<bare>(?<!\w){_SPAN}(?!\w))""")
_WRITTEN_SPAN = re.compile(rf"""duration\(\s*(['"])({_SPAN})\1\s*\)""")
_ITEM = re.compile(r"""\s*(?:(?P<quoted>'[^']*'|"[^"]*")|(?P<bare>[^,'"()\[\]<>=!]+))\s*(?:,|$)""")
_BARE = re.compile(r"\w[\w .&/+-]*")
# A cell that a spreadsheet could take for a formula.
RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell as it stands in the sheet: a number is exact to the fifteen digits a spreadsheet keeps."""

    value: Scalar
    at: str
    percent: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read in it."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())

    @property
    def text(self) -> str:
        """What it says, as text."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, Decimal):
            return plain_number(self.value)
        return self.value.isoformat() if isinstance(self.value, date) else (self.value or "").strip()


def number_of(cell: SheetCell, kind: str) -> Decimal | None:
    """The cell's number; a percent format in a percent column counts in points, 5 % as 5. None: not a number."""
    if isinstance(cell.value, Decimal):
        return (cell.value * 100).normalize() if cell.percent and kind == "percent" else cell.value
    text = cell.text
    if kind == "percent" and text.endswith("%"):
        text = text[:-1].strip()
    return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text) else None


def policy_cell(cell: SheetCell, kind: str) -> str:
    """The unary test that an input cell stands for; empty accepts anything. What it means is checked by the lints."""
    if cell.empty:
        return ""
    if isinstance(cell.value, Decimal) and kind in NUMERIC:
        return plain_number(number_of(cell, kind) or Decimal(0))
    text = cell.text
    if kind == "date":
        return _DATED.sub(lambda m: f"d('{m['bare']}')" if m["bare"] else m.group(), text)
    if kind in SPANS:
        return _SPANNED.sub(lambda m: f"duration('{m['bare']}')" if m["bare"] else m.group(), text)
    if kind in TEXTS:
        return _quoted(text)
    return text


def _quoted(text: str) -> str:
    if text in ("-", "null"):
        return "" if text == "-" else text
    negated = re.fullmatch(r"not\s*\((.*)\)", text)
    items = list(_items(negated[1] if negated else text))
    if not items or None in items:
        return text
    told = ", ".join(str(i) for i in items)
    return f"not({told})" if negated else told


def _items(text: str) -> Iterator[str | None]:
    at = 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None:
            yield None
            return
        bare = (match["bare"] or "").strip()
        if match["quoted"]:
            yield match["quoted"]
        elif bare == "null":
            yield bare
        else:
            yield f"'{bare}'" if _BARE.fullmatch(bare) else None
        at = match.end()


def shown_test(text: str, kind: str) -> str:
    """A policy cell as people read it in a sheet; `policy_cell` reads it back to the same test."""
    if text.strip() in ("", "-"):
        return ""
    if kind == "date":
        return _WRITTEN_DATE.sub(r"\1", text)
    if kind in SPANS:
        return _WRITTEN_SPAN.sub(r"\2", text)
    if kind not in TEXTS:
        return text
    try:
        tests = parse_unary(text)
    except NotUnary:
        # A word alone names another fact here and would be a text in a sheet.
        return f"== {text.strip()}" if _BARE.fullmatch(text.strip()) else text
    except BadCell:
        return text
    only = tests[0]
    if isinstance(only, Not) and len(tests) == 1:
        inner = _bare_list(only.tests)
        return text if inner is None else f"not({inner})"
    bare = _bare_list(tests)
    return text if bare is None else bare


def _bare_list(tests: tuple[Test, ...]) -> str | None:
    found: list[str] = []
    for test in tests:
        if not isinstance(test, Compare) or test.op != "==":
            return None
        if test.value is None:
            found.append("null")
            continue
        value = str(test.value)
        plain = _BARE.fullmatch(value) and value == value.strip() and value != "null" and not value.startswith("not ")
        quote = '"' if '"' not in value else "'"
        found.append(value if plain else f"{quote}{value}{quote}")
    return ", ".join(found) if found else None


def output_of(cell: SheetCell, kind: str) -> object:
    """The value an output cell stands for; `= …` is computed, null is null. Raises `BadCell` saying what it should be.

    An empty cell is for the caller: it gives nothing.
    """
    text = cell.text
    if text.startswith("="):
        return Formula(text[1:].strip())
    if text == "null":
        return None
    if kind in NUMERIC:
        number = number_of(cell, kind)
        if number is None:
            raise BadCell(
                phrase(
                    "%(text)s is not a number; write it with a point and no thousands separator: 1250.5",
                    text=repr(text[:40]),
                )
            )
        return int(number) if kind == "integer" and number == number.to_integral_value() else number
    if kind == "bool":
        word = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
        if word is None:
            raise BadCell(phrase("%(text)s is not true or false", text=repr(text[:40])))
        return word
    if kind == "date":
        if not _ISO.fullmatch(text):
            raise BadCell(phrase("%(text)s is not a date; write it as 2026-01-31", text=repr(text[:40])))
        return text
    if kind == "list":
        if text.startswith("["):
            return _json(text, list)
        return [item for item in (part.strip() for part in text.split(",")) if item]
    if text.startswith('"') and text.endswith('"'):
        return _json(text, str)
    return text


def _json(text: str, kind: type) -> object:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise BadCell(
            phrase("%(text)s is not JSON; leave out the quotes or brackets, or mend them", text=repr(text[:40]))
        )
    return found


def shown_text(value: str) -> str:
    """A text as an output cell shows it; in quotes where it would read as something else."""
    plain = value == value.strip() and value not in ("", "null") and value[0] not in '"='
    return value if plain else json.dumps(value, ensure_ascii=False)


def shown_list(values: Iterable[object]) -> str:
    """A list as an output cell shows it: with commas, or as JSON where that would read as another list."""
    texts = [str(v) for v in values]
    plain = texts and all(t and t == t.strip() and "," not in t and t[0] not in "[=" for t in texts)
    return ", ".join(texts) if plain and texts != ["null"] else json.dumps(texts, ensure_ascii=False)


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what could begin one."""
    if text.startswith(RISKY) and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return f"'{text}"
    return text


def unescaped(text: str) -> str:
    """Undo `escaped`."""
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1:].startswith(RISKY) else text
