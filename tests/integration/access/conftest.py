"""People of a small distributor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from headgate.access import create_person, grant_role, load_principal
from headgate.kernel.context import SYSTEM, Context
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def ctx(tenant: UUID) -> Context:
    """The platform itself, at Monday nine o'clock."""
    return Context(tenant, SYSTEM, NOW)


@pytest.fixture
def person(database: Database, tenant: UUID, ctx: Context) -> Callable[..., str]:
    """Creates a person `user:<name>@nordwind.example` with roles; returns the id."""

    def make(name: str, *roles: str, password: str | None = None) -> str:
        with database.transaction(tenant) as conn:
            account = create_person(conn, ctx, email=f"{name}@nordwind.example", name=name.title(), password=password)
            for role in roles:
                grant_role(conn, ctx, account.principal, role)
        return account.principal

    return make


@pytest.fixture
def acting(database: Database, tenant: UUID) -> Callable[..., Context]:
    """The context of a principal who acts, at a time."""

    def make(principal: str, now: datetime = NOW) -> Context:
        with database.transaction(tenant) as conn:
            return Context(tenant, load_principal(conn, principal, now), now)

    return make
