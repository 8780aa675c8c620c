"""Questions that are asked now and answered later.

Within `conn.pipeline()` a statement is sent and not waited for, so several questions cost one wait. A function named
`ask_…` sends its statements and returns how to take the answer; without a pipeline it waits as it asks, and the answer
is the same. Statements run in the order in which they were asked, so locks are taken in that order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Later = Callable[[], T]
