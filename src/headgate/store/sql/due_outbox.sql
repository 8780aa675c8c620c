-- reads: outbox, tenants
-- Tenants with a command to send.
create function headgate_due_outbox(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where exists (
    select from outbox x
    where x.tenant_id = t.tenant_id and x.status = 'pending' and (x.next_at is null or x.next_at <= at)
  )
  limit max_tenants
$$;
