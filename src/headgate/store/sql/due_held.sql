-- reads: held_decisions, tenants
-- Tenants with decisions that were held and are due.
create function headgate_due_held(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where t.status = 'active'
    and coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and exists (
      select from held_decisions h where h.tenant_id = t.tenant_id and h.status = 'held' and h.next_at <= at)
  limit max_tenants
$$;
