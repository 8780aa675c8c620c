-- reads: provisioning_runs, tenants
-- Tenants with a run of provisioning that waits, or whose process has not been heard of for as long as it had promised.
create function headgate_due_provisioning(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and t.status = 'active'
    and exists (
      select from provisioning_runs r
      where r.tenant_id = t.tenant_id and r.status in ('queued', 'running')
        and (r.lease_until is null or r.lease_until <= at) and (r.not_before is null or r.not_before <= at))
  limit max_tenants
$$;
