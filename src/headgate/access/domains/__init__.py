"""Domains that tenants have proved to be their own: portals are served below them, and mails come from them.

What may be a domain and what a check makes of it is in `core/`; claims, trust and the portal's host in `service.py`;
asking the domain name system and settling its answers in `proving.py`.
"""

from headgate.access.domains.core.names import (
    NO_RULES,
    HostRules,
    domain_of,
    overlap,
    plain_domain,
    plain_host,
    shown_name,
    under,
)
from headgate.access.domains.core.standing import (
    GRACE,
    Standing,
    after_check,
    read_answer,
    read_spf,
    record_name,
    record_value,
)
from headgate.access.domains.proving import Lookup, News, Prover, TxtAnswer
from headgate.access.domains.service import (
    MOST,
    Domain,
    claim_domain,
    covered,
    get_domain,
    list_domains,
    portal_hosts,
    remove_domain,
    sender_address,
    set_portal_host,
    trust_domain,
)

__all__ = [
    "GRACE",
    "MOST",
    "NO_RULES",
    "Domain",
    "HostRules",
    "Lookup",
    "News",
    "Prover",
    "Standing",
    "TxtAnswer",
    "after_check",
    "claim_domain",
    "covered",
    "domain_of",
    "get_domain",
    "list_domains",
    "overlap",
    "plain_domain",
    "plain_host",
    "portal_hosts",
    "read_answer",
    "read_spf",
    "record_name",
    "record_value",
    "remove_domain",
    "sender_address",
    "set_portal_host",
    "shown_name",
    "trust_domain",
    "under",
]
