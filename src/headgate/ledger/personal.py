"""Where personal values are kept: which fields are personal, putting their values aside, and showing them again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.ledger.core.personal import SALT_BYTES, Opening, aligned, commit, commitments_in, revealed, revealed_text

_KEEP: Final = """
insert into personal_values (commitment, subject_type, subject, partner, salt, content, recorded_at)
select commitment, subject_type, subject, partner, salt, content, %(now)s
from unnest(
    %(commitment)s::bytea[], %(subject_type)s::text[], %(subject)s::text[], %(partner)s::text[], %(salt)s::bytea[],
    %(content)s::text[]
) as v(commitment, subject_type, subject, partner, salt, content)
"""
_READ: Final = """
select commitment, salt, content, subject from personal_values where commitment = any(%(commitments)s::bytea[])
"""

# Dotted paths of fields by event type, and of fields of the body by audit action. Wiring declares them.
_EVENTS: dict[str, tuple[str, ...]] = {}
_ENTRIES: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Kept:
    """An opening with whom and what it is about."""

    opening: Opening
    subject_type: str
    subject: str
    partner: str = ""


def declare_personal(
    *, events: Mapping[str, Sequence[str]] | None = None, entries: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Say which fields of events (by type) and of audit entries' bodies (by action) hold personal data.

    From then on their values are kept apart, in whatever way the events come in.
    """
    _EVENTS.update({name: tuple(sorted(paths)) for name, paths in (events or {}).items()})
    _ENTRIES.update({name: tuple(sorted(paths)) for name, paths in (entries or {}).items()})


def personal_fields() -> dict[str, tuple[str, ...]]:
    """What is declared: paths by event type or audit action."""
    return dict(sorted((_EVENTS | _ENTRIES).items()))


def commit_event(type_: str, data: dict[str, Any]) -> tuple[dict[str, Any], Opening | None]:
    """An event's data as it is stored and hashed, and what was put aside."""
    paths = _EVENTS.get(type_)
    return commit(data, paths, _salt) if paths else (data, None)


def commit_entry(action: str, body: dict[str, Any]) -> tuple[dict[str, Any], Opening | None]:
    """An entry's body as it is stored and hashed, and what was put aside."""
    paths = _ENTRIES.get(action)
    return commit(body, paths, _salt) if paths else (body, None)


def keep(conn: Connection[Any], now: datetime, kept: Sequence[Kept]) -> None:
    """Store openings, all in one statement; nothing for none."""
    if not kept:
        return
    conn.execute(
        _KEEP,
        {
            "now": now,
            "commitment": [k.opening.commitment for k in kept],
            "subject_type": [k.subject_type for k in kept],
            "subject": [k.subject for k in kept],
            "partner": [k.partner for k in kept],
            "salt": [k.opening.salt for k in kept],
            "content": [k.opening.content for k in kept],
        },
    )


def as_first(conn: Connection[Any], repeats: Sequence[tuple[str, dict[str, Any], dict[str, Any]]]) -> list[str]:
    """The texts of repeated events (type, data, data of the first under the id), to be compared with the first's."""
    openings = _openings(conn, {c for _, _, first in repeats for c in commitments_in(_flat(first))})
    texts = []
    for type_, data, first in repeats:
        found = next((openings[c] for c in commitments_in(_flat(first)) if c in openings), None)
        texts.append(aligned(data, _EVENTS.get(type_, ()), first, None if found is None else found[0]))
    return texts


def reveal(conn: Connection[Any], values: Sequence[tuple[str, Any]]) -> list[Any]:
    """JSON values, each with the subject it is about, with personal values in their places or `[erased]`.

    A marker is opened only in what is about the subject it was made for, so that a marker copied into something else
    shows nothing. One statement for all, none when there is no marker.
    """
    wanted = [commitments_in(_flat(value)) for _, value in values]
    openings = _openings(conn, set().union(*wanted)) if any(wanted) else {}
    found = []
    for (subject, value), commitments in zip(values, wanted, strict=True):
        if not commitments:
            found.append(value)
            continue
        own = {c: openings[c][0].content for c in commitments if c in openings and openings[c][1] == subject}
        found.append(revealed(value, own))
    return found


def reveal_texts(conn: Connection[Any], values: Sequence[tuple[str, str]]) -> list[str]:
    """`reveal` for JSON texts."""
    wanted = set().union(*(commitments_in(text) for _, text in values))
    openings = _openings(conn, wanted) if wanted else {}
    found = []
    for subject, text in values:
        own = {c: o.content for c, (o, about) in openings.items() if about == subject}
        found.append(revealed_text(text, own) if wanted else text)
    return found


def _openings(conn: Connection[Any], commitments: set[bytes]) -> dict[bytes, tuple[Opening, str]]:
    if not commitments:
        return {}
    rows = conn.execute(_READ, {"commitments": list(commitments)})
    return {bytes(c): (Opening(bytes(c), bytes(salt), content), subject) for c, salt, content, subject in rows}


def _flat(value: Any) -> str:
    """All texts of a value, in which markers are looked for."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(_flat(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return "\n".join(_flat(inner) for inner in value)
    return ""


def _salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)
