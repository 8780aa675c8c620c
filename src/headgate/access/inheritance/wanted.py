"""An offer from above, as the client's job sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tenant above offers. `digest` is SHA-256 of the text as offered; `author` and `approver` are people of the
    provider's, by the ids that they have there."""

    id: UUID
    kind: str
    name: str
    version: int
    title: str
    digest: bytes
    locked: bool
    effective_at: datetime
    author: str
    approver: str
    provider: UUID
    provider_slug: str
    provider_name: str

    def person(self, principal: str) -> str:
        """Somebody of the provider's, as they are named in the client."""
        return f"provider:{self.provider_slug}/{principal}"
