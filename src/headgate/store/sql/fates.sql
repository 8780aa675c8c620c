-- reads: tenants, offers, inheritances
-- What became of the transaction's own open offers in each tenant below it: whether they are followed, and in which
-- version. Nothing of those tenants' own, no reason why one could not be copied, and nothing in a partner's transaction.
create function headgate_offer_fates()
returns table (
  slug text, name text, kind text, thing text, title text, version integer, fate text, has_version integer,
  since timestamptz
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
  select t.slug, t.name, o.kind, o.name, o.title, o.version,
    case
      when i.name is null or i.state = 'released' then 'waiting'
      when i.provider <> o.tenant_id then 'elsewhere'
      when i.state = 'overridden' then case when i.taken is null then 'declined' else 'changed' end
      when i.taken = o.id then 'taken'
      when o.effective_at > statement_timestamp() or i.offer <> o.id then 'waiting'
      when i.problem <> '' then 'failed'
      else 'waiting'
    end,
    case when i.provider = o.tenant_id then i.taken_version end,
    i.changed_at
  from below b
  join tenants t on t.tenant_id = b.tenant_id and t.status <> 'deleting'
  cross join offers o
  left join inheritances i on i.tenant_id = t.tenant_id and i.kind = o.kind and i.name = o.name
  where o.tenant_id = nullif(current_setting('headgate.tenant', true), '')::uuid and o.ended_at is null
$$;
