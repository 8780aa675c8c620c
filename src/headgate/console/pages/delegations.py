"""Who decides for whom while somebody is away: the list, a new one, and ending one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from headgate.access import (
    accounts_of,
    create_delegation,
    delegations_to,
    list_accounts,
    list_delegations,
    revoke_delegation,
)
from headgate.console import urls
from headgate.console.pages.approving import MOST_PEOPLE
from headgate.console.pages.loading import names_of
from headgate.console.present import approving as present
from headgate.console.views.approving import DelegationsView
from headgate.console.views.common import FormError, Notice, Option
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ui.typed import typed_number
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

ROLE = "role:"
SEES_ALL = ("admin", "audit.read")
NEEDS = ("cases.read", "admin", "audit.read")
MOST = 200
_FIELDS = {"valid_until": "until", "valid_from": "from", "max_amount": "up_to", "reason": "reason", "roles": "roles"}


def show(visit: Visit) -> Answer:
    """Delegations that are in force or to come, or all with `past`; those of others for administrators and auditors."""
    return _view(visit, {}, ())


def create(visit: Visit) -> Answer:
    """Let somebody decide for the reader or, for administrators, for somebody else."""
    form = visit.form
    try:
        made = _create(visit, form)
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        return Shown(_view(visit, form, _errors(visit, error)), 422)
    name = accounts_of(visit.conn, [made], visit.now)
    return Go(
        urls.DELEGATIONS,
        Notice("done", phrase("%(made)s can decide from then on.", made=name[made].name if made in name else made)),
    )


def _create(visit: Visit, form: Mapping[str, str]) -> str:
    delegator = form.get("delegator", "") or visit.me.id
    first, last = _day("from", form.get("from", "")), _day("until", form.get("until", ""))
    limit: Decimal | None = None
    if text := form.get("up_to", "").strip():
        try:
            limit = typed_number(text, visit.lens.fmt.locale)
        except ArithmeticError:
            raise invalid("up_to", text, "is not an amount", "Write it like 5000.00.") from None
    if not form.get("delegate"):
        raise invalid("delegate", "", "is missing", "Choose who decides instead.")
    with visit.conn.transaction():
        return create_delegation(
            visit.conn,
            visit.ctx,
            delegator=delegator,
            delegate=form["delegate"],
            roles=[name.removeprefix(ROLE) for name in form if name.startswith(ROLE)],
            valid_from=max(visit.now, visit.midnight(first)),
            valid_until=visit.midnight(last + timedelta(days=1)),
            reason=form.get("reason", ""),
            max_amount=limit,
            onward=form.get("onward") == "1",
        ).delegate


def end(visit: Visit) -> Answer:
    """End one at once."""
    revoke_delegation(visit.conn, visit.ctx, visit.uuid("delegation"))
    return Go(urls.DELEGATIONS, Notice("done", phrase("It has ended; nothing more can be decided by it.")))


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(name, text, "is not a day", "Write it like 2026-03-31.") from None


def _errors(visit: Visit, error: HeadgateError) -> tuple[FormError, ...]:
    """What is wrong, beside its field where there is one."""
    found = []
    for problem in error.problems:
        field = _FIELDS.get(problem.field, problem.field)
        known = field in ("from", "until", "up_to", "reason", "roles", "delegate")
        found.append(FormError(field if known else "", problem_told(problem, humanise(field))))
    if found:
        return tuple(found)
    names = names_of(visit, people=present.named_in(error.message))
    return (FormError("", present.in_words(error.message, names)),)


def _view(visit: Visit, form: Mapping[str, str], errors: tuple[FormError, ...]) -> DelegationsView:
    past, everybody = visit.text("past") == "1", visit.may(*SEES_ALL)
    rows = list_delegations(visit.conn, visit.now, principal=None if everybody else visit.me.id, past=past, limit=MOST)
    names = names_of(visit, people={who for row in rows for who in (row.delegator, row.delegate)})
    people = present.person_options(list_accounts(visit.conn, visit.now, kind="person", limit=MOST_PEOPLE))
    admin = visit.may("admin")
    today = visit.today()
    return DelegationsView(
        rows=tuple(
            present.delegation_row(
                row, names, visit.lens, can_end=admin or visit.me.id in (row.delegator, row.delegate)
            )
            for row in rows
        ),
        past=past,
        everybody=everybody,
        people=tuple(each for each in people if each.value != visit.me.id),
        roles=_roles(visit, admin=admin),
        picked=tuple(name.removeprefix(ROLE) for name in form if name.startswith(ROLE)),
        first=form.get("from", today.isoformat()),
        last=form.get("until", (today + timedelta(days=13)).isoformat()),
        currency=visit.tenant.currency,
        delegators=people if admin else (),
        delegator=form.get("delegator", ""),
        delegate=form.get("delegate", ""),
        up_to=form.get("up_to", ""),
        reason=form.get("reason", ""),
        onward=form.get("onward") == "1",
        errors=errors,
    )


def _roles(visit: Visit, *, admin: bool) -> tuple[Option, ...]:
    """What can be passed on: the reader's roles, and those passed on to them; for administrators any of anybody's."""
    if admin:
        people = list_accounts(visit.conn, visit.now, kind="person", limit=MOST_PEOPLE)
        names = {role for account in people if account.partner is None for role in account.roles}
    else:
        given = [d for d in delegations_to(visit.conn, visit.me.id, visit.now) if d.onward]
        names = set(visit.me.roles).union(*(d.roles for d in given))
    return tuple(Option(role, humanise(role)) for role in sorted(names))


DOORS = (
    Door("GET", urls.DELEGATIONS, NEEDS, show),
    Door("POST", urls.DELEGATIONS, NEEDS, create, fresh=True),
    Door("POST", urls.delegation_revoke("{delegation}"), NEEDS, end),
)
