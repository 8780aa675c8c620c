-- reads: tenants, audit_entries, audit_checkpoints
-- In how many tenants no checkpoint can be made, because the audit chain is not the one that was signed before.
create function headgate_audit_alarms()
returns bigint
language sql stable security definer set search_path = pg_catalog, public
as $$
  select count(*) from tenants t
  cross join lateral (
    select a.at from audit_entries a
    where a.tenant_id = t.tenant_id and a.action = 'audit.checkpoint_refused' order by a.seq desc limit 1
  ) refused
  where refused.at > coalesce(
    (select c.at from audit_checkpoints c where c.tenant_id = t.tenant_id order by c.size desc limit 1), '-infinity')
$$;
