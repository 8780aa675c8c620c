-- reads: tenants
-- How a sign-in or a command finds its tenant.
create function headgate_tenant_by_slug(wanted text)
returns table (tenant_id uuid, name text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.name from tenants t where t.slug = wanted
$$;

create function headgate_tenants()
returns table (tenant_id uuid, slug text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.slug from tenants t order by t.slug
$$;
