"""Roles of the tenant's own: look, make one from another, choose what it allows and see what that would break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headgate.access import (
    PERMISSIONS,
    ROLES,
    CustomRole,
    confirm_role,
    list_custom_roles,
    matrix_in_force,
    retire_role,
    save_role,
)
from headgate.access.core.roles import STAFF_PERMISSIONS
from headgate.access.duties import get_custom_role, holder_counts, list_holders
from headgate.access.inheritance import find_inherited, list_inherited, locked_by
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import roles as present
from headgate.console.views.common import Notice
from headgate.console.views.roles import RoleHolder, RoleView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, Invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.words import humanise

READ, MAKE = ("admin", "audit.read", "access.review", "policies.approve"), ("admin",)
MAY = "may:"
MOST_HOLDERS = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """A role as typed."""

    role: str
    title: str
    description: str
    picked: frozenset[str]


def show_all(visit: Visit) -> Answer:
    """Every role."""
    own, counts = list_custom_roles(visit.conn), holder_counts(visit.conn, visit.now)
    above = {
        each.name: each.provider_name
        for each in list_inherited(visit.conn)
        if each.kind == "role" and each.state == "following" and each.taken is not None
    }
    return present.roles_page(own, counts, may_make=visit.may("admin"), inherited=above)


def begin(visit: Visit) -> Answer:
    """A new role, empty or from another's permissions."""
    own = list_custom_roles(visit.conn)
    start = visit.choice("from", {option.value for option in present.starts(own)})
    allowed = ROLES.get(start) or next((each.permissions for each in own if each.role == start), frozenset())
    return _new(visit, own, Draft("", "", "", frozenset(allowed) & STAFF_PERMISSIONS), start=start)


def effect(visit: Visit) -> Answer:
    """What the permissions that are picked would mean; asked for as one chooses."""
    own = list_custom_roles(visit.conn)
    return _new(visit, own, _draft(visit.request.query_params))


def make(visit: Visit) -> Answer:
    """Make a role."""
    draft = _draft(visit.form)
    try:
        with visit.conn.transaction():
            if any(each.role == draft.role.strip() for each in list_custom_roles(visit.conn)):
                raise Conflict(
                    phrase(
                        "there is a role %(role)s already; change that one, or choose another name",
                        role=draft.role.strip(),
                    )
                )
            made = _save(visit, draft.role, draft)
    except (Invalid, Conflict, Forbidden) as error:
        return Shown(_new(visit, list_custom_roles(visit.conn), draft, error=sentence(error.message)), 422)
    return Go(urls.role(made.role), Notice("done", _told(made)))


def show(visit: Visit) -> Answer:
    """One role."""
    return _role(visit, visit.code("role"))


def change(visit: Visit) -> Answer:
    """Change a role of the tenant's own; who holds it has the new permissions at once."""
    role, draft = visit.code("role"), _draft(visit.form)
    get_custom_role(visit.conn, role)
    return _done(visit, role, lambda: _told(_save(visit, role, draft)), draft)


def confirm(visit: Visit) -> Answer:
    """Let a proposed role have what its maker does not hold."""
    role = visit.code("role")

    def act() -> str:
        made = confirm_role(visit.conn, visit.ctx, role)
        return phrase("%(title)s is confirmed.", title=made.title)

    return _done(visit, role, act)


def retire(visit: Visit) -> Answer:
    """Take a role that nobody holds out of use."""
    role = visit.code("role")

    def act() -> str:
        retire_role(visit.conn, visit.ctx, role)
        return phrase("The role is out of use.")

    return _done(visit, role, act)


def _save(visit: Visit, role: str, draft: Draft) -> CustomRole:
    return save_role(
        visit.conn,
        visit.ctx,
        role.strip(),
        title=draft.title,
        description=draft.description,
        permissions=draft.picked,
    )


def _told(made: CustomRole) -> str:
    if made.status == "proposed":
        return phrase(
            "%(title)s is saved. Somebody who holds the rest of its permissions confirms it before it has them.",
            title=made.title,
        )
    return phrase("%(title)s is saved and in force.", title=made.title)


