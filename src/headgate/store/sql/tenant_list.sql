-- reads: tenants, tenant_tombstones
-- For whoever runs the installation: what tenants there are, and nothing of what they have.
create function headgate_tenant_list()
returns table (
  tenant_id uuid, slug text, name text, kind text, status text, status_reason text, status_at timestamptz,
  parent uuid, residency text, created_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.slug, t.name, t.kind, t.status, t.status_reason, t.status_at, t.parent, t.residency,
    t.created_at
  from tenants t order by t.slug
$$;

create function headgate_tombstones()
returns table (
  tenant_id uuid, slug text, deleted_at timestamptz, asked_by text, confirmed_by text, reason text, parent uuid,
  entries bigint, head bytea, rows jsonb
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.slug, t.deleted_at, t.asked_by, t.confirmed_by, t.reason, t.parent, t.entries, t.head, t.rows
  from tenant_tombstones t
  order by t.deleted_at desc
$$;
