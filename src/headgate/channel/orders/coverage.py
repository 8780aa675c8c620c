"""Which rows of a policy decided how often, also of one that only helps to decide about orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.channel.orders.insight import row_hits
from headgate.policy.core.model import PolicyTable
from headgate.policy.coverage import Coverage, coverage_of
from headgate.policy.decisions import row_counts

SAMPLE = 2_000


def policy_coverage(
    conn: Connection[Any], table: PolicyTable, version: int, since: datetime, most: int = SAMPLE
) -> Coverage:
    """How often each row of a version decided since an instant.

    A policy with decisions of its own is counted whole. One that is asked on the way to a decision about an order is
    counted in the newest `most` of those.
    """
    own = row_counts(conn, table.policy, version, since)
    if own:
        return coverage_of(table, own)
    asked = row_hits(conn, table.policy, version, since, most)
    return coverage_of(table, asked, "sample") if asked else coverage_of(table, {})
