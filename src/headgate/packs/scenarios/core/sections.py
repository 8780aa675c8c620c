"""What a row of each section of `expected` may name: the columns that are held against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ROWS: Final = {
    "cases": """subject subject_type process version stage status outcome exceptions partner owner_role stake currency
        sla_state due_at data""",
    "tasks": "subject role also_role kind title assignee stake due_at level priority",
    "approvals": """approval subject subject_type status partner exceptions stake requested_by barred summary steps
        votes""",
    "decisions": "subject subject_type policy version outcome rows inputs outputs decision",
    "commands": "subject target type status step payload",
    "emitted": "subject type data",
    "quarantine": "reason kind source problems type subject",
}
ROWS: Final[Mapping[str, frozenset[str]]] = {name: frozenset(words.split()) for name, words in _ROWS.items()}
