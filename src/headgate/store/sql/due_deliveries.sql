-- reads: outbox, targets, target_states, tenants
-- Targets and subscriptions that may be sent to and have something due, the one served longest ago first. A pause
-- longer than any that is ever set, or set at a time that is still to come, is of a clock that was wrong, and is not
-- waited for.
create function headgate_due_deliveries(at timestamptz, max_targets integer)
returns table (tenant_id uuid, target text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.code from targets t
  join target_states s on s.tenant_id = t.tenant_id and s.code = t.code
  where t.status = 'active'
    and not exists (
      select from tenants n where n.tenant_id = t.tenant_id and not (n.status = 'active'
        and coalesce(current_setting('headgate.residency', true), '') in ('', n.residency))
    )
    and (s.not_before is null or s.not_before <= at or s.not_before > at + interval '25 hours'
      or s.last_attempt_at > at + interval '1 minute')
    and exists (
      select from outbox x
      where x.tenant_id = t.tenant_id and x.target = t.code and x.status = 'pending' and x.next_at <= at
    )
  order by s.last_attempt_at nulls first
  limit max_targets
$$;
