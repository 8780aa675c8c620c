"""The audit chain searched by people: words, who, what, when; and what there is to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.ledger.audit import AuditEntry, audit_list, entries_of, proof_states
from headgate.ledger.log import NEWEST

# Words are sought in the newest entries only, so that a search ends however long the chain is.
SEARCHED = 200_000

_COLUMNS = """
    a.seq, a.at, a.actor, a.action, a.subject_type, a.subject, a.case_id, a.event_seq, a.body, encode(a.prev, 'hex'),
    encode(a.hash, 'hex')
"""
_LIST = (
    f"select {_COLUMNS} from audit_entries a where a.seq < %(before)s {{filters}} order by a.seq desc limit %(limit)s"
)
_CLAUSES = {
    "text": """and a.seq > (select seq from audit_heads) - %(searched)s
        and (a.body ilike %(like)s or starts_with(encode(a.hash, 'hex'), %(text)s))""",
    "actors": "and a.actor = any(%(actors)s)",
    "action": "and a.action = %(action)s",
    "subject_type": "and a.subject_type = %(subject_type)s",
    "subject": "and a.subject = %(subject)s",
    "since": "and a.at >= %(since)s",
    "until": "and a.at < %(until)s",
}
# Walks from value to value through the index, so its cost is the number of values and not of entries.
_VALUES = """
with recursive found as (
    (select {column} as value from audit_entries order by {column} limit 1)
    union all
    select (select a.{column} from audit_entries a where a.{column} > f.value order by a.{column} limit 1)
    from found f where f.value is not null
)
select value from found where value is not null order by value
"""
_HEAD = "select seq, encode(hash, 'hex') from audit_heads"


def audit_trail(conn: Connection[Any], subject_type: str, subject: str, limit: int = 200) -> list[dict[str, Any]]:
    """The entries about a subject, newest first, each with the state of its proof: for explanations."""
    entries = audit_list(conn, subject_type=subject_type, subject=subject, limit=limit)
    proofs = proof_states(conn, [entry.seq for entry in entries]) if entries else {}
    return [
        {
            "seq": entry.seq,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "body": entry.body,
            "hash": entry.hash,
            "proof": asdict(proofs[entry.seq]) if entry.seq in proofs else None,
        }
        for entry in entries
    ]


def search_audit(
    conn: Connection[Any],
    *,
    text: str = "",
    actors: Sequence[str] = (),
    action: str = "",
    subject_type: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int = NEWEST,
    limit: int = 50,
) -> list[AuditEntry]:
    """Entries, newest first, with seq below `before`. `text` stands in the entry, or begins its hash in hex."""
    like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    wanted: dict[str, object] = {
        "text": text.lower() if text else "",
        "actors": list(actors),
        "action": action,
        "subject_type": subject_type,
        "subject": subject,
        "since": since,
        "until": until,
    }
    filters = " ".join(_CLAUSES[name] for name, value in wanted.items() if value)
    params = wanted | {"like": f"%{like}%", "searched": SEARCHED, "before": before, "limit": limit}
    return entries_of(conn, conn.execute(_LIST.format(filters=filters), params).fetchall())


def audit_values(conn: Connection[Any], column: str) -> list[str]:
    """Every action or subject type in the chain; `column` is 'action' or 'subject_type'."""
    assert column in ("action", "subject_type"), "the columns that have an index"
    return [value for (value,) in conn.execute(_VALUES.format(column=column))]


def audit_head(conn: Connection[Any]) -> tuple[int, str]:
    """Number and hash (hex) of the last entry; 0 and '' before the first."""
    row = conn.execute(_HEAD).fetchone()
    return (0, "") if row is None else (row[0], row[1])
