"""The domain name system, asked for texts: where a tenant's proof of a domain stands."""

from headgate.connectors.dns.hosts import rules_of
from headgate.connectors.dns.resolver import TxtResolver

__all__ = ["TxtResolver", "rules_of"]
