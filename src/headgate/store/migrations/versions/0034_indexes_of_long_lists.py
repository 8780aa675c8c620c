"""indexes of long lists.

Revision 0034, after 0033. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


ONLINE = (
    (
        "create index concurrently if not exists ix_approvals_pending_of_case on approvals"
        " (tenant_id, case_id, branch) where status = 'pending'"
    ),
    (
        "create index concurrently if not exists ix_cases_closed on cases (tenant_id, closed_at, case_id)"
        " where status = 'closed' and sla_state <> ''"
    ),
    (
        "create index concurrently if not exists deals_tenant_id_updated_at_deal_idx on deals"
        " (tenant_id, updated_at, deal)"
    ),
    (
        "create index concurrently if not exists partners_tenant_id_name_partner_idx on partners"
        " (tenant_id, name, partner)"
    ),
)


def upgrade() -> None:
    """Nothing but the indexes, which are built while others write."""


def downgrade() -> None:
    for name, table in (
        ("partners_tenant_id_name_partner_idx", "partners"),
        ("deals_tenant_id_updated_at_deal_idx", "deals"),
        ("ix_cases_closed", "cases"),
        ("ix_approvals_pending_of_case", "approvals"),
    ):
        op.drop_index(name, table_name=table, if_exists=True)
