"""Connections whose pipelines do not end the server's watch over silence.

In a pipeline statements are sent without waiting for their answers. As psycopg sends them, the server takes everything
up to the end of the pipeline for one message under way, and neither idle_in_transaction_session_timeout nor anything
else ends a session whose client stands still in between: it would keep its locks for as long as the client hangs. Here
each statement ends with a Sync message, after which the server waits for the next as it does without a pipeline.
An explicit transaction goes on over a Sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.generators import send


class SyncedPipeline(psycopg.Pipeline):
    """A pipeline with a Sync behind each statement. Only for use within an explicit transaction."""

    def _communicate_gen(self) -> PQGen[None]:
        if self.command_queue and self.command_queue[-1] != self.pgconn.pipeline_sync:
            self._enqueue_sync()
        yield from super()._communicate_gen()

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        # The answers come by the Sync. A Flush behind it would be a message that nothing ends.
        if flush:
            yield from send(self.pgconn)
        yield from super()._fetch_gen(flush=False)


class PipeliningConnection(psycopg.Connection[Any]):
    """A connection that makes such pipelines. `planned_at` is when its plans were last made anew (monotonic clock)."""

    planned_at = 0.0

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """See `psycopg.Connection.pipeline`."""
        if self._pipeline is None:
            self._pipeline = SyncedPipeline(self)
        with super().pipeline() as pipeline:
            yield pipeline
