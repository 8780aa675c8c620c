"""Deal registration: what partners register, what stands against it, how long it is protected."""

from headgate.channel.deals.core.actions import ACTIONS
from headgate.channel.deals.masters import PROJECTIONS, VALIDATORS
from headgate.channel.deals.port import DealPort
from headgate.channel.deals.queries import STATUSES, check_edit, conflicts_of, explain_deal, get_deal, list_deals
from headgate.domain.deals import validators

__all__ = [
    "ACTIONS",
    "PROJECTIONS",
    "STATUSES",
    "VALIDATORS",
    "DealPort",
    "check_edit",
    "conflicts_of",
    "explain_deal",
    "get_deal",
    "list_deals",
    "validators",
]
