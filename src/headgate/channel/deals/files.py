"""Evidence of deals."""

from __future__ import annotations

from headgate.channel.evidence import Shelf

DEAL_FILES = Shelf(
    files="deal_files",
    things="deals",
    number="deal",
    kind="deal",
    ended=("rejected", "converted", "lost", "expired", "withdrawn"),
    field="evidence",
    others="evidence comes from the deal's partner",
    most="a deal has at most",
    fix="Remove one.",
)
