"""Saved views in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from headgate.console.present.lens import Lens
from headgate.console.present.orders import COLUMNS
from headgate.console.present.returns import VIEWS
from headgate.console.present.work import SCOPES
from headgate.ui.actions import acted
from headgate.ui.words import STATES, humanise

_KINDS = {"orders": "order", "cases": "case", "deals": "deal", "returns": "rma"}

# Lists of returns that show several statuses.
RETURNS: Mapping[str, str] = {name: label for name, label, statuses in VIEWS if len(statuses) > 1}


def in_words(lens: Lens, list_: str, name: str, value: str) -> str:
    """The value of a filter of a list."""
    say = lens.fmt.say
    if name in ("since", "until"):
        return lens.fmt.day(date.fromisoformat(value))
    if name == "status":
        if list_ == "returns" and value in RETURNS:
            return say(RETURNS[value])
        word = STATES[_KINDS[list_]].get(value)
        return say(word.label if word is not None else humanise(value))
    if name == "scope":
        return say(SCOPES[value])
    if name == "column":
        return say(COLUMNS[value])
    if name == "action":
        return say(acted(value))
    return say(humanise(value)) if name in ("exception", "clock", "process", "stage", "subject_type") else value
