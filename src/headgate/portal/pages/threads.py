"""The messages about something, on its page."""

from __future__ import annotations

from uuid import UUID

from headgate.portal import urls
from headgate.portal.views import MessageRow, Thread
from headgate.portal.visit import Visit
from headgate.process.messages import mark_seen, messages_of


def thread_of(visit: Visit, kind: str, code: str, case_id: UUID) -> Thread:
    """What was written about a case, noting that the partner's side has opened it."""
    found = messages_of(visit.conn, case_id)
    if any(m.from_staff and m.seen_at is None for m in found):
        mark_seen(visit.conn, visit.ctx, case_id)
    rows = tuple(
        # Who of the tenant's people answers is not the partner's to know; the organisation does.
        MessageRow(visit.tenant.name if m.from_staff else m.author_name, not m.from_staff, m.text, m.at)
        for m in found
    )
    return Thread(urls.messages(kind, code), rows)
