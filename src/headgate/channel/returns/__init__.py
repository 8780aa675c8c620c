"""Returns: what partners ask for until it is credited, replaced or refused; what other systems took back themselves."""

from headgate.channel.returns.core.actions import RMA_ACTIONS
from headgate.channel.returns.core.signatures import SIGNATURES
from headgate.channel.returns.files import RETURN_FILES
from headgate.channel.returns.port import ACTIONS, ReturnPort
from headgate.channel.returns.queries import (
    STATUSES,
    WAITS_FOR,
    Returnable,
    ReturnMilestone,
    check_return_edit,
    count_returns,
    explain_return,
    get_return,
    latest_milestones,
    list_returns,
    milestones_of,
    returnable,
)
from headgate.channel.returns.rma_port import RmaPort
from headgate.domain.returns import validators

__all__ = [
    "ACTIONS",
    "RETURN_FILES",
    "RMA_ACTIONS",
    "SIGNATURES",
    "STATUSES",
    "WAITS_FOR",
    "ReturnMilestone",
    "ReturnPort",
    "Returnable",
    "RmaPort",
    "check_return_edit",
    "count_returns",
    "explain_return",
    "get_return",
    "latest_milestones",
    "list_returns",
    "milestones_of",
    "returnable",
    "validators",
]
