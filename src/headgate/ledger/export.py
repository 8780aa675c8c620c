"""Audit bundles: entries with everything that proves them, in one file that is checked without Headgate.

A bundle is JSON lines, each canonical JSON, in this order:

    {"bundle": "headgate-audit/1", "entries": …, "origin": …, "scope": {…}, "size": …, "tenant": …}
    {"key": "name+id+key"}                          every public key of the tenant's checkpoints
    {"checkpoint": "<signed note>"}                 checkpoints, smallest first; `size` is that of the last one
    {"consistency": [old, new], "path": [hex, …]}   that each is the beginning of the next (RFC 9162)
    {"cover": [first, end], "root": hex}            ranges of leaves outside the bundle, for a range of entries
    {"entry": "<text>", "hash": hex, "path": […]}   the entries; `path` (RFC 9162 inclusion) where there is no cover
    {"digest": hex, "event": "<text>", "seq": …}    events that entries speak of, where asked for

After the first part and every thousand lines comes `{"sum": hex}`: SHA-256 over the sum before and the bytes since, so
that damage is found where it is. The last line is `{"end": {"entries": …, "lines": …}, "sum": hex}`.
The same database state gives the same bytes. Personal values are not in it: entries and events hold commitments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical, canonical_text, instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.ledger.checkpoint_reading import StoredCheckpoint, audit_keys, checkpoint_list, latest_checkpoint
from headgate.ledger.core import merkle
from headgate.ledger.core.checkpoint import origin_of
from headgate.ledger.proofs import range_roots

FORMAT: Final = "headgate-audit/1"
SECTION: Final = 1000
MOST_IN_RANGE: Final = 5_000_000
MOST_SCATTERED: Final = 50_000
MOST_CHECKPOINTS: Final = 100
_PAGE: Final = 2000

_FILTERS: Final = {
    "entry": "seq = %(entry)s",
    "subject": "subject_type = %(subject_type)s and subject = %(subject)s",
    "case": "case_id = %(case)s",
}
_SEQS: Final = "select seq from audit_entries where {filter} and seq <= %(size)s order by seq limit %(limit)s"
_ENTRIES: Final = """
select seq, body, encode(hash, 'hex'), event_seq from audit_entries where seq = any(%(seqs)s) order by seq
"""
_RANGE: Final = """
select seq, body, encode(hash, 'hex'), event_seq from audit_entries
where seq > %(after)s and seq <= %(last)s order by seq limit %(limit)s
"""
_EVENTS: Final = """
select seq, source, event_id, type, subject, key, time, data::text, encode(digest, 'hex')
from events where seq = any(%(seqs)s) order by seq
"""

Write = Callable[[bytes], object]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a bundle is about: entries `first` … `last` (0: to the newest signed one), or all of a subject, a case, or
    one entry. Give one of them."""

    first: int = 0
    last: int = 0
    subject_type: str = ""
    subject: str = ""
    case: UUID | None = None
    entry: int = 0

    @property
    def kind(self) -> str:
        """range, entry, subject or case."""
        if self.entry:
            return "entry"
        if self.case:
            return "case"
        return "subject" if self.subject else "range"

    def as_json(self) -> dict[str, object]:
        """As the bundle's first line says it."""
        match self.kind:
            case "range":
                return {"first": self.first, "last": self.last}
            case "entry":
                return {"entry": self.entry}
            case "case":
                return {"case": str(self.case)}
        return {"subject": self.subject, "subject_type": self.subject_type}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: entries, events, lines, bytes; up to which tree; SHA-256 of the whole in hex."""

    entries: int
    events: int
    lines: int
    bytes: int
    size: int
    sha256: str


class Uncovered(Conflict):
    """There is no checkpoint that covers what is to be exported. Make one: headgate audit checkpoint."""


def export_bundle(
    conn: Connection[Any],
    ctx: Context,
    scope: Scope,
    write: Write,
    *,
    events: bool = False,
    since: int = 0,
    progress: Progress | None = None,
) -> Exported:
    """Write the bundle of a scope, piece by piece, proved by the newest checkpoint.

    `since` is the size of a checkpoint that the reader holds already: its consistency is proved too. `events` adds the
    events that the entries speak of. Raises `Uncovered`, `NotFound` for a scope without entries, `Invalid` for one that
    is too large.
    """
    checkpoint = latest_checkpoint(conn)
    if checkpoint is None:
        raise Uncovered("nothing is signed yet; make a checkpoint first (headgate audit checkpoint)")
    chosen = _chosen(conn, scope, checkpoint.size)
    if scope.kind == "range":
        scope = Scope(first=chosen[0], last=chosen[-1])
    out = _Lines(write)
    out.add(
        {
            "bundle": FORMAT,
            "entries": len(chosen),
            "origin": origin_of(ctx.tenant_id),
            "scope": scope.as_json(),
            "size": checkpoint.size,
            "tenant": str(ctx.tenant_id),
        }
    )
    for found in reversed(audit_keys(conn)):
        out.add({"key": str(found.key)})
    _write_checkpoints(conn, out, _checkpoints(conn, checkpoint, since))
    covered = isinstance(chosen, range)
    if isinstance(chosen, range):
        spans = merkle.cover(range(chosen.start - 1, chosen.stop - 1), checkpoint.size)
        for span, root in zip(spans, range_roots(conn, spans), strict=True):
            out.add({"cover": list(span), "root": root.hex()})
    out.sum()
    told: list[int] = []
    done = 0
    for rows in _pages(conn, chosen):
        paths = {} if covered else _paths(conn, [seq for seq, *_ in rows], checkpoint.size)
        for seq, text, hash_, event in rows:
            out.add({"entry": text, "hash": hash_} | ({} if covered else {"path": paths[seq]}))
            if event is not None:
                told.append(event)
        done += len(rows)
        _tell(progress, "entries", done, len(chosen))
    written = _write_events(conn, out, sorted(set(told)), progress) if events else 0
    out.end(done)
    return Exported(done, written, out.lines, out.bytes, checkpoint.size, out.whole.hexdigest())


def verifier_source() -> str:
    """The stand-alone verifier, as a file of its own."""
    return resources.files("headgate.ledger").joinpath("verifier.py").read_text(encoding="utf-8")


class _Lines:
    """Writes lines and the sums between them."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._since = hashlib.sha256()
        self._open = 0
        self.whole = hashlib.sha256()
        self.lines = 0
        self.bytes = 0

    def add(self, line: dict[str, Any]) -> None:
        raw = canonical(line) + b"\n"
        self._since.update(raw)
        self._put(raw)
        self._open += 1
        if self._open == SECTION:
            self.sum()

    def sum(self) -> None:
        if self._open:
            self._put(canonical({"sum": self._turn()}) + b"\n")

    def end(self, entries: int) -> None:
        self.sum()
        last = {"entries": entries, "lines": self.lines + 1}
        self._since.update(canonical(last))
        self._put(canonical({"end": last, "sum": self._turn()}) + b"\n")

    def _turn(self) -> str:
        found = self._since.hexdigest()
        self._since = hashlib.sha256(bytes.fromhex(found))
        self._open = 0
        return found

    def _put(self, raw: bytes) -> None:
        self.whole.update(raw)
        self.lines += 1
        self.bytes += len(raw)
        self._write(raw)


