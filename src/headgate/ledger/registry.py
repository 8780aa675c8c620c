"""The types under which floors above register what they do with events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import Problem
from headgate.ledger.core.events import StoredEvent


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that a projection could not apply, as a whole, and why."""

    seq: int
    problem: Problem


# Writes what a batch of events says, in bulk; refuses a bad event whole and without raising.
Projection = Callable[[Connection, Context, Sequence[StoredEvent]], list[Refusal]]

# What is wrong with an event's data; pure, and empty when nothing is.
Validator = Callable[[dict[str, Any]], list[Problem]]
