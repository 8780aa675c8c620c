"""Events that came under an id that was taken."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headgate.api.models.common import LoggedEvent, Shape
from headgate.api.parameters import Instant


class ConflictView(Shape):
    """A refused event: its id was used before for another body."""

    id: int
    first_seq: int = Field(description="The event of the log that has this id.")
    source: str
    event_id: str
    type: str
    subject: str
    first_digest: str = Field(description="Digest of the first one.")
    data: dict[str, Any] = Field(description="What was refused.")
    received_at: Instant
    actor: str


class ConflictDetail(Shape):
    """The refused event and the one that came first."""

    refused: ConflictView
    first: LoggedEvent
