"""The catalogue of permissions and roles, and the duties that one person may not hold together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headgate.kernel.context import Principal
from headgate.kernel.errors import Forbidden, invalid
from headgate.kernel.phrases import phrase

PERMISSIONS: dict[str, str] = {
    "orders.read": "see orders, prices and stock",
    "orders.write": "enter, amend and cancel orders",
    "deals.read": "see deal registrations",
    "deals.write": "register, amend and withdraw deals",
    "cases.read": "see cases, tasks and approvals",
    "cases.intervene": "skip or repeat a step of a case, put it into another stage, and confirm that others do",
    "processes.migrate": "move running cases to another version of their process",
    "approvals.decide": "decide approvals that ask for one of one's roles",
    "policies.read": "see policies, their versions and tests",
    "policies.author": "draft policies and send them to review",
    "policies.backtest": "try versions of policies on past decisions",
    "policies.approve": "approve, schedule and retire policies, and review emergency changes",
    "policies.emergency": "apply a policy at once, before it is reviewed",
    "agreements.write": "draft price agreements",
    "agreements.approve": "approve and activate price agreements",
    "audit.read": "search and verify the audit chain",
    "privacy.write": "ask for the erasure of personal data, place and lift legal holds",
    "privacy.approve": "decide erasures of personal data and how long data is kept",
    "quarantine.read": "see rows and events that were put aside",
    "quarantine.write": "mend, replay and dismiss them",
    "connections.read": "see targets, subscriptions, deliveries and dead letters",
    "connections.write": "manage targets and subscriptions, replay and dismiss dead letters",
    "provisioning.read": "see which outside systems get accounts of people, their runs and steps",
    "provisioning.write": "provision people to outside systems: targets, tokens, previews and runs",
    "events.write": "send events",
    "prices.request": "ask for a price exception",
    "returns.request": "ask to return goods",
    "portal.users": "invite and deactivate people of one's own partner",
    "calendars.write": "set business calendars and whose they are",
    "scim": "keep people and groups in step with an identity provider (SCIM)",
    "partners.bank": "change bank details of partners",
    "payments.approve": "approve payment proposals",
    "access.review": "review who holds which roles where one is named to, and sign such reviews",
    "tenants.operate": "create, suspend, export and delete tenants, set their quotas and where their data lies",
    "tenant.export": "take everything that the tenant has away in one file",
    "admin": "manage people, roles, keys, sources, brand and delegations",
}

_READ = frozenset({"orders.read", "deals.read", "cases.read", "policies.read"})

ROLES: dict[str, frozenset[str]] = {
    "order_desk": _READ
    | {"orders.write", "returns.request", "quarantine.read", "quarantine.write", "connections.read"},
    "channel_manager": _READ
    | {"approvals.decide", "policies.author", "policies.backtest", "quarantine.read"}
    | {"cases.intervene", "access.review"},
    "pricing_manager": _READ
    | {"policies.author", "policies.backtest", "policies.emergency", "agreements.write", "audit.read"},
    "finance": _READ | {"approvals.decide", "agreements.approve", "policies.backtest", "audit.read", "quarantine.read"},
    "finance_director": _READ
    | {"approvals.decide", "agreements.approve", "policies.approve", "policies.backtest", "audit.read"}
    | {"payments.approve", "access.review"},
    # Keeps what is paid to whom; never lets a payment pass.
    "partner_accounts": _READ | {"partners.bank"},
    # Looks at what a user sees and at what went wrong, changes nothing.
    "support": _READ | {"quarantine.read", "connections.read", "provisioning.read"},
    # Of the organisation that runs the installation, and of providers for the tenants below their own.
    "operator": frozenset({"tenants.operate", "audit.read"}),
    "auditor": _READ | {"audit.read", "quarantine.read", "connections.read", "provisioning.read"},
    "tenant_admin": frozenset(
        {
            "admin",
            "tenant.export",
            "access.review",
            "cases.read",
            "cases.intervene",
            "processes.migrate",
            "policies.read",
            "audit.read",
            "privacy.approve",
            "quarantine.read",
            "quarantine.write",
            "events.write",
            "calendars.write",
        }
        | {"connections.read", "connections.write", "provisioning.read", "provisioning.write"}
    ),
    # Whoever looks after the flow between systems.
    "operations": frozenset(
        {
            "cases.read",
            "cases.intervene",
            "quarantine.read",
            "quarantine.write",
            "connections.read",
            "connections.write",
            "provisioning.read",
        }
        | {"calendars.write"}
    ),
    "partner_success": _READ | {"deals.write", "returns.request"},
    "privacy_officer": _READ | {"audit.read", "privacy.write"},
    # People of a partner, who see the portal and nothing but their own partner's things.
    "partner_user": frozenset({"orders.read", "deals.read", "deals.write", "prices.request", "returns.request"}),
    "partner_admin": frozenset(
        {"orders.read", "deals.read", "deals.write", "prices.request", "returns.request", "portal.users"}
    ),
    # For service accounts of shops and ERP systems.
    "integration": frozenset({"events.write", "orders.read", "deals.read"}),
    # For the service account of an identity provider.
    "provisioning": frozenset({"scim"}),
}

# Held by people of a partner only, who hold no other role but that of the partner's own systems.
PARTNER_ROLES = ("partner_admin", "partner_user")
ALSO_FOR_PARTNERS = ("integration",)


@dataclass(frozen=True, slots=True)
class DutyClash:
    """Two roles that one person may not hold together, and the reason."""

    first: str
    second: str
    reason: str


# Pairs of permissions that must not meet in one person, whichever roles bring them.
SEPARATED: tuple[tuple[str, str, str], ...] = (
    ("orders.write", "approvals.decide", "who enters orders does not approve their exceptions"),
    ("deals.write", "approvals.decide", "who registers deals does not decide about them"),
    ("agreements.write", "approvals.decide", "who maintains agreements does not approve exceptions from their prices"),
    ("partners.bank", "payments.approve", "who changes bank details does not approve payments to them"),
    ("policies.author", "policies.approve", "who writes policies does not approve them"),
    ("agreements.write", "agreements.approve", "who drafts agreements does not approve them"),
    ("privacy.write", "privacy.approve", "who asks for an erasure does not decide it"),
    ("admin", "approvals.decide", "who hands out roles does not approve"),
    ("admin", "policies.approve", "who hands out roles does not approve policies"),
    ("admin", "agreements.approve", "who hands out roles does not approve agreements"),
    ("admin", "orders.write", "who hands out roles does not enter orders"),
    ("scim", "approvals.decide", "who provisions people does not approve"),
    ("provisioning.write", "approvals.decide", "who provisions people does not approve"),
    ("admin", "payments.approve", "who hands out roles does not approve payments"),
)
# What a role of a tenant's own may hold: all but what is for partners' people and for the installation's operator.
STAFF_PERMISSIONS = frozenset(PERMISSIONS) - {"portal.users", "prices.request", "scim", "tenants.operate"}
# Roles of those who run tenants below their own, and in which kinds of tenants they can be held.
OPERATOR_ROLES = ("operator",)
OPERATING_KINDS = ("operator", "provider")
# An auditor looks on and does nothing else.
_AUDITOR = "auditor"
LOOKING = _READ | {"audit.read", "quarantine.read", "connections.read", "provisioning.read"}


def check_role(role: str) -> str:
    """The role, if there is a shipped one of that name. Raises `Invalid`."""
    if role not in ROLES:
        raise invalid("role", role, "is not a role", phrase("Use one of %(names)s.", names=", ".join(sorted(ROLES))))
    return role


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that these roles allow; names that are no roles (any more) allow nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def check_duties(roles: Iterable[str]) -> list[DutyClash]:
    """Which of these roles one person may not hold together; empty when all is well."""
    held = sorted(set(roles) & ROLES.keys())
    clashes = []
    for place, first in enumerate(held):
        for second in held[place + 1 :]:
            reason = _clash(first, second)
            if reason:
                clashes.append(DutyClash(first, second, reason))
    return clashes


def require(principal: Principal, permission: str) -> None:
    """Raise `Forbidden` unless the principal has the permission; the platform itself has every one."""
    if principal.kind != "system" and permission not in principal.permissions:
        raise Forbidden(
            phrase(
                "%(id)s may not %(get)s (permission %(permission)s)",
                id=principal.id,
                get=PERMISSIONS.get(permission, permission),
                permission=permission,
            )
        )


def _clash(first: str, second: str) -> str:
    if _AUDITOR in (first, second):
        other = second if first == _AUDITOR else first
        return "" if ROLES[other] <= LOOKING else "an auditor does not take part in what is audited"
    for one, two, reason in SEPARATED:
        if (one in ROLES[first] and two in ROLES[second]) or (two in ROLES[first] and one in ROLES[second]):
            return reason
    return ""
