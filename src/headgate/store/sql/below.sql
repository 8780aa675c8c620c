-- reads: tenants, tenant_deletions
-- Which tenants are below the transaction's own, and how they are set up: nothing of their business.
create function headgate_below()
returns table (
  tenant_id uuid, slug text, name text, kind text, status text, status_reason text, status_at timestamptz,
  parent uuid, depth integer, residency text, currency text, created_at timestamptz, quotas jsonb
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive below as (
    select t.tenant_id, 1 as depth from tenants t
    where t.parent = nullif(current_setting('headgate.tenant', true), '')::uuid
      and coalesce(current_setting('headgate.partner', true), '-') = ''
    union
    select t.tenant_id, b.depth + 1 from below b join tenants t on t.parent = b.tenant_id where b.depth < 5
  )
  select t.tenant_id, t.slug, t.name, t.kind, t.status, t.status_reason, t.status_at, t.parent, b.depth, t.residency,
    t.currency, t.created_at, t.quotas
  from below b join tenants t on t.tenant_id = b.tenant_id
  order by b.depth, t.slug
$$;

-- Which tenants are above the transaction's own, by id alone: who may be told what was done with their people.
create function headgate_above()
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive above as (
    select t.parent as tenant_id, 1 as depth from tenants t
    where t.tenant_id = nullif(current_setting('headgate.tenant', true), '')::uuid
      and coalesce(current_setting('headgate.partner', true), '-') = ''
    union
    select t.parent, a.depth + 1 from above a join tenants t on t.tenant_id = a.tenant_id where a.depth < 5
  )
  select a.tenant_id from above a where a.tenant_id is not null
$$;

-- Whose deletion two people agreed to and whose waiting period is over. One with tenants below it waits for theirs.
create function headgate_due_deletions(asked timestamptz)
returns table (tenant_id uuid, slug text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.slug from tenants t
  where t.status = 'deleting'
    and exists (
      select from tenant_deletions d
      where d.tenant_id = t.tenant_id and d.withdrawn_at is null and d.confirmed_at is not null
        and d.not_before <= asked)
    and not exists (select from tenants c where c.parent = t.tenant_id)
  order by t.slug
$$;
