"""Labelled pairs of end customers, as a pack or a tenant writes them down."""

from __future__ import annotations

import yaml

from headgate.domain.deals import company_from
from headgate.domain.deals.labelled import Pair
from headgate.kernel.errors import invalid

MOST_PAIRS = 20_000


def read_pairs(text: str) -> list[Pair]:
    """The pairs of a YAML text: `pairs: [{same: true, ours: {name, country, …}, theirs: {…}}]`. Raises `Invalid`."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid("pairs", "", f"cannot be read: {error}", "Write YAML with a list under pairs.") from None
    rows = raw.get("pairs") if isinstance(raw, dict) else None
    if not isinstance(rows, list) or not rows or len(rows) > MOST_PAIRS:
        raise invalid("pairs", "", f"is not a list of 1 to {MOST_PAIRS} pairs", "Write a list under pairs.")
    found = []
    for n, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not isinstance(row.get("same"), bool):
            raise invalid(f"pairs[{n}].same", row, "is not true or false", "Say whether both mean one buyer.")
        found.append(Pair(row["same"], company_from(row.get("ours") or {}), company_from(row.get("theirs") or {})))
    return found
