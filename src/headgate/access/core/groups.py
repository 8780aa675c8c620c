"""The catalogue of permissions in groups that people think in: for whoever puts a role together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate.kernel.phrases import phrase

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    phrase("Orders and deals"): (
        "orders.read",
        "orders.write",
        "deals.read",
        "deals.write",
        "prices.request",
        "returns.request",
    ),
    phrase("Cases and approvals"): (
        "cases.read",
        "approvals.decide",
        "cases.intervene",
        "processes.migrate",
        "calendars.write",
    ),
    phrase("Policies"): (
        "policies.read",
        "policies.author",
        "policies.backtest",
        "policies.approve",
        "policies.emergency",
    ),
    phrase("Agreements and money"): ("agreements.write", "agreements.approve", "partners.bank", "payments.approve"),
    phrase("Proof and privacy"): ("audit.read", "privacy.write", "privacy.approve", "tenant.export"),
    phrase("Systems"): (
        "events.write",
        "quarantine.read",
        "quarantine.write",
        "connections.read",
        "connections.write",
        "scim",
        "provisioning.read",
        "provisioning.write",
    ),
    phrase("People"): ("admin", "access.review", "portal.users", "tenants.operate"),
}
OTHER: Final = phrase("Other")


def group_of(permission: str) -> str:
    """The group that a permission stands in."""
    return next((group for group, names in GROUPS.items() if permission in names), OTHER)
