"""Evidence of deals."""

from __future__ import annotations

from headgate.channel.evidence import Shelf
from headgate.kernel.phrases import phrase

DEAL_FILES = Shelf(
    files="deal_files",
    things="deals",
    number="deal",
    kind="deal",
    ended=("rejected", "converted", "lost", "expired", "withdrawn"),
    field="evidence",
    others=phrase("evidence comes from the deal's partner"),
    most=phrase("a deal has at most"),
    fix="Remove one.",
)
