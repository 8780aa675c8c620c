"""Lists as array parameters, many times faster than element by element: bulk writes are what Headgate sends most.

psycopg dumps each element with a dumper of its own, searches it for characters to quote with a regular expression, and
escapes with a second one. Lists of one plain type (and None) are written here as a whole; all others as psycopg does.
It also works out anew for each list of each statement which type its elements have in the database, which in a small
batch costs more than writing them; for types that always have the same one, that is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from struct import Struct
from types import NoneType
from typing import Any, Final
from uuid import UUID

from psycopg.abc import AdaptContext, DumperKey
from psycopg.adapt import PyFormat
from psycopg.errors import DataError
from psycopg.types.array import BaseListDumper, ListBinaryDumper, ListDumper

_NULL = b"\xff\xff\xff\xff"
_head = Struct("!IIIII").pack  # dimensions, has nulls, type of elements, length, lower bound
_length = Struct("!I").pack

# How an element is written, for types whose text needs no quotes.
_PLAIN: Final[Mapping[type, Callable[[Any], str]]] = {
    int: str,
    Decimal: str,
    UUID: str,
    bool: str,
    date: date.isoformat,
    datetime: datetime.isoformat,
}

# How an element is sent in binary form, with its type's number in the server's catalogue.
_RAW: Final[Mapping[type, tuple[int, Callable[[Any], bytes]]]] = {
    str: (25, str.encode),
    bytes: (17, bytes),
    UUID: (2950, attrgetter("bytes")),
}


# Types that have one type in the database, whatever the value; an int's depends on its size, a datetime's on its zone.
_STEADY: Final = frozenset({str, bytes, Decimal, UUID, bool, date})
# By dumper, type and format: the number of the array's type, and what stands between its elements.
_known: dict[tuple[type, type, PyFormat], tuple[int, bytes]] = {}


class _Kinds:
    """Which types a list's elements have. A list is asked for its key and then dumped, so it is gone through once."""

    __slots__ = ("_found", "_of")

    def __init__(self) -> None:
        self._of: list[Any] | None = None
        self._found: tuple[type | None, bool] = (None, False)

    def look(self, obj: list[Any]) -> type | None:
        """Go through a list that is about to be dumped. Its one type, None aside, if it is a steady one."""
        self._of, self._found = obj, _kinds_of(obj)
        return self.seen(obj)

    def seen(self, obj: list[Any]) -> type | None:
        """What `look` has just said of the list."""
        kind = self._found[0] if self._of is obj else _kinds_of(obj)[0]
        return kind if kind in _STEADY else None

    def take(self, obj: list[Any]) -> tuple[type | None, bool]:
        """What was seen of this list. It counts once: by the next statement the list may have changed."""
        known, self._of = self._of is obj, None
        return self._found if known else _kinds_of(obj)


def _kinds_of(obj: list[Any]) -> tuple[type | None, bool]:
    """The one type of the elements, None aside (None where there is not just one), and whether there are gaps."""
    kinds = set(map(type, obj))
    gaps = NoneType in kinds
    kinds.discard(NoneType)
    return kinds.pop() if len(kinds) == 1 else None, gaps


class QuickListDumper(ListDumper):
    """`ListDumper` for text parameters."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._kinds = _Kinds()

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        """What lists that this dumper's upgrade can write have in common."""
        kind = None if self.oid else self._kinds.look(obj)
        return super().get_key(obj, format) if kind is None else (self.cls, kind)

    def upgrade(self, obj: list[Any], format: PyFormat) -> BaseListDumper:
        """A dumper that knows the type of this list's elements."""
        kind = None if self.oid else self._kinds.seen(obj)
        if kind is None:
            return super().upgrade(obj, format)
        place = (QuickListDumper, kind, format)
        if place not in _known:
            made = super().upgrade(obj, format)
            assert isinstance(made, QuickListDumper)
            _known[place] = (made.oid, made.delimiter)
        dumper = QuickListDumper(self.cls, self._tx)
        dumper.oid, dumper.delimiter = _known[place]
        dumper._kinds = self._kinds
        return dumper

    def dump(self, obj: list[Any]) -> Any:
        """The array literal."""
        kind, gaps = self._kinds.take(obj)
        if kind is None:
            return super().dump(obj)
        plain = _PLAIN.get(kind)
        if plain is not None:
            found = map(plain, obj) if not gaps else ["NULL" if v is None else plain(v) for v in obj]
            return f"{{{','.join(found)}}}".encode()
        if kind is str:
            return _quoted(obj, gaps=gaps).encode(self._tx.encoding)
        if kind is bytes:
            return f"{{{','.join(['NULL' if v is None else _hex(v) for v in obj])}}}".encode()
        return super().dump(obj)


class QuickListBinaryDumper(ListBinaryDumper):
    """`ListBinaryDumper` for lists of texts, bytes or UUIDs: the server reads a long text so in a tenth of the time.

    Asked for with a `%b` placeholder, and a cast (`%b::text[]`) where the column is not text.
    """

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._kinds = _Kinds()

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        """What lists that this dumper's upgrade can write have in common."""
        kind = None if self.oid else self._kinds.look(obj)
        return super().get_key(obj, format) if kind is None or kind not in _RAW else (self.cls, kind)

    def upgrade(self, obj: list[Any], format: PyFormat) -> BaseListDumper:
        """A dumper that knows the type of this list's elements."""
        kind = None if self.oid else self._kinds.seen(obj)
        if kind is None or kind not in _RAW:
            return super().upgrade(obj, format)
        place = (QuickListBinaryDumper, kind, format)
        if place not in _known:
            _known[place] = (super().upgrade(obj, format).oid, b",")
        dumper = QuickListBinaryDumper(self.cls, self._tx)
        dumper.oid = _known[place][0]
        dumper._kinds = self._kinds
        return dumper

    def dump(self, obj: list[Any]) -> Any:
        """The array as the server sends arrays itself."""
        kind, gaps = self._kinds.take(obj)
        known = None if kind is None else _RAW.get(kind)
        if known is None:
            return super().dump(obj)
        oid, raw = known
        head = _head(1, int(gaps), oid, len(obj), 1)
        if gaps:
            values = [None if v is None else raw(v) for v in obj]
            return head + b"".join([_NULL if v is None else _length(len(v)) + v for v in values])
        encoded = list(map(raw, obj))
        lengths = map(_length, map(len, encoded))
        return head + b"".join(chain.from_iterable(zip(lengths, encoded, strict=True)))


def _quoted(texts: list[str | None], *, gaps: bool) -> str:
    """Every element in quotes. NUL, which no text of PostgreSQL may hold, stands between the elements meanwhile."""
    if gaps:
        return f"{{{','.join(['NULL' if t is None else _quoted_one(t) for t in texts])}}}"
    joined = "\0".join(texts)  # type: ignore[arg-type]
    if joined.count("\0") != len(texts) - 1:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{escaped}"}}'


def _quoted_one(text: str) -> str:
    if "\0" in text:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hex(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'
