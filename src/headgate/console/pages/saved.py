"""Saved views: keep a list as it is, rename, share and remove one's own."""

from __future__ import annotations

from headgate.access import saved
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present.saved import in_words, view_rows
from headgate.console.saved import views_for
from headgate.console.views.common import FormError, Notice, Tab
from headgate.console.views.saved import SavedViewsView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound
from headgate.ui.listed import LISTS, NEEDS, address_of_view, kept_query

# What is said after an act, and what can be wrong with one; pages say it in the reader's language.
KEPT = "The view is saved. Its address can be sent to colleagues."
CHANGED = "The view is changed."
DELETED = "The view is deleted."
REPLACED = "The view shows the list with these filters now."
OPENS = "The list opens with this view now."
OPENS_NO_MORE = "The list opens with all of it again."
WORDS = (
    *(KEPT, CHANGED, DELETED, REPLACED, OPENS, OPENS_NO_MORE),
    *(saved.TAKEN, saved.TOO_MANY, saved.NO_NAME, saved.NO_FILTER, saved.TOO_LONG, saved.NOT_YOURS),
)


def show(visit: Visit) -> Answer:
    """The reader's views of a list, and the form that keeps another where the address brings one along."""
    list_ = _list(visit, visit.text("list"))
    return _view(visit, list_, kept_query(list_, visit.request.query_params.get("query", "")))


def keep(visit: Visit) -> Answer:
    """Keep a list as it is under a name."""
    form = visit.form
    list_ = _list(visit, form.get("list", ""))
    query = kept_query(list_, form.get("query", ""))
    new = saved.NewView(list_, form.get("name", ""), query, form.get("shared") == "1", form.get("default") == "1")
    try:
        with visit.conn.transaction():
            made = saved.save_view(visit.conn, visit.ctx, new)
    except (Invalid, Conflict, Forbidden) as error:
        return Shown(_view(visit, list_, query, new, _errors(visit, error)), 422)
    return Go(address_of_view(made), Notice("done", visit.lens.fmt.say(KEPT)))


def change(visit: Visit) -> Answer:
    """Rename a view, share it or no more, open the list with it or no more."""
    form, say = visit.form, visit.lens.fmt.say
    shared, default = form.get("shared") == "1", form.get("default") == "1"
    try:
        with visit.conn.transaction():
            found = saved.change_view(
                visit.conn, visit.ctx, visit.uuid("view"), form.get("name", ""), shared=shared, default=default
            )
    except (Invalid, Conflict, Forbidden) as error:
        (wrong,) = _errors(visit, error)
        return Go(urls.saved_views(form.get("list", "")), Notice("risk", wrong.message))
    return Go(urls.saved_views(found.list), Notice("done", say(CHANGED)))


def replace(visit: Visit) -> Answer:
    """Let a view show the list as it is filtered now."""
    list_ = _list(visit, visit.form.get("list", ""))
    query = kept_query(list_, visit.form.get("query", ""))
    if not any(view.view == visit.uuid("view") and view.list == list_ for view in views_for(visit)):
        raise NotFound("there is no such view of this list among yours")
    try:
        with visit.conn.transaction():
            found = saved.replace_filters(visit.conn, visit.ctx, visit.uuid("view"), query)
    except Invalid as error:
        (wrong,) = _errors(visit, error)
        return Go(urls.saved_views(list_), Notice("risk", wrong.message))
    return Go(address_of_view(found), Notice("done", visit.lens.fmt.say(REPLACED)))


def open_with(visit: Visit) -> Answer:
    """Let the list open with a colleague's view, or no more."""
    chosen = visit.form.get("chosen") == "1"
    found = saved.open_with(visit.conn, visit.ctx, visit.uuid("view"), chosen=chosen)
    said = visit.lens.fmt.say(OPENS if chosen else OPENS_NO_MORE)
    return Go(urls.saved_views(found.list), Notice("done", said))


def delete(visit: Visit) -> Answer:
    """Remove a view."""
    found = saved.delete_view(visit.conn, visit.ctx, visit.uuid("view"))
    return Go(urls.saved_views(found.list), Notice("done", visit.lens.fmt.say(DELETED)))


def _list(visit: Visit, name: str) -> str:
    """The list asked for, or the first that the reader may see. Raises `NotFound` where there is none."""
    allowed = [each for each, listed in LISTS.items() if visit.may(*listed.needs)]
    if not allowed or (name and name not in allowed):
        raise NotFound("there is no such list for you")
    return name or allowed[0]


def _errors(visit: Visit, error: HeadgateError) -> tuple[FormError, ...]:
    """What is wrong, at its field where there is one."""
    problem = next(iter(error.problems), None)
    if problem is None:
        return (FormError("name" if isinstance(error, Conflict) else "shared", visit.lens.fmt.say(error.message)),)
    return (FormError(problem.field, visit.lens.fmt.say(problem.fix)),)


def _view(
    visit: Visit, list_: str, query: str, typed: saved.NewView | None = None, errors: tuple[FormError, ...] = ()
) -> SavedViewsView:
    views = [view for view in views_for(visit) if view.list == list_]
    names = names_of(visit, people={view.owner for view in views if view.owner != visit.me.id})
    rows, say = view_rows(views, names, visit.lens), visit.lens.fmt.say
    return SavedViewsView(
        list=list_,
        label=say(LISTS[list_].label),
        back=LISTS[list_].path,
        tabs=tuple(
            Tab(listed.label, urls.saved_views(name), None, name == list_)
            for name, listed in LISTS.items()
            if visit.may(*listed.needs)
        ),
        own=tuple(row for row in rows if not row.owner),
        others=tuple(row for row in rows if row.owner),
        can_share=not visit.me.permissions.isdisjoint(saved.MAY_SHARE),
        query=query,
        filters=in_words(list_, query, visit.lens),
        name=typed.name if typed else "",
        shared=typed.shared if typed else False,
        is_default=typed.is_default if typed else False,
        errors=errors,
    )


DOORS = (
    Door("GET", urls.SAVED_VIEWS, NEEDS, show),
    Door("POST", urls.SAVED_VIEWS, NEEDS, keep),
    Door("POST", urls.saved_view("{view}"), NEEDS, change),
    Door("POST", urls.saved_view_delete("{view}"), NEEDS, delete),
    Door("POST", urls.saved_view_filters("{view}"), NEEDS, replace),
    Door("POST", urls.saved_view_open("{view}"), NEEDS, open_with),
)
