"""How many people of its own a tenant may have: counted where somebody is added or let in again, under a lock."""

from __future__ import annotations

from psycopg import Connection

from headgate.access import repo
from headgate.kernel.errors import OverQuota


def expect_room_for_a_person(conn: Connection) -> None:
    """Raise `OverQuota` when the tenant has as many active people of its own as it may; those of partners are free."""
    row = conn.execute(repo.PEOPLE_ALLOWED).fetchone()
    if row is None or row[0] is None:
        return
    (now,) = conn.execute(repo.PEOPLE_NOW).fetchone() or (0,)
    if now >= row[0]:
        advice = "suspend somebody, or ask for a larger quota"
        raise OverQuota(f"this tenant may have {row[0]} active people of its own and has {now}; {advice}")
