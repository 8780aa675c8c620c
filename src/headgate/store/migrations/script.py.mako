"""${message}

Revision: ${up_revision}, after ${down_revision | comma,n}.
Roles, grants, row-level security and scan functions are set again after every migration (store/security.py): leave them out.
To move data of every tenant, wrap it in `headgate.store.security.unforced(connection, "table")`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
