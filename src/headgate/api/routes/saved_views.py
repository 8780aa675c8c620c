"""Saved views of lists: the caller's own and those that colleagues share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection
from pydantic import Field, StringConstraints

from headgate.access import saved
from headgate.api.auth import Caller, SavedViews
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf, Shape
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.parameters import Code
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import NotFound, invalid
from headgate.ui.listed import LISTS, LONGEST_TEXT, MOST_PARAMETERS, SEVERAL, address_of_view, kept, kept_query, lost_of

router = APIRouter(route_class=StrictRoute, tags=["saved views"])
ViewPath = Annotated[UUID, Path()]
ListName = Literal["orders", "cases", "work", "deals", "returns", "partners", "audit"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=saved.LONGEST_NAME, pattern=r"^[^\u0000]*$")]
Value = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=r"^[^\u0000]*$")]
Filters = dict[Code, list[Value]]
Texts = list[str]
Shown = dict[str, list[str]]
_FILTERS = "Values by name of the filter, as the address of the list has them; only `column` takes several."


class SaveView(Body):
    """A list with filters, under a name."""

    list: ListName
    name: Name
    filters: Filters = Field(min_length=1, max_length=MOST_PARAMETERS, description=_FILTERS)
    shared: bool = Field(default=False, description="All staff see it; takes a role that leads others' work.")
    default: bool = Field(default=False, description="The caller's list opens with it.")


class ChangeView(Body):
    """What shall change of a view of the caller's own; what is left out stays."""

    name: Name | None = None
    filters: Filters | None = Field(default=None, min_length=1, max_length=MOST_PARAMETERS, description=_FILTERS)
    shared: bool | None = None
    default: bool | None = None


class OpenWith(Body):
    """Whether the caller's list opens with a colleague's view."""

    chosen: bool


class DeleteView(Body):
    """Nothing needs to be said."""


class ViewView(Shape):
    """A saved view."""

    view: UUID
    list: ListName
    name: str
    filters: Shown
    lost: Texts = Field(description="Filters of it that the list does not have any more; they are left out.")
    path: str = Field(description="Where the console shows it.")
    owner: str
    shared: bool
    default: bool = Field(description="Whether the caller's list opens with it.")


@router.get("/saved-views", responses=problems(*READ))
def list_saved_views(
    caller: SavedViews, list_: Annotated[ListName | None, Query(alias="list", description="Of this list only.")] = None
) -> PageOf[ViewView]:
    """The caller's own views, then those that colleagues share, of lists that the caller may see; at most 250."""
    with caller.reading() as conn:
        found = _seen(conn, caller)
    return PageOf(items=[_view(each) for each in found if list_ in (None, each.list)])


@router.post("/saved-views", status_code=201, response_model=ViewView, responses=problems(*WRITE))
def save_saved_view(request: Request, caller: SavedViews, body: SaveView, once: Once = None) -> Response:
    """Keep a list with its filters under a name."""
    _expect_seen(caller, body.list)
    query = _query(body.list, body.filters)

    def act(conn: Connection[Any]) -> ViewView:
        new = saved.NewView(body.list, body.name, query, body.shared, body.default)
        return _view(saved.save_view(conn, caller.ctx, new))

    return write_once(request, caller, once, body, act, status=201)


@router.patch("/saved-views/{view}", response_model=ViewView, responses=problems(*WRITE))
def change_saved_view(
    request: Request, caller: SavedViews, view: ViewPath, body: ChangeView, once: Once = None
) -> Response:
    """Rename a view of one's own, give it other filters, share it or no more, open the list with it or no more."""

    def act(conn: Connection[Any]) -> ViewView:
        found = _one(conn, caller, view, own=True)
        if body.filters is not None:
            saved.replace_filters(conn, caller.ctx, view, _query(found.list, body.filters))
        saved.change_view(
            conn,
            caller.ctx,
            view,
            found.name if body.name is None else body.name,
            shared=found.shared if body.shared is None else body.shared,
            default=found.is_default if body.default is None else body.default,
        )
        return _view(_one(conn, caller, view, own=True))

    return write_once(request, caller, once, body, act)


@router.post("/saved-views/{view}/open", response_model=ViewView, responses=problems(*WRITE))
def open_with_saved_view(
    request: Request, caller: SavedViews, view: ViewPath, body: OpenWith, once: Once = None
) -> Response:
    """Let the caller's list open with a view that a colleague shares, or no more."""

    def act(conn: Connection[Any]) -> ViewView:
        _one(conn, caller, view, own=False)
        return _view(saved.open_with(conn, caller.ctx, view, chosen=body.chosen))

    return write_once(request, caller, once, body, act)


@router.post("/saved-views/{view}/delete", response_model=ViewView, responses=problems(*WRITE))
def delete_saved_view(
    request: Request, caller: SavedViews, view: ViewPath, body: DeleteView, once: Once = None
) -> Response:
    """Remove a view of one's own, also for those who were shown it; administrators remove whatever is shared."""

    def act(conn: Connection[Any]) -> ViewView:
        _one(conn, caller, view, own=False)
        return _view(saved.delete_view(conn, caller.ctx, view))

    return write_once(request, caller, once, body, act)


def _seen(conn: Connection[Any], caller: Caller) -> list[saved.SavedView]:
    """The views of lists that the caller may see."""
    return [each for each in saved.views_of(conn, caller.ctx) if each.list in LISTS and _sees(caller, each.list)]


def _one(conn: Connection[Any], caller: Caller, view: UUID, *, own: bool) -> saved.SavedView:
    found = next((each for each in _seen(conn, caller) if each.view == view), None)
    if found is None or (own and found.owner != caller.ctx.principal.id):
        raise NotFound("there is no such view among yours")
    return found


def _sees(caller: Caller, list_: str) -> bool:
    return not caller.ctx.principal.permissions.isdisjoint(LISTS[list_].needs)


def _expect_seen(caller: Caller, list_: str) -> None:
    if not _sees(caller, list_):
        raise NotFound("there is no such list for you")


def _query(list_: str, filters: Mapping[str, list[str]]) -> str:
    """The filters as they stand in an address. Raises `Invalid` for what the list does not know: a view that shows
    something else than was asked for is worse than none."""
    known = LISTS[list_].filters
    for name, values in filters.items():
        field = f"filters.{name}"
        if name not in known:
            raise invalid(field, name, f"is no filter of {list_}", f"Use some of {', '.join(known)}.")
        if len(values) != 1 and name != SEVERAL:
            raise invalid(field, len(values), "are not one value", "Give one value.")
        for value in values:
            if not known[name](value):
                raise invalid(field, value, "is nothing that this filter takes", "Take it from the list's address.")
    pairs = [(name, value) for name, values in filters.items() for value in values]
    return kept_query(list_, urlencode(pairs))


def _view(found: saved.SavedView) -> ViewView:
    filters: dict[str, list[str]] = {}
    for name, value in kept(found.list, found.query):
        filters.setdefault(name, []).append(value)
    return ViewView.model_validate(
        {
            "view": found.view,
            "list": found.list,
            "name": found.name,
            "filters": filters,
            "lost": list(lost_of(found)),
            "path": address_of_view(found),
            "owner": found.owner,
            "shared": found.shared,
            "default": found.is_default,
        }
    )
