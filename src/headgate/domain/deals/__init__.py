"""Deal registration: what a deal is, how it is read, and how far it stands against other claims."""

from headgate.domain.deals.conflict import DEFAULT_WEIGHTS, Weights, conflicts, keys, weigh
from headgate.domain.deals.model import Address, Claim, Company, Conflict, Contact, Deal, DealLine, Signal
from headgate.domain.deals.parse import (
    Activity,
    DealNote,
    Extension,
    OpportunityClosed,
    company_from,
    company_json,
    deal_json,
    parse_activity,
    parse_deal,
    parse_extension,
    parse_note,
    parse_opportunity,
    validators,
)

__all__ = [
    "DEFAULT_WEIGHTS",
    "Activity",
    "Address",
    "Claim",
    "Company",
    "Conflict",
    "Contact",
    "Deal",
    "DealLine",
    "DealNote",
    "Extension",
    "OpportunityClosed",
    "Signal",
    "Weights",
    "company_from",
    "company_json",
    "conflicts",
    "deal_json",
    "keys",
    "parse_activity",
    "parse_deal",
    "parse_extension",
    "parse_note",
    "parse_opportunity",
    "validators",
    "weigh",
]
