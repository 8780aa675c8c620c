"""Keep, change and remove saved views. Everybody has their own; a shared one is shown to all colleagues, and only its
owner changes it: to all staff, or in a portal to the people of the same partner. What is shared, and what happens to
it, stands in the audit chain; one's own views are nobody else's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from headgate.access.recording import record
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

MOST = 50
LONGEST_NAME = 60
LONGEST_QUERY = 2000
_MOST_SHOWN = 250
# Who leads the work of others: administers, steps into cases or decides; at a partner, who looks after its people.
_LEADS = frozenset({"admin", "cases.intervene", "approvals.decide"})
_LEADS_PARTNER = frozenset({"portal.users"})

TAKEN = phrase("You have a view of this name already. Choose another name.")
TOO_MANY = phrase("You have as many views as one can have. Delete one first.")
NO_NAME = phrase("Write a name of 1 to 60 characters.")
NO_FILTER = phrase("Set a filter first; there is nothing to keep yet.")
TOO_LONG = phrase("These filters are too long to keep. Leave some out.")
NOT_YOURS = phrase("Your roles do not let you share views.")

_FIELDS = "view, owner, list, name, query, shared, is_default"
_COLLEAGUES = "partner is not distinct from %(partner)s"
# One's own first, then those that others share. What another's list opens with says nothing about one's own.
_VISIBLE = f"""
select v.view, v.owner, v.list, v.name, v.query, v.shared,
       case when v.owner = %(me)s then v.is_default else c.view is not null end as is_default
from saved_views v
left join saved_view_choices c on c.principal = %(me)s and c.list = v.list and c.view = v.view
where v.{_COLLEAGUES} and (v.owner = %(me)s or v.shared)
order by v.owner <> %(me)s, v.list, lower(v.name), v.view limit %(most)s
"""
_FOUND = f"select {_FIELDS} from saved_views where view = %(view)s and {_COLLEAGUES} for update"
_COUNT = "select count(*) from saved_views where owner = %(me)s"
_ADD = f"""
insert into saved_views ({_FIELDS}, partner, changed_at) values
  (%(view)s, %(me)s, %(list)s, %(name)s, %(query)s, %(shared)s, %(default)s, %(partner)s, %(now)s)
on conflict (tenant_id, owner, list, name) do nothing returning view
"""
_CHANGE = """
update saved_views set name = %(name)s, shared = %(shared)s, is_default = %(default)s, changed_at = %(now)s
where view = %(view)s
"""
_REPLACE = "update saved_views set query = %(query)s, changed_at = %(now)s where view = %(view)s"
_NO_OTHER_DEFAULT = """
with other as (delete from saved_view_choices where principal = %(me)s and list = %(list)s and view <> %(view)s)
update saved_views set is_default = false
where owner = %(me)s and list = %(list)s and is_default and view <> %(view)s
"""
_CHOOSE = """
insert into saved_view_choices (principal, list, view) values (%(me)s, %(list)s, %(view)s)
on conflict (tenant_id, principal, list) do update set view = excluded.view
"""
_UNCHOOSE = "delete from saved_view_choices where principal = %(me)s and list = %(list)s and view = %(view)s"


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view of a list. `query` is what stands behind the question mark of its address; `shared`: colleagues
    see it; `is_default`: the list of whoever asked (else of its owner) opens with it."""

    view: UUID
    owner: str
    list: str
    name: str
    query: str
    shared: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class NewView:
    """What somebody wants to keep; whoever asks has looked at list and query."""

    list: str
    name: str
    query: str
    shared: bool = False
    is_default: bool = False


def may_share(principal: Principal) -> bool:
    """Whether somebody may show their views to colleagues."""
    return not principal.permissions.isdisjoint(_LEADS if principal.partner is None else _LEADS_PARTNER)


def may_remove(principal: Principal) -> bool:
    """Whether somebody may take away what colleagues share, for its owner may have left."""
    return ("admin" if principal.partner is None else "portal.users") in principal.permissions


def views_of(conn: Connection, ctx: Context) -> list[SavedView]:
    """One's own views and those that colleagues share, at most 250."""
    me = ctx.principal
    with conn.cursor(row_factory=class_row(SavedView)) as cursor:
        return cursor.execute(_VISIBLE, {"me": me.id, "partner": me.partner, "most": _MOST_SHOWN}).fetchall()


def save_view(conn: Connection, ctx: Context, new: NewView) -> SavedView:
    """Keep a view. Raises `Invalid`, `Conflict` (the name is taken, or there are too many), `Forbidden` (to share)."""
    name = _checked(ctx, new.name, shared=new.shared)
    _check_query(new.query)
    me, view = ctx.principal.id, new_id(ctx.now)
    (count,) = conn.execute(_COUNT, {"me": me}).fetchone() or (0,)
    if count >= MOST:
        raise Conflict(TOO_MANY)
    values = {"view": view, "me": me, "list": new.list, "name": name, "query": new.query}
    more = {"shared": new.shared, "default": new.is_default, "partner": ctx.principal.partner, "now": ctx.now}
    if conn.execute(_ADD, values | more).fetchone() is None:
        raise Conflict(TAKEN)
    if new.is_default:
        conn.execute(_NO_OTHER_DEFAULT, values)
    kept = SavedView(view, me, new.list, name, new.query, new.shared, new.is_default)
    if kept.shared:
        _note(conn, ctx, "saved_view.shared", kept)
    return kept


