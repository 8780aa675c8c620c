"""The words of units of measure. Symbols and codes, such as kg or C62, are the same in every language."""

from __future__ import annotations

from headgate.kernel.phrases import phrase

_WORDS: dict[str, str] = {
    each: each
    for each in (
        *(phrase("each"), phrase("piece"), phrase("unit"), phrase("box"), phrase("case"), phrase("carton")),
        *(phrase("pack"), phrase("package"), phrase("pallet"), phrase("set"), phrase("pair"), phrase("dozen")),
        *(phrase("bundle"), phrase("bag"), phrase("bottle"), phrase("can"), phrase("roll"), phrase("sheet")),
        *(phrase("minute"), phrase("hour"), phrase("day"), phrase("week"), phrase("month"), phrase("quarter")),
        *(phrase("year"), phrase("licence"), phrase("license"), phrase("user"), phrase("seat"), phrase("device")),
        *(phrase("subscription"), phrase("node"), phrase("core"), phrase("point")),
    )
}


def unit(code: str) -> str:
    """A unit as a word where it is one, which pages say in the reader's language; else its symbol or code."""
    return _WORDS.get(code, code)
