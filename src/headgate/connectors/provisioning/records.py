"""Between the library's records of SCIM and what a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from scim2_models import Email, Group, GroupMember, Name, PatchOperation, User

from headgate.connectors.provisioning.core.model import Change, RemoteGroup, RemoteUser
from headgate.kernel.phrases import phrase

# Generic over extensions, of which none is written here.
Account = Any
Operation = Any
_USER: Final[Any] = User
_MEMBER: Final[Any] = GroupMember
_OPERATION: Final[Any] = PatchOperation
# By the name in SCIM, the field of the library's record.
_PLAIN: Final = {
    "userName": "user_name",
    "externalId": "external_id",
    "displayName": "display_name",
    "userType": "user_type",
}
_NAMED: Final = {"name.formatted": "formatted", "name.givenName": "given_name", "name.familyName": "family_name"}


def read_user(raw: Mapping[str, Any]) -> RemoteUser:
    """An account as it came. One that cannot be read keeps its id and says why."""
    id = str(raw.get("id") or "")
    try:
        user = _USER.model_validate(dict(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return RemoteUser(id, trouble=phrase("the account there cannot be read: %(where)s is not valid", where=where))
    found = {name: getattr(user, field) for name, field in _PLAIN.items()}
    if user.name is not None:
        found |= {name: getattr(user.name, field) for name, field in _NAMED.items()}
    found["active"] = "false" if user.active is False else "true"
    addresses = [each for each in user.emails or [] if each.value]
    ours = _work(addresses)
    found["emails"] = "" if ours is None else str(ours.value)
    attributes = {name: str(value) for name, value in found.items() if value not in (None, "")}
    return RemoteUser(id, attributes, frozenset(str(each.value).casefold() for each in addresses))


def read_group(raw: Mapping[str, Any]) -> RemoteGroup | None:
    """A group as it came; None for one that cannot be read, which is left alone."""
    try:
        return group_of(Group.model_validate(dict(raw)))
    except ValidationError:
        return None


def group_of(group: Group) -> RemoteGroup:
    """A group of the library."""
    members = frozenset(str(each.value) for each in group.members or [] if each.value)
    return RemoteGroup(str(group.id), group.display_name or "", members)


def new_user(changes: Sequence[Change]) -> Account:
    """A record to be created."""
    return with_changes(_USER(), changes)


def new_group(name: str, external_id: str, members: Sequence[str]) -> Group:
    """A group to be created."""
    inside = [_MEMBER(value=id) for id in members]
    return Group(display_name=name, external_id=external_id, members=inside or None)


def with_changes(before: Account, changes: Sequence[Change]) -> Account:
    """A record with some attributes changed and all the rest as it was, to be written back as a whole."""
    made = before.model_copy(deep=True)
    for change in changes:
        if change.attribute in _PLAIN:
            setattr(made, _PLAIN[change.attribute], change.after)
        elif change.attribute in _NAMED:
            made.name = made.name or Name()
            setattr(made.name, _NAMED[change.attribute], change.after)
        elif change.attribute == "active":
            made.active = change.after == "true"
        elif change.attribute == "emails":
            made.emails = _merged(made.emails or [], change.after)
    return made


def operations(before: Account, changes: Sequence[Change]) -> list[Operation]:
    """The same as single operations. The list of addresses is set as a whole, with those that are not ours."""
    made: list[Operation] = []
    for change in changes:
        value: object = change.after
        if change.attribute == "active":
            value = change.after == "true"
        elif change.attribute == "emails":
            value = [each.model_dump() for each in _merged(before.emails or [], change.after)]
        made.append(replacing(change.attribute, value))
    return made


def replacing(path: str, value: object) -> Operation:
    """One attribute set to a value."""
    return _OPERATION(op=PatchOperation.Op.replace_, path=path, value=value)


def patched_members(before: Group, joins: Sequence[str], leaves: Sequence[str]) -> list[Operation]:
    """Who comes and goes, as single operations; who is in already, or gone, needs none."""
    inside = group_of(before).members
    coming = [{"value": id} for id in joins if id not in inside]
    made = [_OPERATION(op=PatchOperation.Op.add, path="members", value=coming)] if coming else []
    for id in leaves:
        if id in inside:
            quoted = id.replace("\\", "\\\\").replace('"', '\\"')
            made.append(_OPERATION(op=PatchOperation.Op.remove, path=f'members[value eq "{quoted}"]'))
    return made


def with_members(before: Group, name: str, joins: Sequence[str], leaves: Sequence[str]) -> Group:
    """A group to be written back as a whole: who is not ours stays in it."""
    made = before.model_copy(deep=True)
    inside = group_of(before).members
    kept = [each for each in made.members or [] if each.value not in set(leaves)]
    made.members = [*kept, *(_MEMBER(value=id) for id in joins if id not in inside)]
    if name:
        made.display_name = name
    return made


def _work(addresses: Sequence[Email]) -> Email | None:
    """The address that is ours: the one for work, otherwise the first for use, otherwise the first."""
    work = [each for each in addresses if str(each.type or "").casefold() == "work"]
    primary = [each for each in addresses if each.primary]
    return next(iter([*work, *primary, *addresses]), None)


def _merged(addresses: Sequence[Email], ours: str) -> list[Email]:
    others = [each.model_copy() for each in addresses if str(each.type or "").casefold() != "work"]
    others = [each for each in others if str(each.value or "").casefold() != ours.casefold()]
    for each in others:
        each.primary = None
    return [Email(value=ours, type=Email.Type.work, primary=True), *others]


__all__ = [
    "group_of",
    "new_group",
    "new_user",
    "operations",
    "patched_members",
    "read_group",
    "read_user",
    "replacing",
    "with_changes",
    "with_members",
]