def change_view(conn: Connection, ctx: Context, view: UUID, name: str, *, shared: bool, default: bool) -> SavedView:
    """Rename one's own view, share it or no more, make it the one that the list opens with. Its state before.

    Raises `NotFound` for another's, `Invalid`, `Conflict` and `Forbidden` as `save_view` does."""
    found = _found(conn, ctx, view)
    name = _checked(ctx, name, shared=shared)
    values = {"view": view, "me": found.owner, "list": found.list, "name": name}
    try:
        with conn.transaction():
            conn.execute(_CHANGE, values | {"shared": shared, "default": default, "now": ctx.now})
    except UniqueViolation:
        raise Conflict(TAKEN) from None
    if default:
        conn.execute(_NO_OTHER_DEFAULT, values)
    after = SavedView(view, found.owner, found.list, name, found.query, shared, default)
    if found.shared and not shared:
        _note(conn, ctx, "saved_view.unshared", after)
    elif shared and not found.shared:
        _note(conn, ctx, "saved_view.shared", after)
    elif shared and name != found.name:
        _note(conn, ctx, "saved_view.renamed", after)
    return found


def replace_filters(conn: Connection, ctx: Context, view: UUID, query: str) -> SavedView:
    """Let one's own view show something else from now on, also to those who are shown it. Its state afterwards.

    Raises `NotFound` for another's and `Invalid`; whoever asks has looked at the query."""
    found = _found(conn, ctx, view)
    _check_query(query)
    after = replace(found, query=query)
    if query != found.query:
        conn.execute(_REPLACE, {"view": view, "query": query, "now": ctx.now})
        if found.shared:
            _note(conn, ctx, "saved_view.filters_replaced", after, before=found.query)
    return after


def open_with(conn: Connection, ctx: Context, view: UUID, *, chosen: bool) -> SavedView:
    """Let one's list open with a view that a colleague shares, or no more. Raises `NotFound` where nobody shares it."""
    found = _look_up(conn, ctx, view)
    if found is None or not found.shared or found.owner == ctx.principal.id:
        raise NotFound("there is no such view that colleagues share")
    values = {"view": view, "me": ctx.principal.id, "list": found.list}
    conn.execute(_CHOOSE if chosen else _UNCHOOSE, values)
    if chosen:
        conn.execute(_NO_OTHER_DEFAULT, values)
    return replace(found, is_default=chosen)


def delete_view(conn: Connection, ctx: Context, view: UUID) -> SavedView:
    """Remove one's own view, also for those who were shown it; administrators remove whatever is shared, for its owner
    may have left. Raises `NotFound`."""
    found = _found(conn, ctx, view, shared=may_remove(ctx.principal))
    conn.execute("delete from saved_views where view = %s", (view,))
    if found.shared:
        _note(conn, ctx, "saved_view.deleted", found)
    return found


def _checked(ctx: Context, name: str, *, shared: bool) -> str:
    words = " ".join(name.split())
    if not words or len(words) > LONGEST_NAME or not words.isprintable():
        raise invalid("name", words[:80], "is no name", NO_NAME)
    if shared and not may_share(ctx.principal):
        raise Forbidden(NOT_YOURS)
    return words


def _check_query(query: str) -> None:
    if not query:
        raise invalid("query", "", "is empty", NO_FILTER)
    if len(query) > LONGEST_QUERY:
        raise invalid(
            "query",
            query[:80],
            phrase("has more than %(longest_query)s characters", longest_query=LONGEST_QUERY),
            TOO_LONG,
        )


def _found(conn: Connection, ctx: Context, view: UUID, *, shared: bool = False) -> SavedView:
    """One's own view, or with `shared` any that is shared; locked."""
    found = _look_up(conn, ctx, view)
    if found is None or not (found.owner == ctx.principal.id or (shared and found.shared)):
        raise NotFound("there is no such view among yours")
    return found


def _look_up(conn: Connection, ctx: Context, view: UUID) -> SavedView | None:
    with conn.cursor(row_factory=class_row(SavedView)) as cursor:
        return cursor.execute(_FOUND, {"view": view, "partner": ctx.principal.partner}).fetchone()


def _note(conn: Connection, ctx: Context, action: str, view: SavedView, **more: str) -> None:
    record(conn, ctx, action, "saved_view", str(view.view), list=view.list, name=view.name, query=view.query, **more)
