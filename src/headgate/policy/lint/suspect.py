"""Cells that can be read and are hardly meant: ranges the wrong way round, texts with characters nobody sees."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue, Row
from headgate.policy.core.unary import BadCell, Not, NotUnary, Range, Test, parse_unary, tokens
from headgate.policy.lint.subject import Subject
from headgate.policy.lint.wording import literal

RULE = "suspect"


def suspect(subject: Subject) -> Iterator[Issue]:
    """Warnings."""
    for read in subject.rows:
        row = read.row
        for name, text in row.when.items():
            for message, fix in (*_empty_ranges(text), *_odd_texts(text)):
                line = row.lines.get(f"when.{name}", row.line)
                yield Issue(RULE, "warning", message, subject.table.file, line, row.id, name, fix)
        yield from _outputs(subject, row)
    listed = [c.values for c in subject.table.inputs] + [c.values for c in subject.table.outputs]
    for value in (v for values in listed for v in values):
        told = _odd(value) if isinstance(value, str) else ""
        if told:
            yield Issue(
                RULE,
                "warning",
                phrase("the value %(value)s %(told)s", value=repr(value), told=told),
                subject.table.file,
                fix=phrase("Type it anew."),
            )


def _outputs(subject: Subject, row: Row) -> Iterator[Issue]:
    for name, value in row.then.items():
        told = _odd(value) if isinstance(value, str) else ""
        if told:
            line = row.lines.get(f"then.{name}", row.line)
            message = phrase("%(text)s %(told)s", text=repr(value), told=told)
            yield Issue(RULE, "warning", message, subject.table.file, line, row.id, name, phrase("Type it anew."))


def _empty_ranges(text: str) -> Iterator[tuple[str, str]]:
    try:
        tests = parse_unary(text)
    except (NotUnary, BadCell):
        return
    for each in _ranges(tests):
        low, high = literal(each.low), literal(each.high)
        written = f"{'[' if each.low_in else '('}{low}..{high}{']' if each.high_in else ')'}"
        if each.low > each.high:  # type: ignore[operator]  # both of one type, as the parser saw to
            yield (
                phrase("the range %(written)s is empty: its ends are the wrong way round", written=written),
                phrase("Write [%(high)s..%(low)s].", high=high, low=low),
            )
        elif each.low == each.high and not (each.low_in and each.high_in):
            yield (
                phrase("the range %(written)s is empty: it leaves out its only value", written=written),
                phrase("Write %(low)s.", low=low),
            )


def _ranges(tests: Iterable[Test]) -> Iterator[Range]:
    for test in tests:
        if isinstance(test, Range):
            yield test
        elif isinstance(test, Not):
            yield from _ranges(test.tests)


def _odd_texts(text: str) -> Iterator[tuple[str, str]]:
    for token in tokens(text):
        told = _odd(token.text[1:-1]) if token.kind == "text" else ""
        if told:
            yield phrase("%(text)s %(told)s", text=token.text, told=told), phrase("Type it anew.")


def _odd(text: str) -> str:
    """What is wrong with a text that will never equal what people type, or nothing."""
    if text != text.strip():
        return phrase("begins or ends with a space")
    if not unicodedata.is_normalized("NFC", text):
        return phrase("has letters made of two characters, which equal no letter typed on a keyboard")
    hidden = next((c for c in text if unicodedata.category(c) in ("Cf", "Cc", "Co", "Zl", "Zp") or c == "\u00a0"), "")
    return phrase("holds the invisible character U+%(ord)s", ord=f"{ord(hidden):04X}") if hidden else ""
