"""The life of tenants: suspend, place, limit, export, delete; and the tree they stand in."""

from headgate.access.allowance import QUOTAS, Usage, usage
from headgate.access.tenancy.below import (
    TenantBelow,
    acting_on,
    founding_below,
    list_below,
    looking_at,
    move_below,
    tenant_below,
    visitor,
)
from headgate.access.tenancy.deletion import delete_tenant
from headgate.access.tenancy.export import ExportedTenant, check_export, export_tenant
from headgate.access.tenancy.lifecycle import (
    Deletion,
    TenantLine,
    Tombstone,
    ask_deletion,
    check_residency,
    confirm_deletion,
    list_tenants,
    list_tombstones,
    pending_deletion,
    resume_tenant,
    set_quotas,
    set_residency,
    suspend_tenant,
    withdraw_deletion,
)
from headgate.access.tenancy.sweeping import Swept, certify, due_deletions, expect_childless, sweep
from headgate.access.tenancy.tree import UmbrellaRow, place_in_tree, umbrella

__all__ = [
    "QUOTAS",
    "Deletion",
    "ExportedTenant",
    "Swept",
    "TenantBelow",
    "TenantLine",
    "Tombstone",
    "UmbrellaRow",
    "Usage",
    "acting_on",
    "ask_deletion",
    "certify",
    "check_export",
    "check_residency",
    "confirm_deletion",
    "delete_tenant",
    "due_deletions",
    "expect_childless",
    "export_tenant",
    "founding_below",
    "list_below",
    "list_tenants",
    "list_tombstones",
    "looking_at",
    "move_below",
    "pending_deletion",
    "place_in_tree",
    "resume_tenant",
    "set_quotas",
    "set_residency",
    "suspend_tenant",
    "sweep",
    "tenant_below",
    "umbrella",
    "usage",
    "visitor",
    "withdraw_deletion",
]
