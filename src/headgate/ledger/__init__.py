"""F2: the event log, the audit chain, the outbox."""

from headgate.ledger.core.chain import AuditDraft
from headgate.ledger.core.events import Appended, NewEvent, StoredEvent

__all__ = ["Appended", "AuditDraft", "NewEvent", "StoredEvent"]
