"""Returns: what partners ask for until it is credited, replaced or refused; what other systems took back themselves."""

from headgate.channel.returns.core.actions import RMA_ACTIONS
from headgate.channel.returns.core.signatures import SIGNATURES
from headgate.channel.returns.files import (
    ReturnFile,
    add_return_file,
    forget_return_files,
    get_return_file,
    return_files_of,
)
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
    "RMA_ACTIONS",
    "SIGNATURES",
    "STATUSES",
    "WAITS_FOR",
    "ReturnFile",
    "ReturnMilestone",
    "ReturnPort",
    "Returnable",
    "RmaPort",
    "add_return_file",
    "check_return_edit",
    "count_returns",
    "explain_return",
    "forget_return_files",
    "get_return",
    "get_return_file",
    "latest_milestones",
    "list_returns",
    "milestones_of",
    "return_files_of",
    "returnable",
    "validators",
]
