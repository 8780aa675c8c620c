"""Shutting somebody out of where they are signed in, at once and everywhere."""

from __future__ import annotations

from uuid import UUID

from psycopg import Connection

from headgate.access.repo import sessions as repo
from headgate.access.repo.devices import DROP_OTHER_DEVICES
from headgate.store.news import SESSIONS, tell_within


def shut_out(conn: Connection, tenant: UUID, principal: str, *, here: UUID | None = None) -> None:
    """End every session and half-done sign-in of an account and forget its browsers, but the one its owner sits at
    (`here`); open pages hear of it with the commit."""
    conn.execute(repo.END_SESSIONS, {"principal": principal, "keep": None})
    conn.execute(repo.END_PENDING, {"principal": principal})
    conn.execute(DROP_OTHER_DEVICES, {"principal": principal, "here": here})
    tell_within(conn, tenant, (SESSIONS,))
