"""Pages of roles."""

from __future__ import annotations

from dataclasses import replace

from headgate.access import ROLES as SHIPPED_ROLES
from headgate.access import CustomRole
from headgate.access.core.duties import SHIPPED
from headgate.console.present import roles as present
from headgate.console.views.common import Person
from headgate.console.views.roles import RoleHolder, RoleView
from tests.unit.ui.samples.base import ago
from tests.unit.ui.samples.inheritance import FOLLOWED
from tests.unit.ui.samples.people import ADA

_HELD = SHIPPED_ROLES["tenant_admin"]
_WANTED = frozenset({"orders.read", "orders.write", "cases.read"})
_CLERK = CustomRole(
    "order_clerk",
    "Order clerk of the storefronts that were taken over",
    "Enters orders for the partners of the former Molen & Zoon, decides nothing",
    frozenset({"orders.read", "cases.read"}),
    _WANTED,
    3,
    "proposed",
    ADA,
    ago(days=2),
    None,
)
_OLD = replace(_CLERK, role="temp", title="Holiday cover", status="retired", permissions=_WANTED)
ROLES = present.roles_page([_CLERK, _OLD], {"order_clerk": 14, "finance": 3}, may_make=True)
NO_ROLES = present.roles_page([], {}, may_make=False)
CLERK = RoleView(
    role="order_clerk",
    name="order_clerk",
    title=_CLERK.title,
    description=_CLERK.description,
    shipped=False,
    state="proposed",
    groups=present.groups(_WANTED, _HELD, _CLERK.permissions),
    effect=present.effect(_WANTED, _HELD, SHIPPED),
    may_save=True,
    save_href="/roles/order_clerk",
    check_href="/new-role/effect",
    copy_href="/new-role?from=order_clerk",
    confirm_href="/roles/order_clerk/confirm",
    holders=tuple(RoleHolder(f"/people/{n}", f"Person {n}") for n in range(12)),
    holder_count=14,
    changed_by=Person(ADA, "Ada Voss"),
    changed_at=ago(days=2),
)
INHERITED = replace(
    CLERK,
    state="active",
    confirm_href="",
    origin=present.origin(replace(FOLLOWED, kind="role", name="order_clerk")),
    locked_by=FOLLOWED.provider_name,
    may_save=False,
)
NEW = RoleView(
    role="",
    name="",
    title="",
    description="",
    shipped=False,
    state="new",
    groups=present.groups(SHIPPED_ROLES["order_desk"], _HELD, ()),
    effect=present.effect(SHIPPED_ROLES["order_desk"] | {"approvals.decide", "admin"}, _HELD, SHIPPED),
    may_save=True,
    save_href="/roles",
    check_href="/new-role/effect",
    starts=present.starts([]),
    start="order_desk",
)
REFUSED = replace(NEW, name="finance", title="Finance", error="Finance is a shipped role and stays as it is.")
SHIPPED_ROLE = replace(
    CLERK,
    role="auditor",
    title="Auditor",
    shipped=True,
    state="active",
    groups=present.groups(SHIPPED_ROLES["auditor"], _HELD, SHIPPED_ROLES["auditor"], only=SHIPPED_ROLES["auditor"]),
    may_save=False,
    confirm_href="",
    holders=(),
    holder_count=0,
)