def _chosen(conn: Connection[Any], scope: Scope, size: int) -> Sequence[int]:
    """The numbers of the entries of a scope that the checkpoint covers."""
    if scope.kind == "range":
        first, last = max(scope.first, 1), scope.last or size
        if last > size:
            raise Uncovered(f"only {size} entries are signed; make a checkpoint first (headgate audit checkpoint)")
        if first > last:
            raise invalid("first", first, "is behind the last entry", f"Give at most {last}.")
        if last - first >= MOST_IN_RANGE:
            raise invalid("last", last, f"makes more than {MOST_IN_RANGE:,} entries", "Export in several parts.")
        return range(first, last + 1)
    wanted = {
        "entry": scope.entry,
        "subject_type": scope.subject_type,
        "subject": scope.subject,
        "case": scope.case,
        "size": size,
        "limit": MOST_SCATTERED + 1,
    }
    found = [seq for (seq,) in conn.execute(_SEQS.format(filter=_FILTERS[scope.kind]), wanted)]
    if not found:
        raise NotFound(f"no signed entry is about {canonical_text(scope.as_json())}")
    if len(found) > MOST_SCATTERED:
        raise invalid("scope", scope.kind, f"has more than {MOST_SCATTERED:,} entries", "Export a range instead.")
    return found


