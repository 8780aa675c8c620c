"""Which columns the database counts when it looks at what its tables hold.

Planning needs to know of a column how its values are spread only where statements compare them. Documents are written
and read whole and never compared; to count them, all of a sample is unpacked and sorted, which took a third of the time
that counting takes, of a processor that orders wait for.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection, sql

# Not compared either, though no documents.
UNCOMPARED: Final = (("decisions", "row_ids"),)

# Only where it is not so yet: to set it again would wait for whoever counts at that moment.
_COUNTED_DOCUMENTS: Final = """
select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  and coalesce(a.attstattarget, -1) <> 0
  and (a.atttypid in ('json'::regtype, 'jsonb'::regtype)
       or (c.relname, a.attname) in (select * from unnest(%s::text[], %s::text[])))
"""
_UNCOUNT: Final = sql.SQL("alter table {} alter column {} set statistics 0")


def leave_documents_uncounted(conn: Connection[Any]) -> None:
    """Set every column of documents aside from counting, in this transaction. Takes no lock that readers or writers
    wait for."""
    tables, columns = zip(*UNCOMPARED, strict=True)
    for table, column in conn.execute(_COUNTED_DOCUMENTS, (list(tables), list(columns))).fetchall():
        conn.execute(_UNCOUNT.format(sql.Identifier(table), sql.Identifier(column)))
