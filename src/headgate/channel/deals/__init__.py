"""Deal registration: what partners register, what stands against it, how long it is protected."""

from headgate.channel.deals.core.actions import ACTIONS
from headgate.channel.deals.core.signatures import SIGNATURES
from headgate.channel.deals.drafts import DealDraft, drop_draft, forget_drafts, get_draft, list_drafts, save_draft
from headgate.channel.deals.files import DEAL_FILES
from headgate.channel.deals.masters import PROJECTIONS, VALIDATORS
from headgate.channel.deals.milestones import Milestone, latest_milestones, milestones_of
from headgate.channel.deals.port import DealPort
from headgate.channel.deals.queries import (
    STATUSES,
    all_deals,
    check_edit,
    conflicts_of,
    count_deals,
    explain_deal,
    get_deal,
    list_deals,
    list_programmes,
)
from headgate.domain.deals import validators

__all__ = [
    "ACTIONS",
    "DEAL_FILES",
    "PROJECTIONS",
    "SIGNATURES",
    "STATUSES",
    "VALIDATORS",
    "DealDraft",
    "DealPort",
    "Milestone",
    "all_deals",
    "check_edit",
    "conflicts_of",
    "count_deals",
    "drop_draft",
    "explain_deal",
    "forget_drafts",
    "get_deal",
    "get_draft",
    "latest_milestones",
    "list_deals",
    "list_drafts",
    "list_programmes",
    "milestones_of",
    "save_draft",
    "validators",
]
