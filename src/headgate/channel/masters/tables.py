"""The revision of each kind of master data, so that a process can tell whether what it remembers still holds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text, Uuid, text

from headgate.store import tenant_table

channel_revisions = tenant_table(
    "channel_revisions",
    Column("noun", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    # The revision counts for people; the stamp is what a cache compares. A count given by a transaction that was rolled
    # back is given again, a stamp never.
    Column("stamp", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    primary_key=("noun",),
)
