"""Between records and SCIM resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection
from scim2_models import Group, GroupMember, GroupMembership, InvalidValueException, Meta

from headgate.access.scim import (
    GroupRecord,
    Person,
    UserRecord,
    add_group,
    add_user,
    change_group,
    change_user,
    drop_group,
    drop_user,
    get_group,
    get_user,
    groups_of,
    list_groups,
    list_users,
)
from headgate.api.scim.service import USER
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound

MOST_MEMBERS = 10_000
LONGEST = 255
# Kept in columns, counted, or never kept at all.
_NOT_KEPT = ("id", "meta", "groups", "password", "members")


def version(number: int) -> str:
    """A weak ETag: representations differ by the attributes that were asked for."""
    return f'W/"{number}"'


class Users:
    """Users as one kind of resource."""

    model = USER
    name = "User"
    path = "/Users"
    # Filters by equality with these find their row by an index.
    indexed: ClassVar[Mapping[str, str]] = {"username": "user_name", "externalid": "external_id"}

    def get(self, conn: Connection, id: UUID, base: str, *, lock: bool = False) -> tuple[Any, UserRecord]:
        """One, and its record. Raises `NotFound`."""
        record = get_user(conn, id, lock=lock)
        return self._shown(record, groups_of(conn, [id]).get(id, []), base), record

    def all(self, conn: Connection, base: str, **known: str) -> list[Any]:
        """All, or those that an index finds."""
        records = list_users(conn, **known)
        groups = groups_of(conn, [record.id for record in records])
        return [self._shown(record, groups.get(record.id, []), base) for record in records]

    def add(self, conn: Connection, ctx: Context, resource: Any, base: str) -> tuple[Any, int]:
        """Create one; with its version."""
        made = add_user(conn, ctx, _person(resource))
        return self._shown(made, [], base), made.version

    def change(
        self, conn: Connection, ctx: Context, before: UserRecord, old: Any, resource: Any, base: str
    ) -> tuple[Any, int]:
        """Change one; with its version."""
        made = change_user(conn, ctx, before, _person(resource), was_active=old.active is not False)
        return self._shown(made, groups_of(conn, [made.id]).get(made.id, []), base), made.version

    def drop(self, conn: Connection, ctx: Context, record: UserRecord) -> None:
        """Delete one."""
        drop_user(conn, ctx, record)

    def _shown(self, record: UserRecord, groups: Sequence[tuple[UUID, str]], base: str) -> Any:
        shown = USER.model_validate(dict(record.document))
        shown.id = str(record.id)
        if groups:
            shown.groups = [
                GroupMembership.model_validate({**_ref("Groups", id, name, base), "type": "direct"})
                for id, name in groups
            ]
        shown.meta = _meta("User", record, f"{base}/Users/{record.id}")
        return shown


class Groups:
    """Groups as one kind of resource."""

    model: Any = Group
    name = "Group"
    path = "/Groups"
    indexed: ClassVar[Mapping[str, str]] = {"displayname": "display_name"}

    def get(self, conn: Connection, id: UUID, base: str, *, lock: bool = False) -> tuple[Any, GroupRecord]:
        """One, and its record. Raises `NotFound`."""
        record = get_group(conn, id, lock=lock)
        return self._shown(record, base), record

    def all(self, conn: Connection, base: str, **known: str) -> list[Any]:
        """All, or those that an index finds."""
        return [self._shown(record, base) for record in list_groups(conn, **known)]

    def add(self, conn: Connection, ctx: Context, resource: Any, base: str) -> tuple[Any, int]:
        """Create one; with its version."""
        made = add_group(conn, ctx, *_group(resource))
        return self._shown(made, base), made.version

    def change(
        self, conn: Connection, ctx: Context, before: GroupRecord, old: Any, resource: Any, base: str
    ) -> tuple[Any, int]:
        """Change one; with its version."""
        made = change_group(conn, ctx, before, *_group(resource))
        return self._shown(made, base), made.version

    def drop(self, conn: Connection, ctx: Context, record: GroupRecord) -> None:
        """Delete one."""
        drop_group(conn, ctx, record)

    def _shown(self, record: GroupRecord, base: str) -> Any:
        shown = Group.model_validate(dict(record.document))
        shown.id = str(record.id)
        if record.members:
            shown.members = [
                GroupMember.model_validate({**_ref("Users", id, display, base), "type": "User"})
                for id, display in record.members
            ]
        shown.meta = _meta("Group", record, f"{base}/Groups/{record.id}")
        return shown


# Which of the two is known by the address; records go with their kind.
Kind = Any


def _ref(where: str, id: UUID, shown: str, base: str) -> dict[str, str]:
    return {"value": str(id), "$ref": f"{base}/{where}/{id}", "display": shown}


def _meta(name: str, record: UserRecord | GroupRecord, location: str) -> Meta:
    return Meta(
        resource_type=name,
        created=record.created_at,
        last_modified=record.changed_at,
        location=location,
        version=version(record.version),
    )


def _document(resource: Any) -> Mapping[str, Any]:
    found: dict[str, Any] = resource.model_dump()
    return {name: value for name, value in found.items() if name not in _NOT_KEPT}


def _person(user: Any) -> Person:
    user_name = _line("userName", user.user_name or "")
    named = user.name
    formatted = "" if named is None else named.formatted or f"{named.given_name or ''} {named.family_name or ''}"
    emails = [entry for entry in user.emails or [] if entry.value]
    email = next((e.value for e in emails if e.primary), emails[0].value if emails else "")
    name = (user.display_name or formatted or "").strip()
    active = user.active is not False
    return Person(user_name, name, str(email), active, user.external_id or None, _document(user))


def _group(group: Any) -> tuple[str, str | None, Mapping[str, Any], Mapping[UUID, str | None]]:
    name = _line("displayName", group.display_name or "")
    members = group.members or []
    if len(members) > MOST_MEMBERS:
        raise InvalidValueException(detail=f"members: a group has at most {MOST_MEMBERS}")
    return (
        name,
        group.external_id or None,
        _document(group),
        {_id(m.value or ""): (m.display or "")[:LONGEST] or None for m in members},
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidValueException(detail=f"members: there is no user {text[:80]!a}") from None


def _line(name: str, text: str) -> str:
    plain = text.strip()
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        raise InvalidValueException(detail=f"{name} is empty, too long, or has characters that cannot be shown")
    return plain


def id_of(text: str) -> UUID:
    """The id in an address. Raises `NotFound`."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("there is no such resource") from None
