"""F5: the case engine. Events move cases through versioned definitions; nothing here knows what a case is about."""

from headgate.process.core.advance import advance
from headgate.process.core.approval import Delegated, Voter, ways
from headgate.process.core.commands import UNANSWERED
from headgate.process.core.definition import Definition
from headgate.process.core.parse import parse_definition
from headgate.process.core.running import Action, ActionCall, ActionResult, Surroundings, WorkClock
from headgate.process.core.state import Approval, ApprovalStep, Case, Vote
from headgate.process.decisions import Choice, complete_task, decide_approval, voter_of
from headgate.process.definitions import (
    Definitions,
    Router,
    get_definition,
    hold_versions,
    install,
    list_versions,
    replace_in_turn,
)
from headgate.process.engine import BatchResult, Engine
from headgate.process.ingest import Incoming, Rejected, checked, faults, ingest, route
from headgate.process.intake import Intake, NotStored, Parcel, SenderChanged, TooLate
from headgate.process.lanes import LaneRunner
from headgate.process.progress import Progress
from headgate.process.queries import (
    case_detail,
    case_list,
    case_of_subject,
    partners_of_cases,
    queue_counts,
    work_queue,
)
from headgate.process.registry import (
    Job,
    Listener,
    Move,
    Refusal,
    Registry,
    SubjectPort,
    TenantProfile,
    Validator,
    Work,
)
from headgate.process.repo import approvals_of_case, get_approval, pending_approvals

__all__ = [
    "UNANSWERED",
    "Action",
    "ActionCall",
    "ActionResult",
    "Approval",
    "ApprovalStep",
    "BatchResult",
    "Case",
    "Choice",
    "Definition",
    "Definitions",
    "Delegated",
    "Engine",
    "Incoming",
    "Intake",
    "Job",
    "LaneRunner",
    "Listener",
    "Move",
    "NotStored",
    "Parcel",
    "Progress",
    "Refusal",
    "Registry",
    "Rejected",
    "Router",
    "SenderChanged",
    "SubjectPort",
    "Surroundings",
    "TenantProfile",
    "TooLate",
    "Validator",
    "Vote",
    "Voter",
    "Work",
    "WorkClock",
    "advance",
    "approvals_of_case",
    "case_detail",
    "case_list",
    "case_of_subject",
    "checked",
    "complete_task",
    "decide_approval",
    "faults",
    "get_approval",
    "get_definition",
    "hold_versions",
    "ingest",
    "install",
    "list_versions",
    "parse_definition",
    "partners_of_cases",
    "pending_approvals",
    "queue_counts",
    "replace_in_turn",
    "route",
    "voter_of",
    "ways",
    "work_queue",
]
