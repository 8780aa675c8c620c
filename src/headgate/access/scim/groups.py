"""Groups of provisioning: their members hold the roles that the table gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.scim import repo
from headgate.access.scim.users import give_roles
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound
from headgate.kernel.ids import new_id

MOST_GROUPS = 10_000


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group as kept; `members` are users with what they are shown as."""

    id: UUID
    display_name: str
    external_id: str | None
    document: Mapping[str, Any]
    version: int
    created_at: datetime
    changed_at: datetime
    members: tuple[tuple[UUID, str], ...] = ()


def get_group(conn: Connection, group: UUID, *, lock: bool = False) -> GroupRecord:
    """One group with its members. Raises `NotFound`."""
    row = conn.execute(repo.LOCK_GROUP if lock else repo.GET_GROUP, {"id": group}).fetchone()
    if row is None:
        raise NotFound("there is no such group")
    return _with_members(conn, [row])[0]


def list_groups(conn: Connection, *, display_name: str | None = None) -> list[GroupRecord]:
    """Groups in the order in which they came; of one name, or all. Two queries."""
    values = {"display_name": display_name, "limit": MOST_GROUPS}
    return _with_members(conn, conn.execute(repo.LIST_GROUPS, values).fetchall())


def members_known(conn: Connection, users: Sequence[UUID]) -> dict[UUID, str]:
    """Those of these users that exist, with their accounts."""
    return dict(conn.execute(repo.KNOWN_USERS, {"users": list(users)}).fetchall())


def add_group(
    conn: Connection,
    ctx: Context,
    name: str,
    external_id: str | None,
    document: Mapping[str, Any],
    members: Mapping[UUID, str | None],
) -> GroupRecord:
    """Create a group. Raises `Conflict` when the name is taken, `NotFound` for an unknown member, `DutyConflict`."""
    require(ctx.principal, "scim")
    _check_name(conn, name, None)
    made = new_id(ctx.now)
    values = {"id": made, "display_name": name, "external_id": external_id, "now": ctx.now}
    if conn.execute(repo.ADD_GROUP, {**values, "document": canonical_text(dict(document))}).rowcount != 1:
        raise Conflict(f"there is a group {name} already")
    joined = _change_members(conn, made, set(), members)
    give_roles(conn, ctx, joined)
    record(conn, ctx, "scim.group_created", "scim_group", str(made), name=name, members=sorted(joined.values()))
    return get_group(conn, made)


def change_group(
    conn: Connection,
    ctx: Context,
    before: GroupRecord,
    name: str,
    external_id: str | None,
    document: Mapping[str, Any],
    members: Mapping[UUID, str | None],
) -> GroupRecord:
    """Make a group what the provider says now; who joined or left has other roles at once."""
    require(ctx.principal, "scim")
    _check_name(conn, name, before.id)
    values = {"id": before.id, "display_name": name, "external_id": external_id, "now": ctx.now}
    conn.execute(repo.SET_GROUP, {**values, "document": canonical_text(dict(document))})
    old, new = {user for user, _ in before.members}, set(members)
    moved = _change_members(conn, before.id, old, members)
    # Under another name a group gives other roles, to all who are in it.
    give_roles(conn, ctx, members_known(conn, list(old | new)) if name != before.display_name else moved)
    told = {
        "joined": sorted(p for u, p in moved.items() if u in new),
        "left": sorted(p for u, p in moved.items() if u in old),
    }
    record(conn, ctx, "scim.group_changed", "scim_group", str(before.id), name=name, **told)
    return get_group(conn, before.id)


def drop_group(conn: Connection, ctx: Context, group: GroupRecord) -> None:
    """Delete a group; its members lose what it gave."""
    require(ctx.principal, "scim")
    left = _change_members(conn, group.id, {user for user, _ in group.members}, {})
    conn.execute(repo.DROP_GROUP, {"id": group.id})
    give_roles(conn, ctx, left)
    record(conn, ctx, "scim.group_deleted", "scim_group", str(group.id), name=group.display_name)


def _change_members(
    conn: Connection, group: UUID, old: set[UUID], members: Mapping[UUID, str | None]
) -> dict[UUID, str]:
    """Who joined or left, with their accounts. `members` are those of now, with what the provider calls them."""
    joined, left = members.keys() - old, old - members.keys()
    known = members_known(conn, list(joined | left))
    unknown = joined - known.keys()
    if unknown:
        raise NotFound(f"there is no user {min(map(str, unknown))}")
    if left:
        conn.execute(repo.DROP_MEMBERS, {"group": group, "users": list(left)})
    if members:
        values = {"group": group, "users": list(members), "displays": list(members.values())}
        conn.execute(repo.ADD_MEMBERS, values)
    return known


def _check_name(conn: Connection, name: str, but: UUID | None) -> None:
    row = conn.execute(repo.GROUP_NAME_TAKEN, {"display_name": name, "id": but}).fetchone()
    if row is not None and row[0]:
        raise Conflict(f"there is a group {name} already")


def _with_members(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> list[GroupRecord]:
    found: dict[UUID, list[tuple[UUID, str]]] = {row[0]: [] for row in rows}
    if rows:
        for group, user, principal, document, display in conn.execute(repo.MEMBERS_OF, {"groups": list(found)}):
            found[group].append(
                (user, str(display or document.get("displayName") or document.get("userName") or principal))
            )
    return [replace(GroupRecord(*row), members=tuple(found[row[0]])) for row in rows]
