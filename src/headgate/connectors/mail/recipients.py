"""Who gets letters: people of partners, and people who hold a role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.access import Account, accounts_of, principals_for

_OF_PARTNERS: Final = """
select principal from principals where partner = any(%(partners)s) and status = 'active' and email is not null
order by principal limit 2000
"""


def people_of(conn: Connection[Any], partners: Iterable[str], now: datetime) -> dict[str, list[Account]]:
    """Those of these partners' people who can be written to, by partner, in two queries."""
    wanted = sorted(set(partners))
    ids = [row[0] for row in conn.execute(_OF_PARTNERS, {"partners": wanted})] if wanted else []
    people: dict[str, list[Account]] = {}
    for account in accounts_of(conn, ids, now).values():
        people.setdefault(account.partner or "", []).append(account)
    return people


def staff_of(conn: Connection[Any], roles: Iterable[str], also: Iterable[str], now: datetime) -> dict[str, Account]:
    """The tenant's own people who hold one of these roles or are named, and can be written to, by id."""
    wanted = sorted(set(roles))
    ids = {*also, *(principals_for(conn, wanted, now) if wanted else ())}
    found = accounts_of(conn, sorted(ids), now)
    return {
        each.principal: each
        for each in found.values()
        if each.status == "active" and each.email and each.partner is None
    }
