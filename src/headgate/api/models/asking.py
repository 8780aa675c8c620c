"""Waiting for a partner: a question that stops the clock of a case's stage, and its answer."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Instant, LongText


class AskPartner(Body):
    """What is asked, for the partner to read in the portal; empty where it was asked in another way."""

    message: LongText = ""


class PartnerAnswered(Body):
    """The answer came in another way than by the portal, by phone perhaps. `note` stays in the case's record."""

    note: LongText = ""


class Waiting(Shape):
    """Where the case stands after the event. `paused`: its stage waits for the answer, and no clock of it runs."""

    case: UUID
    event: int = Field(description="Position in the event log.")
    settled: bool = Field(description="Whether it has been applied; otherwise a worker applies it in a moment.")
    stage: str
    sla_state: Literal["", "running", "warned", "paused", "breached", "met"]
    paused: bool
    because: str = Field(description="What is waited for, as the process says; empty while nothing is.")
    due_at: Instant | None = Field(description="When the stage is due. While paused, what it was before.")
