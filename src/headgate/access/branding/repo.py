"""SQL of brands. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

# Locked, so that two changes at the same moment do not both become the next version.
BRAND_NOW = "select settings -> 'brand' from tenants for no key update"

SET_BRAND = "update tenants set settings = settings || jsonb_build_object('brand', %(brand)s::jsonb)"

ADD_VERSION = """
insert into brand_versions (version, brand, logo, logo_type, changed_by, changed_at)
values (%(version)s, %(brand)s::jsonb, %(logo)s, %(logo_type)s, %(by)s, %(now)s)
"""

LAST_VERSION = "select coalesce(max(version), 0) from brand_versions"

VERSION = "select brand, logo, logo_type from brand_versions where version = %(version)s"

# The pictures stay where they are: a list needs to know whether there is one.
VERSIONS = """
select v.version, v.brand, v.changed_by, coalesce(p.name, ''), v.changed_at
from brand_versions v left join principals p on p.principal = v.changed_by
order by v.version desc limit %(limit)s
"""
