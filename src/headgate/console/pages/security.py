"""Security: what a tenant's administrators ask of sign-ins."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.access import list_custom_roles, security_of, set_security
from headgate.access.federation import get_rules, set_rules
from headgate.access.mfa.factors import people_without
from headgate.console import urls
from headgate.console.present.security import PASSWORDS, mark_of, security_view, typed_rules
from headgate.console.views.common import Notice
from headgate.console.views.security import SecurityView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Invalid, Stale
from headgate.kernel.phrases import sentence
from headgate.ui.web import problem_told

ADMIN = ("admin",)


def show(visit: Visit) -> Answer:
    """The rules in force."""
    return _page(visit)


def save(visit: Visit) -> Answer:
    """Put what was typed in force; nothing of it where a part is refused."""
    try:
        with visit.conn.transaction():
            wanted = typed_rules(visit.form)
            passwords = get_rules(visit.conn)
            if visit.form.get("seen") != mark_of(security_of(visit.conn), passwords):
                raise Stale("somebody changed these rules meanwhile; load the page again")
            allowed = PASSWORDS in visit.form
            if allowed:  # opened before and closed after the rest, so that no order of the form is in its own way
                _set_passwords(visit, allowed=True)
            set_security(visit.conn, visit.ctx, wanted)
            if not allowed:
                _set_passwords(visit, allowed=False)
    except Invalid as error:
        told = {p.field: problem_told(p) for p in error.problems}
        return Shown(_page(visit, told), 422)
    except Conflict as error:
        return Shown(_page(visit, {"": sentence(error.message)}), 409)
    said = visit.lens.fmt.say("The rules are in force. They count from the next request on.")
    return Go(urls.SECURITY, Notice("done", said))


def _set_passwords(visit: Visit, *, allowed: bool) -> None:
    now_in = get_rules(visit.conn)
    if now_in.passwords != allowed:
        set_rules(visit.conn, visit.ctx, passwords=allowed, break_glass=now_in.break_glass)


def _page(visit: Visit, errors: Mapping[str, str] | None = None) -> SecurityView:
    return security_view(
        security_of(visit.conn),
        get_rules(visit.conn),
        list_custom_roles(visit.conn),
        people_without(visit.conn, visit.now),
        visit.tenant.currency,
        visit.form if errors else None,
        errors,
    )


DOORS = (
    Door("GET", urls.SECURITY, ADMIN, show),
    Door("POST", urls.SECURITY, ADMIN, save, fresh=True),
)
