"""How the database keeps columns of documents: not counted, and the one that every order writes not squeezed slowly.

Planning needs to know of a column how its values are spread only where statements compare them. Documents are written
and read whole and never compared; to count them, all of a sample is unpacked and sorted, which took a third of the time
that counting takes, of a processor that orders wait for.

PostgreSQL squeezes what is longer than 2 kB. Its own method takes longer for an evaluation than all else of the row
together; lz4 is a fraction of that, but not every server is built with it. Where it is missing, evaluations are kept as
they are: twice the space, for a fifth of the server's time with an order (docs/decisions/0026-plans-of-young-tables.md
and 0033-evaluations-unsqueezed.md).
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection, sql

# Not compared either, though no documents.
UNCOMPARED: Final = (("decisions", "row_ids"),)
# Long, written with every order, seldom read.
LONG: Final = (("decisions", "evaluations"),)

# Only where it is not so yet: to set it again would wait for whoever counts at that moment.
_COUNTED: Final = """
select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  and coalesce(a.attstattarget, -1) <> 0
  and (a.atttypid in ('json'::regtype, 'jsonb'::regtype)
       or (c.relname, a.attname) in (select * from unnest(%s::text[], %s::text[])))
"""
_UNCOUNT: Final = sql.SQL("alter table {} alter column {} set statistics 0")

_HAS_LZ4: Final = "select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"
_KEPT: Final = """
select a.attstorage::text, a.attcompression::text from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relname = %s and a.attname = %s
"""
_LZ4: Final = sql.SQL("alter table {0} alter column {1} set storage extended, alter column {1} set compression lz4")
_AS_IS: Final = sql.SQL("alter table {} alter column {} set storage external")


def keep_documents(conn: Connection[Any]) -> None:
    """Set columns of documents aside from counting and choose how the long ones are kept, in this transaction. What
    stands as it should is left alone; rows that were written before stay as they are."""
    tables, columns = zip(*UNCOMPARED, strict=True)
    for table, column in conn.execute(_COUNTED, (list(tables), list(columns))).fetchall():
        conn.execute(_UNCOUNT.format(sql.Identifier(table), sql.Identifier(column)))
    (has_lz4,) = conn.execute(_HAS_LZ4).fetchone() or (False,)
    wanted, statement = (("x", "l"), _LZ4) if has_lz4 else (("e", ""), _AS_IS)
    for place in LONG:
        kept = conn.execute(_KEPT, place).fetchone()
        if kept is not None and kept != wanted:
            conn.execute(statement.format(*map(sql.Identifier, place)))
