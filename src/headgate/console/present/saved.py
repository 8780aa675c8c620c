"""Saved views in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from headgate.access.saved import SavedView
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.orders import COLUMNS
from headgate.console.present.returns import VIEWS
from headgate.console.present.work import SCOPES
from headgate.console.views.saved import ViewRow
from headgate.ui.actions import acted
from headgate.ui.listed import address_of_view, kept, lost_of
from headgate.ui.words import STATES, humanise

FILTERS: Mapping[str, str] = {
    "q": "Search",
    "status": "Status",
    "partner": "Partner",
    "storefront": "Storefront",
    "exception": "Exception",
    "since": "From",
    "until": "To",
    "column": "Columns",
    "process": "Process",
    "stage": "Stage",
    "clock": "Time left",
    "scope": "Whose work",
    "actor": "Who",
    "action": "Action",
    "subject_type": "About",
    "subject": "Subject",
}
_KINDS = {"orders": "order", "cases": "case", "deals": "deal", "returns": "rma"}

# Lists of returns that show several statuses.
RETURNS: Mapping[str, str] = {name: label for name, label, statuses in VIEWS if len(statuses) > 1}


def in_words(list_: str, query: str, lens: Lens) -> tuple[tuple[str, str], ...]:
    """Each filter of a query by its label, with its values."""
    found: dict[str, list[str]] = {}
    for name, value in kept(list_, query):
        found.setdefault(name, []).append(_value(list_, name, value, lens))
    return tuple((lens.fmt.say(FILTERS[name]), ", ".join(values)) for name, values in found.items())


def view_rows(views: Sequence[SavedView], names: Names, lens: Lens) -> tuple[ViewRow, ...]:
    """The views of a list."""
    admin = lens.may("admin")
    return tuple(
        ViewRow(
            view=view.view,
            name=view.name,
            href=address_of_view(view),
            filters=in_words(view.list, view.query, lens),
            shared=view.shared,
            is_default=view.is_default,
            lost=lost_of(view),
            owner="" if view.owner == lens.me.id else names.person(view.owner).name,
            can_delete=view.owner == lens.me.id or admin,
        )
        for view in views
    )


def _value(list_: str, name: str, value: str, lens: Lens) -> str:
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
