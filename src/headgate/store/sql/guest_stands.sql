-- reads: provider_guests, principals
-- Whether a guest of the transaction's tenant still may be there: let in, not put out, and active at their provider.
create function headgate_guest_stands(guest text, asked timestamptz)
returns table (stands boolean)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select exists (
    select from provider_guests g
    join principals p on p.tenant_id = g.provider and p.principal = g.person
    where g.tenant_id = nullif(current_setting('headgate.tenant', true), '')::uuid
      and coalesce(current_setting('headgate.partner', true), '-') = ''
      and 'guest:' || g.provider_slug || '/' || regexp_replace(g.person, '^user:', '') = guest
      and g.decision = 'granted' and g.ended_at is null and g.valid_until > asked and p.status = 'active'
  )
$$;
