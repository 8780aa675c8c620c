"""The text of client ids. A client id names its tenant, so that the database is asked within that tenant's bounds."""

from __future__ import annotations

import re
from uuid import UUID

CLIENT_ID = re.compile(r"hgc_([0-9a-f]{32})_([0-9a-f]{16})")


def client_id(tenant_id: UUID, number: str) -> str:
    """The text that a client introduces itself with."""
    return f"hgc_{tenant_id.hex}_{number}"


def parse_client_id(text: str) -> UUID | None:
    """The tenant of a client id; None for what is none."""
    match = CLIENT_ID.fullmatch(text)
    return UUID(match[1]) if match else None
