"""Pictures and papers of returns."""

from __future__ import annotations

from headgate.channel.evidence import Shelf
from headgate.kernel.phrases import phrase

RETURN_FILES = Shelf(
    files="return_files",
    things="return_requests",
    number="rma",
    kind="rma",
    ended=("credited", "replaced", "refused", "declined", "lapsed", "withdrawn"),
    field="pictures",
    others=phrase("pictures come from the partner who returns the goods"),
    most=phrase("a return has at most"),
)
