"""What people have chosen about their mails, and how pages and mails are written for them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from headgate.store import tenant_table

# Who has no row gets every mail, in the tenant's language, zone and region; so do empty texts. `off` are the kinds that
# are not wanted.
mail_choices = tenant_table(
    "mail_choices",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("timezone", sa.Text, nullable=False, server_default=""),
    sa.Column("region", sa.Text, nullable=False, server_default=""),
    sa.Column("off", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    primary_key=("principal",),
    app="crud",
    actor_column="principal",
)
