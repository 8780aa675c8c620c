"""What people have chosen about their mails, how pages and mails are written for them, and what waits for their daily
digest."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from headgate.store import tenant_table

# Who has no row gets every mail at once, in the tenant's language, zone and region; so do empty texts. `off` are the
# kinds that are not wanted, `digest` those that come once a day at the `digest_hour` of the reader's clock;
# `digest_day` is the day of theirs whose digest went last.
mail_choices = tenant_table(
    "mail_choices",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("timezone", sa.Text, nullable=False, server_default=""),
    sa.Column("region", sa.Text, nullable=False, server_default=""),
    sa.Column("off", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("digest", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("digest_hour", sa.SmallInteger, nullable=False, server_default="8"),
    sa.Column("digest_day", sa.Date),
    sa.Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    primary_key=("principal",),
    app="crud",
    actor_column="principal",
)

# What is to be told in somebody's next digest, and what was: known by the key under which a letter of its own would
# have been posted. `sealed` is what it says, empty once it was told or fell away.
digest_items = tenant_table(
    "digest_items",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("added_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("done_at", TIMESTAMP(timezone=True)),
    sa.Index("digest_items_waiting", "tenant_id", "principal", "added_at", postgresql_where=sa.text("done_at is null")),
    sa.Index("digest_items_by_age", "tenant_id", "done_at"),
    primary_key=("principal", "key"),
    app="crud",
)
