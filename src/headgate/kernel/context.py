"""Who acts, where: passed to every service call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, a service account, an agent, or the platform itself.

    `id` is stable and goes into audit entries, for example `user:ana@nordwind.example` or `source:webshop-1`.
    `roles` are role names within the tenant; `scopes` limit an API key further (empty tuple: no limit).
    `partner` is set for portal users and limits them to their partner's rows, in the database too.
    """

    id: str
    kind: str  # person | service | agent | system
    name: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    partner: str | None = None


SYSTEM = Principal(id="system", kind="system", name="Headgate")


@dataclass(frozen=True, slots=True)
class Context:
    """Tenant, principal and time of one unit of work."""

    tenant_id: UUID
    principal: Principal
    now: datetime
    trace: str = field(default="")
