"""Saved views: keep a list as it is, rename, share and remove one's own. Handlers answer in values; each edge turns
them into its own pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection
from starlette.requests import Request

from headgate.access import accounts_of, saved
from headgate.access.saved import SavedView
from headgate.identity.saved.bar import seen_lists
from headgate.identity.saved.values import ListTab, Shelf, ViewRow
from headgate.identity.where import Where
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound
from headgate.kernel.phrases import phrase
from headgate.ui.cookies import Notice
from headgate.ui.format import Formatter
from headgate.ui.listed import Listed, address_of_view, kept, kept_query, lost_of

KEPT = phrase("The view is saved. Its address can be sent to colleagues.")
CHANGED = phrase("The view is changed.")
DELETED = phrase("The view is deleted.")
REPLACED = phrase("The view shows the list with these filters now.")
OPENS = phrase("The list opens with this view now.")
OPENS_NO_MORE = phrase("The list opens with all of it again.")
FILTERS: Mapping[str, str] = {
    "q": phrase("Search"),
    "status": phrase("Status"),
    "partner": phrase("Partner"),
    "storefront": phrase("Storefront"),
    "exception": phrase("Exception"),
    "since": phrase("From"),
    "until": phrase("To"),
    "column": phrase("Columns"),
    "process": phrase("Process"),
    "stage": phrase("Stage"),
    "clock": phrase("Time left"),
    "scope": phrase("Whose work"),
    "actor": phrase("Who"),
    "action": phrase("Action"),
    "subject_type": phrase("About"),
    "subject": phrase("Subject"),
}


class InWords(Protocol):
    """Writes the value of a list's filter as the reader reads it."""

    def __call__(self, list_: str, name: str, value: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Keeper:
    """Somebody at the page of their views: the request, the edge's lists, and the views that they can open."""

    conn: Connection[Any]
    ctx: Context
    request: Request
    form: Mapping[str, str]
    fmt: Formatter
    where: Where
    lists: Mapping[str, Listed]
    views: Sequence[SavedView]
    in_words: InWords


@dataclass(frozen=True, slots=True)
class Shown:
    """A page."""

    shelf: Shelf
    status: int = 200


@dataclass(frozen=True, slots=True)
class Leave:
    """On to another page, with a message there."""

    href: str
    notice: Notice


class Act(Protocol):
    """What is done at one address."""

    def __call__(self, keeper: Keeper, /) -> Shown | Leave: ...


def show(keeper: Keeper) -> Shown:
    """The reader's views of a list, and the form that keeps another where the address brings one along."""
    list_ = _list(keeper, keeper.request.query_params.get("list", ""))
    return Shown(_shelf(keeper, list_, kept_query(list_, keeper.request.query_params.get("query", ""))))


def keep(keeper: Keeper) -> Shown | Leave:
    """Keep a list as it is under a name."""
    form = keeper.form
    list_ = _list(keeper, form.get("list", ""))
    query = kept_query(list_, form.get("query", ""))
    new = saved.NewView(list_, form.get("name", ""), query, form.get("shared") == "1", form.get("default") == "1")
    try:
        with keeper.conn.transaction():
            made = saved.save_view(keeper.conn, keeper.ctx, new)
    except (Invalid, Conflict, Forbidden) as error:
        return Shown(_shelf(keeper, list_, query, new, _errors(keeper, error)), 422)
    return Leave(address_of_view(made), Notice("done", keeper.fmt.say(KEPT)))


def change(keeper: Keeper) -> Leave:
    """Rename a view, share it or no more, open the list with it or no more."""
    form = keeper.form
    shared, default = form.get("shared") == "1", form.get("default") == "1"
    try:
        with keeper.conn.transaction():
            found = saved.change_view(
                keeper.conn, keeper.ctx, _view(keeper), form.get("name", ""), shared=shared, default=default
            )
    except (Invalid, Conflict, Forbidden) as error:
        return _refused(keeper, form.get("list", ""), error)
    return Leave(keeper.where.saved_views_of(found.list), Notice("done", keeper.fmt.say(CHANGED)))


def replace(keeper: Keeper) -> Leave:
    """Let a view show the list as it is filtered now."""
    list_ = _list(keeper, keeper.form.get("list", ""))
    query = kept_query(list_, keeper.form.get("query", ""))
    if not any(view.view == _view(keeper) and view.list == list_ for view in keeper.views):
        raise NotFound("there is no such view of this list among yours")
    try:
        with keeper.conn.transaction():
            found = saved.replace_filters(keeper.conn, keeper.ctx, _view(keeper), query)
    except Invalid as error:
        return _refused(keeper, list_, error)
    return Leave(address_of_view(found), Notice("done", keeper.fmt.say(REPLACED)))


def open_with(keeper: Keeper) -> Leave:
    """Let the list open with a colleague's view, or no more."""
    chosen = keeper.form.get("chosen") == "1"
    found = saved.open_with(keeper.conn, keeper.ctx, _view(keeper), chosen=chosen)
    said = keeper.fmt.say(OPENS if chosen else OPENS_NO_MORE)
    return Leave(keeper.where.saved_views_of(found.list), Notice("done", said))


def delete(keeper: Keeper) -> Leave:
    """Remove a view."""
    found = saved.delete_view(keeper.conn, keeper.ctx, _view(keeper))
    return Leave(keeper.where.saved_views_of(found.list), Notice("done", keeper.fmt.say(DELETED)))


def filters_in_words(keeper: Keeper, list_: str, query: str) -> tuple[tuple[str, str], ...]:
    """Each filter of a query by its label, with its values."""
    found: dict[str, list[str]] = {}
    for name, value in kept(list_, query):
        found.setdefault(name, []).append(keeper.in_words(list_, name, value))
    return tuple((keeper.fmt.say(FILTERS[name]), ", ".join(values)) for name, values in found.items())


def _view(keeper: Keeper) -> UUID:
    try:
        return UUID(str(keeper.request.path_params["view"]))
    except ValueError:
        raise NotFound("there is nothing under this address") from None


def _list(keeper: Keeper, name: str) -> str:
    """The list asked for, or the first that the reader may see. Raises `NotFound` where there is none."""
    allowed = seen_lists(keeper.lists, keeper.ctx.principal.permissions)
    if not allowed or (name and name not in allowed):
        raise NotFound("there is no such list for you")
    return name or allowed[0]


def _refused(keeper: Keeper, list_: str, error: HeadgateError) -> Leave:
    (said,) = _errors(keeper, error).values()
    return Leave(keeper.where.saved_views_of(list_), Notice("risk", said))


def _errors(keeper: Keeper, error: HeadgateError) -> dict[str, str]:
    """What is wrong, at its field where there is one."""
    problem = next(iter(error.problems), None)
    if problem is None:
        return {"name" if isinstance(error, Conflict) else "shared": keeper.fmt.say(error.message)}
    return {problem.field: keeper.fmt.say(problem.fix)}


def _shelf(
    keeper: Keeper,
    list_: str,
    query: str,
    typed: saved.NewView | None = None,
    errors: Mapping[str, str] | None = None,
) -> Shelf:
    rows, where, me = _rows(keeper, list_), keeper.where, keeper.ctx.principal
    return Shelf(
        where=where,
        list=list_,
        label=keeper.fmt.say(keeper.lists[list_].label),
        back=keeper.lists[list_].path,
        tabs=tuple(
            ListTab(keeper.lists[name].label, where.saved_views_of(name), name == list_)
            for name in seen_lists(keeper.lists, me.permissions)
        ),
        own=tuple(row for row in rows if not row.owner),
        others=tuple(row for row in rows if row.owner),
        can_share=saved.may_share(me),
        query=query,
        filters=filters_in_words(keeper, list_, query),
        name=typed.name if typed else "",
        shared=typed.shared if typed else False,
        is_default=typed.is_default if typed else False,
        errors=errors or {},
    )


def _rows(keeper: Keeper, list_: str) -> tuple[ViewRow, ...]:
    """The views of a list, each with whose it is where that is a colleague."""
    me = keeper.ctx.principal
    views = [view for view in keeper.views if view.list == list_]
    owners = accounts_of(keeper.conn, sorted({view.owner for view in views} - {me.id}), keeper.ctx.now)
    return tuple(
        ViewRow(
            view=view.view,
            name=view.name,
            href=address_of_view(view),
            filters=filters_in_words(keeper, list_, view.query),
            shared=view.shared,
            is_default=view.is_default,
            lost=lost_of(view),
            owner=""
            if view.owner == me.id
            else _name(view.owner, owners[view.owner].name if view.owner in owners else ""),
            can_delete=view.owner == me.id or saved.may_remove(me),
        )
        for view in views
    )


def _name(owner: str, name: str) -> str:
    return name or owner.removeprefix("user:")


@dataclass(frozen=True, slots=True)
class Way:
    """An address of the pages of saved views."""

    method: str
    path: str
    act: Act


def ways(where: Where) -> tuple[Way, ...]:
    """Every address of the pages of saved views."""
    return (
        Way("GET", where.saved_views, show),
        Way("POST", where.saved_views, keep),
        Way("POST", where.saved_view("{view}"), change),
        Way("POST", where.saved_view_delete("{view}"), delete),
        Way("POST", where.saved_view_filters("{view}"), replace),
        Way("POST", where.saved_view_open("{view}"), open_with),
    )
