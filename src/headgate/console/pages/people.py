"""People and roles: the list, and one person with why they may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from headgate.access import (
    grant_role,
    list_custom_roles,
    permissions_by_role,
    revoke_role,
)
from headgate.access.duties import conflicts_of, get_holder, list_holders
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import people as present
from headgate.console.present.approving import in_words, named_in
from headgate.console.views.common import Notice
from headgate.console.views.people import PeopleView, PersonView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import DutyConflict, HeadgateError, Invalid, invalid
from headgate.kernel.phrases import phrase
from headgate.ui.words import humanise

PAGE = 50
READ, GRANT = ("admin", "audit.read"), ("admin",)


def show_all(visit: Visit) -> Answer:
    """Accounts with their roles, a page at a time."""
    own = list_custom_roles(visit.conn)
    options = present.role_options(own)
    role = visit.choice("role", {option.value for option in options})
    text = visit.text("q")
    (after,) = decode_cursor(visit.cursor(), 1)
    found = list_holders(visit.conn, text=text, role=role, after=after, limit=PAGE + 1)
    kept = found[:PAGE]
    names = names_of(visit, partners={each.partner for each in kept if each.partner})
    rows = present.person_rows(kept, conflicts_of(visit.conn, kept, visit.now), names, own, visit.now)
    more = visit.further(urls.PEOPLE, encode_cursor(kept[-1].principal) if len(found) > PAGE else "")
    return PeopleView(rows, text, role, options, more)


def show(visit: Visit) -> Answer:
    """One account."""
    return _person(visit)


def grant(visit: Visit) -> Answer:
    """Grant a role until a day, or for good."""
    principal, role, until = visit.code("person"), visit.form.get("role", ""), visit.form.get("until", "").strip()

    def act() -> str:
        end = None
        if until:
            try:
                end = visit.midnight(datetime.fromisoformat(until).date() + timedelta(days=1))
            except (ValueError, OverflowError):
                raise invalid("until", until, "is not a date", "Write it like 2026-03-31.") from None
        grant_role(visit.conn, visit.ctx, principal, role, valid_until=end)
        if until:
            return phrase("%(role)s is granted until %(until)s.", role=humanise(role), until=until)
        return phrase("%(role)s is granted.", role=humanise(role))

    return _changed(visit, principal, act, role=role, until=until)


def revoke(visit: Visit) -> Answer:
    """Take a role away at once."""
    principal, role = visit.code("person"), visit.form.get("role", "")

    def act() -> str:
        revoke_role(visit.conn, visit.ctx, principal, role)
        return phrase("%(role)s is taken away.", role=humanise(role))

    return _changed(visit, principal, act)


def _changed(visit: Visit, principal: str, act: Callable[[], str], role: str = "", until: str = "") -> Answer:
    try:
        with visit.conn.transaction():
            said = act()
    except (DutyConflict, Invalid) as error:
        return Shown(_person(visit, error, role, until), 422)
    return Go(urls.person(principal), Notice("done", said))


def _person(visit: Visit, error: HeadgateError | None = None, chosen: str = "", until: str = "") -> PersonView:
    holder = get_holder(visit.conn, visit.code("person"))
    own = list_custom_roles(visit.conn)
    granters = {held.granted_by for held in holder.grants}
    named = set() if error is None else named_in(str(error.message))
    names = names_of(visit, people=granters | named, partners=[holder.partner] if holder.partner else [])
    return present.person_page(
        holder,
        permissions_by_role(visit.conn, [held.role for held in holder.grants]),
        conflicts_of(visit.conn, [holder], visit.now).get(holder.principal, ()),
        own,
        names,
        visit.now,
        may_grant=visit.may("admin") and holder.principal != visit.me.id,
        error="" if error is None else in_words(error.message, names),
        chosen=chosen,
        until=until,
    )


DOORS = (
    Door("GET", urls.PEOPLE, READ, show_all),
    Door("GET", urls.person("{person}"), READ, show),
    Door("POST", urls.person_grant("{person}"), GRANT, grant, fresh=True),
    Door("POST", urls.person_revoke("{person}"), GRANT, revoke, fresh=True),
)
