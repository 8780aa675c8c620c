-- reads: timers, tenants
-- Tenants with a timer that has come due.
create function headgate_due_timers(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where t.status = 'active'
    and coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and exists (select from timers x where x.tenant_id = t.tenant_id and x.fire_at <= at)
  limit max_tenants
$$;
