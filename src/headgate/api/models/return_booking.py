"""Goods of a return that arrived, and what was found of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Code, Instant, PositiveAmount, Text


class ArrivedLine(Body):
    """So much of a line arrived."""

    line: Code
    quantity: PositiveAmount


class BookReceipt(Body):
    """A delivery of returned goods. `receipt` is its number in the warehouse; each is booked once."""

    receipt: Code
    received_at: Instant | None = Field(default=None, description="When it arrived; now unless given.")
    warehouse: str = Field(default="", max_length=64)
    lines: Annotated[list[ArrivedLine], Field(min_length=1, max_length=500)]


class FoundLine(Body):
    """So much of a line was found in this condition; a line may have several."""

    line: Code
    quantity: PositiveAmount
    condition: Literal["unopened", "opened", "damaged", "defective", "no_fault", "incomplete", "other_goods"]
    note: Text = ""


class RecordInspection(Body):
    """What an inspection found."""

    lines: Annotated[list[FoundLine], Field(min_length=1, max_length=500)]


class BookedReturn(Shape):
    """Where the return stands after the event."""

    rma: str
    event: int = Field(description="Position in the event log.")
    settled: bool = Field(description="Whether it has been applied; otherwise a worker applies it in a moment.")
    status: str
    told: list[str] = Field(description="What the partner was told with the status.")
