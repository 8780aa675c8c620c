-- reads: backtests, tenants
-- Tenants with a backtest that waits, or whose process has not been heard of for as long as it had promised.
create function headgate_due_backtests(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where t.status = 'active'
    and coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and exists (
    select from backtests b
    where b.tenant_id = t.tenant_id and b.status in ('queued', 'running')
      and (b.lease_until is null or b.lease_until <= at)
  )
  limit max_tenants
$$;
