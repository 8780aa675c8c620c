-- reads: tenants, offers
-- What tenants above the transaction's own offer to it: of each thing the nearest offer, or the one from farthest above
-- that must be followed. Nothing else of theirs, and nothing in a partner's transaction.
create function headgate_offered()
returns table (
  id uuid, kind text, name text, version integer, title text, digest bytea, locked boolean, effective_at timestamptz,
  author text, approver text, provider uuid, provider_slug text, provider_name text
)
language sql stable security definer set search_path = pg_catalog, public
as $$
  with recursive above as (
    select t.parent as tenant_id, 1 as depth from tenants t
    where t.tenant_id = nullif(current_setting('headgate.tenant', true), '')::uuid
      and coalesce(current_setting('headgate.partner', true), '-') = ''
    union
    select t.parent, a.depth + 1 from above a join tenants t on t.tenant_id = a.tenant_id where a.depth < 5
  )
  select distinct on (o.kind, o.name)
    o.id, o.kind, o.name, o.version, o.title, o.digest, o.locked, o.effective_at, o.author, o.approver, t.tenant_id,
    t.slug, t.name
  from above a
  join tenants t on t.tenant_id = a.tenant_id
  join offers o on o.tenant_id = a.tenant_id and o.ended_at is null
  order by o.kind, o.name, o.locked desc, case when o.locked then -a.depth else a.depth end
$$;

-- The texts of some of these.
create function headgate_offer_bodies(wanted uuid[])
returns table (id uuid, body text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select o.id, o.body from headgate_offered() f
  join offers o on o.tenant_id = f.provider and o.id = f.id
  where f.id = any(wanted)
$$;
