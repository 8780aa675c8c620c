"""Whose a piece of text is: every tenant and partner writes its own mark into whatever it says, and ids have owners.

A mark is looked for in every answer. Ids and digests that an answer names are kept and compared with what only another
owner's rows hold.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg

from headgate.store import metadata

MARK = re.compile(r"zq[ab][0-9]", re.IGNORECASE)
# What is sealed is chance to who reads it, and chance spells everything in the end.
SEALED = re.compile(r"\bhg1\.[\w.-]+")
WORD = re.compile(rf"[\w.@-]*{MARK.pattern}[\w.@-]*", re.IGNORECASE)
# Ids, numbers that the product hands out, and digests of content.
ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b(?:DR|PX)-[0-9A-F]{6,}|\b[0-9a-f]{64}\b"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """A tenant (`a` or `b`) itself, or one of its partners from 1 on."""

    house: str
    partner: int = 0

    @property
    def mark(self) -> str:
        """What all that this owner says contains."""
        return f"zq{self.house}{self.partner}"

    def may_read(self, mark: str) -> bool:
        """Whether text with a mark may be shown: staff read all of their tenant's, partners their own and staff's."""
        house, partner = mark[2].lower(), int(mark[3])
        return house == self.house and (self.partner == 0 or partner in (0, self.partner))


def tokens(text: str) -> set[str]:
    """Words of a request that bear a mark, and ids: what an answer may repeat. A bare mark would excuse everything."""
    return {word for word in WORD.findall(text) if len(word) > 4} | set(ID.findall(text))


OWNERS = tuple(Owner(house, partner) for house in "ab" for partner in (0, 1, 2))


def foreign_marks(text: str, reader: Owner, said: Iterable[str]) -> set[str]:
    """Marks in an answer that are not for the reader. What the reader's side said itself, an answer may repeat."""
    text = SEALED.sub("", text)
    found = {mark.lower() for mark in MARK.findall(text) if not reader.may_read(mark)}
    if not found:
        return found
    for own in said:
        text = re.sub(rf"(?<![\w.@-]){re.escape(own)}(?![\w.@-])", "", text, flags=re.IGNORECASE)
    return {mark.lower() for mark in MARK.findall(text) if not reader.may_read(mark)}


def words_of(content: bytes) -> str:
    """All that an answer says, also inside an archive."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    return content.decode(errors="replace")


def ids_of(conn: psycopg.Connection, tenant: object, tables: Iterable[str], where: str = "true") -> set[str]:
    """Every id and digest in a tenant's rows; `conn` sees everything."""
    texts = (
        text
        for table in tables
        for (text,) in conn.execute(
            f"select t::text from {table} t where tenant_id = %s and {where}".encode(), [tenant]
        )
    )
    return {found for text in texts for found in ID.findall(text)}


def partner_tables() -> Iterator[tuple[str, str]]:
    """Tables whose rows are a partner's, with the column that says which."""
    for name, table in sorted(metadata.tables.items()):
        if column := table.info["partner_column"]:
            yield name, column