def _checkpoints(conn: Connection[Any], newest: StoredCheckpoint, since: int) -> list[StoredCheckpoint]:
    """The newest checkpoint of each size, smallest first; from `since` on, when the reader holds that one."""
    by_size: dict[int, StoredCheckpoint] = {}
    for found in checkpoint_list(conn, limit=MOST_CHECKPOINTS):
        by_size.setdefault(found.size, found)
    if since and since not in by_size:
        held = checkpoint_list(conn, before=since + 1, limit=1)
        if not held or held[0].size != since:
            raise NotFound(f"there is no checkpoint of {since} entries; see headgate audit checkpoints")
        by_size[since] = held[0]
    assert newest.size in by_size
    return [by_size[size] for size in sorted(by_size) if size >= since]


def _write_checkpoints(conn: Connection[Any], out: _Lines, checkpoints: Sequence[StoredCheckpoint]) -> None:
    for checkpoint in checkpoints:
        out.add({"checkpoint": checkpoint.note})
    pairs = [(a.size, b.size) for a, b in pairwise(checkpoints)]
    spans = [merkle.consistency_ranges(*pair) for pair in pairs]
    roots = iter(range_roots(conn, [span for path in spans for span in path]))
    for pair, path in zip(pairs, spans, strict=True):
        out.add({"consistency": list(pair), "path": [next(roots).hex() for _ in path]})


def _paths(conn: Connection[Any], seqs: Sequence[int], size: int) -> dict[int, list[str]]:
    spans = {seq: merkle.inclusion_ranges(seq - 1, size) for seq in seqs}
    distinct = list({span for path in spans.values() for span in path})
    roots = dict(zip(distinct, range_roots(conn, distinct), strict=True))
    return {seq: [roots[span].hex() for span in path] for seq, path in spans.items()}


def _pages(conn: Connection[Any], chosen: Sequence[int]) -> Iterator[list[tuple[int, str, str, int | None]]]:
    for start in range(0, len(chosen), _PAGE):
        part = chosen[start : start + _PAGE]
        if isinstance(part, range):
            rows = conn.execute(_RANGE, {"after": part[0] - 1, "last": part[-1], "limit": _PAGE}).fetchall()
        else:
            rows = conn.execute(_ENTRIES, {"seqs": list(part)}).fetchall()
        if len(rows) != len(part):
            raise Conflict("entries are missing; run headgate audit verify")
        yield rows


def _write_events(conn: Connection[Any], out: _Lines, seqs: Sequence[int], progress: Progress | None) -> int:
    done = 0
    for start in range(0, len(seqs), _PAGE):
        part = list(seqs[start : start + _PAGE])
        rows = conn.execute(_EVENTS, {"seqs": part})
        for seq, source, event_id, type_, subject, key, time, data, digest in rows:
            text = (
                f'{{"data":{data},"id":{canonical_text(event_id)},"key":{canonical_text(key)},'
                f'"source":{canonical_text(source)},"subject":{canonical_text(subject)},'
                f'"time":"{instant_text(time)}","type":{canonical_text(type_)}}}'
            )
            out.add({"digest": digest, "event": text, "seq": seq})
            done += 1
        _tell(progress, "events", done, len(seqs))
    return done


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress is not None:
        progress(what, done, total)
