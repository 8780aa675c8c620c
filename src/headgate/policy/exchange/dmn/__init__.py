"""Decision Model and Notation: models in, policies out, and back (DMN 1.3; 1.1 to 1.6 are read)."""

from __future__ import annotations

from headgate.policy.exchange.dmn.reading import read_dmn
from headgate.policy.exchange.dmn.to_policy import policies_of
from headgate.policy.exchange.dmn.writing import write_dmn
from headgate.policy.exchange.notice import Imported


def read_decisions(data: bytes, file: str) -> list[Imported]:
    """The decisions of a model as policies, required ones first. Raises `Invalid` with every reason and its place."""
    return policies_of(read_dmn(data, file), file)


__all__ = ["read_decisions", "write_dmn"]
