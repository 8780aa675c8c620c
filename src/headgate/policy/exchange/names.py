"""Names of other tools as names of ours: small letters, digits and underscores."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MAX_NAME = 64


def slug(text: str, default: str = "x") -> str:
    """The nearest name: `Approval Status` is approval_status, `isAffordable` is is_affordable, `Höhe` is hohe."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
    plain = unicodedata.normalize("NFKD", spread).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not name:
        return default
    return (name if name[0].isalpha() else f"{default}_{name}")[:MAX_NAME].rstrip("_")


def unused(name: str, taken: Collection[str]) -> str:
    """The name, or the name with the first number that makes it new."""
    if name not in taken:
        return name
    number = 2
    while f"{name[: MAX_NAME - 8]}_{number}" in taken:
        number += 1
    return f"{name[: MAX_NAME - 8]}_{number}"
