"""What is at issue beside an order when it is decided about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

AGREEMENTS = """
select distinct a.code from order_lines l join agreements a on a.agreement::text = l.agreement
where l.order_no = %s order by a.code
"""


def agreements_of(conn: Connection[Any], order_no: str) -> Mapping[str, Sequence[str]]:
    """The agreements whose terms priced the order's lines, by code."""
    return {"agreement": [code for (code,) in conn.execute(AGREEMENTS, [order_no])]}
