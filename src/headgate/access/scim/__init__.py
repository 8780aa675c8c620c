"""What an identity provider keeps of people and groups here (SCIM 2.0, RFC 7643 and 7644): the records.

A user is an account of the tenant's own people; a group gives roles by the table that sign-on uses, too. The protocol
itself is spoken by the edge (`headgate.api.scim`).
"""

from headgate.access.scim.groups import (
    GroupRecord,
    add_group,
    change_group,
    drop_group,
    get_group,
    list_groups,
    members_known,
)
from headgate.access.scim.users import (
    Person,
    UserRecord,
    add_user,
    change_user,
    drop_user,
    get_user,
    groups_of,
    list_users,
)

__all__ = [
    "GroupRecord",
    "Person",
    "UserRecord",
    "add_group",
    "add_user",
    "change_group",
    "change_user",
    "drop_group",
    "drop_user",
    "get_group",
    "get_user",
    "groups_of",
    "list_groups",
    "list_users",
    "members_known",
]
