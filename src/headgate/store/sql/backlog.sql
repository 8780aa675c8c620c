-- reads: inbox, events, tenants, quarantine, outbox, targets, target_states, audit_entries, audit_checkpoints
-- What waits in the whole installation, in sums that name no tenant. Counts stop at a million; what is counted by tenant
-- goes through indexes, so that what is done and stays costs nothing.
create function headgate_backlog(at timestamptz)
returns table (
  waiting bigint, retrying bigint, oldest timestamptz, busy_tenants bigint,
  parked_events bigint, parked_rows bigint,
  commands_due bigint, commands_dead bigint, oldest_command timestamptz,
  breakers_open bigint, breakers_half_open bigint, targets_disabled bigint,
  oldest_unsigned timestamptz
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive filled as (
    (select i.tenant_id, i.lane, i.seq from inbox i order by i.tenant_id, i.lane, i.seq limit 1)
    union all
    select n.tenant_id, n.lane, n.seq
    from filled f
    cross join lateral (
      select i.tenant_id, i.lane, i.seq from inbox i
      where (i.tenant_id, i.lane) > (f.tenant_id, f.lane)
      order by i.tenant_id, i.lane, i.seq limit 1
    ) n
  ),
  first as (
    select min(e.received_at) as oldest, count(distinct f.tenant_id) as busy
    from filled f join events e on e.tenant_id = f.tenant_id and e.seq = f.seq
  ),
  by_tenant as (
    select
      (select count(*) from inbox i where i.tenant_id = t.tenant_id and i.not_before is not null) as retrying,
      (select count(*) from quarantine q where q.tenant_id = t.tenant_id and q.status = 'open' and q.kind = 'event')
        as parked_events,
      (select count(*) from quarantine q where q.tenant_id = t.tenant_id and q.status = 'open' and q.kind = 'row')
        as parked_rows,
      (select count(*) from outbox x where x.tenant_id = t.tenant_id and x.status = 'dead') as dead,
      (select min(a.at) from audit_entries a where a.tenant_id = t.tenant_id and a.seq = 1 + coalesce(
        (select max(c.size) from audit_checkpoints c where c.tenant_id = t.tenant_id), 0)) as oldest_unsigned
    from tenants t
  ),
  due as (
    select count(*) as due, min(x.next_at) as oldest
    from outbox x where x.status = 'pending' and x.next_at <= at
  ),
  states as (
    select count(*) filter (where s.breaker = 'open') as open,
      count(*) filter (where s.breaker = 'half_open') as half_open,
      count(*) filter (where g.status = 'disabled') as disabled
    from targets g left join target_states s on s.tenant_id = g.tenant_id and s.code = g.code
  )
  select (select count(*) from (select from inbox limit 1000000) n), coalesce(sum(b.retrying), 0)::bigint,
    (select oldest from first), (select busy from first),
    coalesce(sum(b.parked_events), 0)::bigint, coalesce(sum(b.parked_rows), 0)::bigint,
    (select due from due), coalesce(sum(b.dead), 0)::bigint, (select oldest from due),
    (select open from states), (select half_open from states), (select disabled from states),
    min(b.oldest_unsigned)
  from by_tenant b
$$;
