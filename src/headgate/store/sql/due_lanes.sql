-- reads: inbox, events, lanes, tenants
-- Lanes with events to take, least recently served first, then the longest waiting: no tenant starves the others.
-- Walks from lane to lane through the primary key, so a long backlog costs no more than a short one;
-- `waiting` is counted up to 256. Tenants that are suspended, or whose data lies elsewhere, are passed over.
create function headgate_due_lanes(at timestamptz, max_lanes integer)
returns table (tenant_id uuid, lane smallint, waiting bigint, oldest timestamptz)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive filled as (
    (select i.tenant_id, i.lane from inbox i order by i.tenant_id, i.lane limit 1)
    union all
    select n.tenant_id, n.lane
    from filled f
    cross join lateral (
      select i.tenant_id, i.lane from inbox i
      where (i.tenant_id, i.lane) > (f.tenant_id, f.lane)
      order by i.tenant_id, i.lane limit 1
    ) n
  )
  select f.tenant_id, f.lane, due.waiting, e.received_at
  from filled f
  cross join lateral (
    select count(*) as waiting, min(q.seq) as first_seq
    from (
      select i.seq from inbox i
      where i.tenant_id = f.tenant_id and i.lane = f.lane and (i.not_before is null or i.not_before <= at)
      order by i.seq limit 256
    ) q
  ) due
  -- "offset 0" keeps the planner from reading all events for a join, while it believes that there are few.
  cross join lateral (
    select e.received_at from events e where e.tenant_id = f.tenant_id and e.seq = due.first_seq offset 0
  ) e
  left join lanes l on l.tenant_id = f.tenant_id and l.lane = f.lane
  where not exists (
    select from tenants t where t.tenant_id = f.tenant_id and not (t.status = 'active'
      and coalesce(current_setting('headgate.residency', true), '') in ('', t.residency))
  )
  order by l.served_at nulls first, e.received_at
  limit max_lanes
$$;
