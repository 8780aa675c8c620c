"""The life of tenants: suspend, place, limit, export, delete; and the tree they stand in."""

from headgate.access.allowance import QUOTAS, Usage, usage
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
from headgate.access.tenancy.tree import UmbrellaRow, place_in_tree, umbrella

__all__ = [
    "QUOTAS",
    "Deletion",
    "ExportedTenant",
    "TenantLine",
    "Tombstone",
    "UmbrellaRow",
    "Usage",
    "ask_deletion",
    "check_export",
    "check_residency",
    "confirm_deletion",
    "delete_tenant",
    "export_tenant",
    "list_tenants",
    "list_tombstones",
    "pending_deletion",
    "place_in_tree",
    "resume_tenant",
    "set_quotas",
    "set_residency",
    "suspend_tenant",
    "umbrella",
    "usage",
    "withdraw_deletion",
]
