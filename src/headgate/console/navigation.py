"""The navigation, by the reader's work. What a reader may not open is not shown."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from headgate.connectors.provisioning import READ as PROVISIONING
from headgate.console import urls
from headgate.console.views.common import NavItem

# The rooms below daily work, in their order; an entry that is in none stands above them. A room in which there is
# nothing for the reader is not shown.
_ROOMS = {
    "policies": "Rules",
    "processes": "Rules",
    "calendars": "Rules",
    "insight": "Insight",
    "audit": "Insight",
    "knowledge": "Knowledge",
    "connections": "Connections",
    "quarantine": "Connections",
    "provisioning": "Connections",
    "people": "Admin",
    "roles": "Admin",
    "access": "Admin",
    "brand": "Admin",
    "machines": "Admin",
    "sign-on": "Admin",
    "security": "Admin",
    "support": "Admin",
    "tenants": "Admin",
    "guests": "Admin",
    "inheritance": "Rules",
    "usage": "Admin",
    "exports": "Admin",
    "settings": "Admin",
    "operations": "Admin",
}
_ORDER = ("", *dict.fromkeys(_ROOMS.values()))


@dataclass(frozen=True, slots=True)
class NavCounts:
    """Work that waits, for the numbers beside the entries; None hides a number."""

    work: int | None = None
    work_overdue: bool = False
    cases: int | None = None
    quarantine: int | None = None


def navigation(permissions: AbstractSet[str], counts: NavCounts) -> tuple[NavItem, ...]:
    """The entries this reader may open."""
    entries = [
        ("", NavItem("home", "Home", urls.HOME, "home", "h")),
        ("", NavItem("work", "My work", urls.WORK, "inbox", "w", counts.work, counts.work_overdue)),
        ("orders.read", NavItem("orders", "Orders", urls.ORDERS, "receipt", "o")),
        ("orders.read", NavItem("returns", "Returns", urls.RETURNS, "arrow-back-up", "x")),
        ("cases.read", NavItem("cases", "Cases", urls.CASES, "briefcase", "c", counts.cases)),
        ("deals.read", NavItem("deals", "Deals", urls.DEALS, "file-certificate", "d")),
        ("orders.read", NavItem("partners", "Partners", urls.PARTNERS, "building-store", "p")),
        ("policies.read", NavItem("policies", "Policies", urls.POLICIES, "scale", "l")),
        ("cases.read", NavItem("processes", "Processes", urls.PROCESSES, "git-merge", "r")),
        ("cases.read", NavItem("calendars", "Calendars", urls.CALENDARS, "calendar", "y")),
        (
            "admin tenants.operate policies.approve",
            NavItem("inheritance", "Inheritance", urls.INHERITANCE, "copy", "j"),
        ),
        ("audit.read", NavItem("audit", "Audit", urls.AUDIT, "fingerprint", "a")),
        (
            "quarantine.read",
            NavItem("quarantine", "Quarantine", urls.QUARANTINE, "barrier-block", "q", counts.quarantine),
        ),
        ("connections.read", NavItem("connections", "Connections", urls.CONNECTIONS, "link", "n")),
        (PROVISIONING, NavItem("provisioning", "Provisioning", urls.PROVISIONING, "user-plus", "1")),
        ("admin", NavItem("sign-on", "Sign-on", urls.SIGN_ON, "users", "s")),
        ("admin", NavItem("security", "Security", urls.SECURITY, "lock", "m")),
        ("admin", NavItem("support", "Support", urls.SUPPORT, "eye", "u")),
        ("admin", NavItem("guests", "Provider access", urls.GUESTS, "user-check", "f")),
        ("admin", NavItem("people", "People and roles", urls.PEOPLE, "users", "e")),
        ("admin", NavItem("brand", "Brand", urls.BRAND, "pencil", "b")),
        (
            "access.review audit.read admin",
            NavItem("access", "Access reviews", urls.ACCESS_REVIEWS, "rosette-discount-check", "v"),
        ),
        ("admin", NavItem("machines", "Machine access", urls.MACHINES, "robot", "i")),
        ("tenants.operate", NavItem("tenants", "Clients", urls.TENANTS, "building-store", "k")),
        ("admin", NavItem("usage", "Usage", urls.USAGE, "adjustments-horizontal", "z")),
        ("tenant.export", NavItem("exports", "Export everything", urls.EXPORTS, "download", "g")),
        ("admin", NavItem("operations", "Operations", urls.OPERATIONS, "trending-up", "t")),
    ]
    shown = [
        replace(item, room=_ROOMS.get(item.key, ""))
        for needed, item in entries
        if not needed or not permissions.isdisjoint(needed.split())  # any of them
    ]
    return tuple(sorted(shown, key=lambda item: _ORDER.index(item.room)))
