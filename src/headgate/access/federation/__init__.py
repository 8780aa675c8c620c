"""Sign-on by a tenant's identity provider (OpenID Connect), and what its groups give.

Providers (`providers.py`), their published metadata and keys (`discovery.py`), the way there and back (`flow.py`),
which account somebody is (`identities.py`), roles by groups (`groups.py`), and whether passwords count (`rules.py`).
"""

from headgate.access.federation.core.id_token import Identity
from headgate.access.federation.discovery import Discovery, Fetch, Metadata, Unreachable
from headgate.access.federation.flow import Begun, Callback, Finished, begin, exchange, take_request, tenant_of_state
from headgate.access.federation.groups import GroupRole, group_roles, map_group, sync_roles, unmap_group
from headgate.access.federation.identities import (
    Link,
    arrive,
    keep_id_token,
    link_identity,
    list_links,
    logout_hint,
    note_refusal,
    unlink_identity,
)
from headgate.access.federation.providers import (
    Provider,
    ProviderDraft,
    create_provider,
    get_provider,
    list_providers,
    note_test,
    secret_of,
    set_provider_status,
)
from headgate.access.federation.rules import (
    MOST_BREAK_GLASS,
    SignInRules,
    get_rules,
    may_use_password,
    set_rules,
    use_password,
)

__all__ = [
    "MOST_BREAK_GLASS",
    "Begun",
    "Callback",
    "Discovery",
    "Fetch",
    "Finished",
    "GroupRole",
    "Identity",
    "Link",
    "Metadata",
    "Provider",
    "ProviderDraft",
    "SignInRules",
    "Unreachable",
    "arrive",
    "begin",
    "create_provider",
    "exchange",
    "get_provider",
    "get_rules",
    "group_roles",
    "keep_id_token",
    "link_identity",
    "list_links",
    "list_providers",
    "logout_hint",
    "map_group",
    "may_use_password",
    "note_refusal",
    "note_test",
    "secret_of",
    "set_provider_status",
    "set_rules",
    "sync_roles",
    "take_request",
    "tenant_of_state",
    "unlink_identity",
    "unmap_group",
    "use_password",
]
