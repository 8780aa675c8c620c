"""Ten thousand entries of the audit chain, and as many rows put aside: written as they always are."""

from __future__ import annotations

from headgate.ledger import AuditDraft, QuarantineDraft, append_audit, quarantine_add
from tests.integration.console.long_lists import MANY
from tests.scenarios.channel import Channel, person


def fill_books(channel: Channel) -> None:
    """So many entries, each linked to the one before, and so many rows of a file with one of four reasons."""
    now, numbers = channel.clock.now(), range(1, MANY + 1)
    entries = [
        AuditDraft(f"probe.{n % 4}", "probe", f"A-{n:05}", person("carl"), {"number": n, "said": f"entry {n}"})
        for n in numbers
    ]
    aside = [
        QuarantineDraft("row", "erp", f"reason {n % 4}", f"line {n}", file="sales.csv", row_number=n) for n in numbers
    ]
    with channel.app.database.transaction(channel.tenant) as conn:
        append_audit(conn, now, entries)
        quarantine_add(conn, now, aside)
