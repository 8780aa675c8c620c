"""What this server is, as it says itself: schemas, resource types, what it can do (RFC 7643 5 to 7)."""

from __future__ import annotations

from typing import Any, Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    Patch,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)

MOST_RESULTS: Final = 200
USER: Final[Any] = User[EnterpriseUser]

CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    # One message about one resource: each is its own transaction and its own entry in the audit trail.
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="A token of an OAuth 2 client for the audience scim, or an API key with the scope scim.",
            primary=True,
        )
    ],
)

# What the big providers send beside the standard is understood: attributes nobody declared are dropped, `remove` may
# name what to remove in its value, and a value filter that matches nothing adds what it describes.
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)

SERVICE: Final = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(USER), ResourceType.from_resource(Group)],
    config=CONFIG,
    policy=POLICY,
)
