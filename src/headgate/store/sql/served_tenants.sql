-- reads: tenants
-- Whom a worker serves: not who is suspended, and where the worker has a label, only those whose data may be there.
create function headgate_served_tenants()
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where t.status = 'active' and coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
  order by t.slug
$$;
