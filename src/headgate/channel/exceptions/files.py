"""Evidence of price exceptions: a competitor's offer, an e-mail, a photo."""

from __future__ import annotations

from headgate.channel.evidence import Shelf
from headgate.kernel.phrases import phrase

PRICE_FILES = Shelf(
    files="price_exception_files",
    things="price_exceptions",
    number="request",
    kind="price_exception",
    ended=("granted", "not_needed", "declined", "lapsed", "withdrawn"),
    field="evidence",
    others=phrase("say of which partner's price exception it is"),
    most=phrase("a price exception has at most"),
)
