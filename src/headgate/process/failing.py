"""What becomes of events whose advance broke: they wait for another try, or are parked after some.

What the installation lacks (`Misconfigured`, or a database whose schema is behind) is not the events' fault and counts
as no try; neither does what another event has to bring first (`NotYet`), which stands before it in another lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.kernel import telemetry
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import HeadgateError, Misconfigured, NotYet
from headgate.kernel.logger import Log
from headgate.ledger import AuditDraft, Failure, StoredEvent, append_audit, postpone_inbox, retry_inbox
from headgate.process.engine import Failed

PAUSE: Final = timedelta(seconds=30)
EARLY: Final = timedelta(seconds=5)
_NOT_THE_EVENTS = "42"  # SQLSTATE class: a table, column or right is missing
log = Log("headgate.lanes")


def put_off(conn: Connection[Any], at: datetime, now: datetime, tenant: UUID, failures: Sequence[Failed]) -> None:
    """Let failed events wait for another try; park those that had their tries. Pauses go by `now`, entries by `at`."""
    early = [f for f in failures if isinstance(f.error, NotYet)]
    waiting = [f for f in failures if is_systemic(f.error)]
    broken = [f for f in failures if not isinstance(f.error, NotYet) and not is_systemic(f.error)]
    postpone_inbox(conn, now + EARLY, [_failure(f) for f in early])
    postpone_inbox(conn, now + PAUSE, [_failure(f) for f in waiting])
    gone = retry_inbox(conn, now, [_failure(f) for f in broken])
    telemetry.lane_retries.inc(len(early), cause="order")
    telemetry.lane_retries.inc(len(waiting), cause="installation")
    telemetry.lane_retries.inc(len(broken) - len(gone), cause="event")
    telemetry.parked.inc(len(gone))
    errors = {f.event.seq: line_of(f.error) for f in broken}
    append_audit(conn, at, [parked(event, errors[event.seq]) for event in gone])
    crashpoint("advance.put_off")
    for error in dict.fromkeys(line_of(f.error) for f in waiting):
        seqs = [f.event.seq for f in waiting if line_of(f.error) == error]
        log.error("events wait for this to be mended", error=error, tenant=str(tenant), events=len(seqs), seq=seqs[0])
    for failed in broken:
        log.error(
            "an event could not be applied",
            error=line_of(failed.error),
            tenant=str(tenant),
            seq=failed.event.seq,
            type=failed.event.type,
            exc_info=failed.error,
        )


def parked(event: StoredEvent, error: str) -> AuditDraft:
    """What the audit chain says of an event that was tried often enough."""
    return AuditDraft(
        action="event.parked",
        subject_type="event",
        subject=event.subject,
        actor="system",
        body={"event": {"type": event.type, "id": event.event_id, "digest": event.digest}, "error": error},
        event_seq=event.seq,
    )


def is_systemic(error: Exception) -> bool:
    """Whether other events would meet the same error, so that trying each of them tells nothing."""
    schema = isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_NOT_THE_EVENTS)
    return schema or isinstance(error, Misconfigured)


def _failure(failed: Failed) -> Failure:
    problems = failed.error.problems if isinstance(failed.error, HeadgateError) else ()
    return Failure(failed.event, line_of(failed.error), problems)


def line_of(error: Exception) -> str:
    """An error in one line of at most 500 characters."""
    text = error.message if isinstance(error, HeadgateError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:500]
