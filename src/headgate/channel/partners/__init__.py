"""Partners: companies that sell, implement or service for the tenant, as their master system records them."""

from headgate.channel.partners.core.record import Partner
from headgate.channel.partners.repo import PartnerView
from headgate.channel.partners.service import (
    get_partner,
    known_places,
    list_partners,
    load_partners,
    load_places,
    project,
    validate,
)

__all__ = [
    "Partner",
    "PartnerView",
    "get_partner",
    "known_places",
    "list_partners",
    "load_partners",
    "load_places",
    "project",
    "validate",
]