def _done(visit: Visit, role: str, act: Callable[[], str], draft: Draft | None = None) -> Answer:
    try:
        with visit.conn.transaction():
            said = act()
    except (Invalid, Conflict, Forbidden) as error:
        return Shown(_role(visit, role, error, draft), 422)
    return Go(urls.role(role), Notice("done", said))


def _draft(fields: Mapping[str, str]) -> Draft:
    picked = frozenset(name.removeprefix(MAY) for name in fields if name.startswith(MAY))
    told = [fields.get(name, "").replace("\0", "")[:300] for name in ("role", "title", "description")]
    return Draft(told[0], told[1], told[2], picked & PERMISSIONS.keys())


def _new(visit: Visit, own: list[CustomRole], draft: Draft, *, start: str = "", error: str = "") -> RoleView:
    held = visit.me.permissions
    return RoleView(
        role="",
        name=draft.role,
        title=draft.title,
        description=draft.description,
        shipped=False,
        state="new",
        groups=present.groups(draft.picked, held, ()),
        effect=present.effect(draft.picked, held, matrix_in_force(visit.conn)),
        may_save=True,
        save_href=urls.ROLES,
        check_href=urls.ROLE_EFFECT,
        starts=present.starts(own),
        start=start,
        error=error,
    )


def _role(visit: Visit, role: str, error: HeadgateError | None = None, draft: Draft | None = None) -> RoleView:
    own = None if role in ROLES else get_custom_role(visit.conn, role)
    wanted = ROLES[role] if own is None else own.wanted
    picked = draft.picked if draft is not None else wanted
    held, admin = visit.me.permissions, visit.may("admin")
    above = find_inherited(visit.conn, "role", role) if own is not None else None
    owner = locked_by(visit.conn, "role", role) if above is not None else ""
    may_save = own is not None and admin and not owner
    count = holder_counts(visit.conn, visit.now).get(role, 0)
    holders = list_holders(visit.conn, role=role, limit=MOST_HOLDERS) if count else []
    waits = own is not None and own.status == "proposed"
    refused = ""
    if own is not None and waits:
        missing = own.wanted - own.permissions - held
        if own.changed_by == visit.me.id:
            refused = phrase("You made this change, so somebody else confirms it.")
        elif missing:
            refused = phrase(
                "You do not hold %(missing)s; who does can confirm it.", missing=", ".join(sorted(missing))
            )
    names = names_of(visit, people={own.changed_by}) if own is not None else None
    return RoleView(
        role=role,
        name=role,
        title=draft.title if draft else (own.title if own else humanise(role)),
        description=draft.description if draft else (own.description if own else ""),
        shipped=own is None,
        state=own.status if own else "active",
        groups=present.groups(picked, held, own.permissions if own else wanted, only=None if may_save else wanted),
        effect=present.effect(picked, held, matrix_in_force(visit.conn)),
        may_save=may_save,
        save_href=urls.role(role),
        check_href=urls.ROLE_EFFECT,
        copy_href=urls.query(urls.NEW_ROLE, [("from", role)]) if admin else "",
        confirm_href=urls.role_act(role, "confirm") if waits and not refused else "",
        confirm_refused=refused,
        retire_href=urls.role_act(role, "retire") if may_save and not count and own and own.status != "retired" else "",
        holders=tuple(RoleHolder(urls.person(each.principal), each.name) for each in holders),
        holder_count=count,
        changed_by=names.person(own.changed_by) if own and names else None,
        changed_at=own.changed_at if own else None,
        error=sentence(error.message) if error else "",
        origin=present.origin(above) if above is not None else "",
        locked_by=owner,
    )


DOORS = (
    Door("GET", urls.ROLES, READ, show_all),
    Door("POST", urls.ROLES, MAKE, make, fresh=True),
    Door("GET", urls.NEW_ROLE, MAKE, begin),
    Door("GET", urls.ROLE_EFFECT, MAKE, effect),
    Door("GET", urls.role("{role}"), READ, show),
    Door("POST", urls.role("{role}"), MAKE, change, fresh=True),
    Door("POST", urls.role_act("{role}", "confirm"), READ, confirm, fresh=True),
    Door("POST", urls.role_act("{role}", "retire"), MAKE, retire, fresh=True),
)
