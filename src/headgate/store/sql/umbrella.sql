-- reads: tenants, orders, cases, approvals, inbox, principals, partners
-- What a provider may know of those below it: sums, no names of theirs. Whose children they are is the transaction's
-- tenant, so nobody sees siblings; and it is a query, so nobody writes.
create function headgate_umbrella(since timestamptz)
returns table (
  tenant_id uuid, slug text, name text, parent uuid, depth integer, kind text, status text, currency text,
  orders bigint, order_value numeric, decided bigint, straight bigint, held bigint, held_value numeric,
  cases_open bigint, cases_late bigint, approvals_waiting bigint, events_waiting bigint, people bigint, partners bigint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive below as (
    select t.tenant_id, 1 as depth from tenants t
    where t.parent = nullif(current_setting('headgate.tenant', true), '')::uuid
      and coalesce(current_setting('headgate.partner', true), '-') = ''
    union
    select t.tenant_id, b.depth + 1 from below b join tenants t on t.parent = b.tenant_id where b.depth < 5
  )
  select t.tenant_id, t.slug, t.name, t.parent, b.depth, t.kind, t.status, t.currency,
    o.orders, o.order_value, o.decided, o.straight, o.held, o.held_value, c.open, c.late,
    (select count(*) from approvals a where a.tenant_id = t.tenant_id and a.status = 'pending'),
    (select count(*) from (select from inbox i where i.tenant_id = t.tenant_id limit 100000) n),
    (select count(*) from principals p where p.tenant_id = t.tenant_id and p.kind = 'person' and p.status = 'active'),
    (select count(*) from partners p where p.tenant_id = t.tenant_id)
  from below b join tenants t on t.tenant_id = b.tenant_id
  cross join lateral (
    select count(*) filter (where x.placed_at >= since) as orders,
      coalesce(sum(x.tenant_total) filter (where x.placed_at >= since), 0) as order_value,
      count(*) filter (where x.placed_at >= since and x.status <> 'received') as decided,
      -- Straight through as everywhere: not rejected, and no approval was ever asked for it.
      count(*) filter (where x.placed_at >= since and x.status not in ('rejected', 'received') and not exists (
        select from approvals a
        where a.tenant_id = x.tenant_id and a.case_id = x.case_id and a.subject_type = 'order')) as straight,
      count(*) filter (where x.status in ('held', 'returned')) as held,
      coalesce(sum(x.tenant_total) filter (where x.status in ('held', 'returned')), 0) as held_value
    from orders x where x.tenant_id = t.tenant_id
  ) o
  cross join lateral (
    select count(*) filter (where k.status <> 'closed') as open,
      count(*) filter (where k.status <> 'closed' and k.due_at < statement_timestamp()) as late
    from cases k where k.tenant_id = t.tenant_id
  ) c
  order by b.depth, t.slug
$$;
