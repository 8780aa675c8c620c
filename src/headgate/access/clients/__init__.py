"""OAuth 2 clients of service accounts, and the short-lived access tokens they get for their secret (RFC 6749 4.4)."""

from headgate.access.clients.names import CLIENT_ID, parse_client_id
from headgate.access.clients.service import (
    AUDIENCES,
    Audience,
    Client,
    ClientSecret,
    NewSecret,
    change_client_status,
    create_client,
    list_clients,
    retire_secrets,
    rotate_client_secret,
)
from headgate.access.clients.tokens import (
    AccessToken,
    OAuthRefusal,
    forget_tokens,
    issue_token,
    revoke_token,
)

__all__ = [
    "AUDIENCES",
    "CLIENT_ID",
    "AccessToken",
    "Audience",
    "Client",
    "ClientSecret",
    "NewSecret",
    "OAuthRefusal",
    "change_client_status",
    "create_client",
    "forget_tokens",
    "issue_token",
    "list_clients",
    "parse_client_id",
    "retire_secrets",
    "revoke_token",
    "rotate_client_secret",
]
