"""Provisioning outward: a tenant's people and roles as accounts and groups in its outside systems, over SCIM 2.0.

Targets (`targets.py`), who should be there (`desired.py`), what is there (`system.py`, over the guarded `outside.py`),
the pure plan between the two (`core/`), and runs: asked for in `runs.py`, done by `working.py`, step by step.
"""

from headgate.connectors.provisioning.core.model import ATTRIBUTES, Leavers, MatchBy
from headgate.connectors.provisioning.core.words import Abilities, Finding, findings, told
from headgate.connectors.provisioning.desired import MOST_PEOPLE
from headgate.connectors.provisioning.model import KeptLink, ProvisioningTarget, Run, RunStep, Scope
from headgate.connectors.provisioning.provisioner import Provisioner
from headgate.connectors.provisioning.runs import (
    ask_preview,
    ask_run,
    cancel_run,
    confirm_run,
    end_orphans,
    forget_runs,
    get_run,
    last_runs,
    list_runs,
    list_steps,
    orphans_of,
    watch,
)
from headgate.connectors.provisioning.targets import (
    MOST_TARGETS,
    READ,
    WRITE,
    Standing,
    TargetDraft,
    change_target,
    create_target,
    draft_of,
    get_target,
    links_of,
    list_targets,
    parked,
    remove_target,
    set_status,
    set_token,
    standing_of,
)

__all__ = [
    "ATTRIBUTES",
    "MOST_PEOPLE",
    "MOST_TARGETS",
    "READ",
    "WRITE",
    "Abilities",
    "Finding",
    "KeptLink",
    "Leavers",
    "MatchBy",
    "Provisioner",
    "ProvisioningTarget",
    "Run",
    "RunStep",
    "Scope",
    "Standing",
    "TargetDraft",
    "ask_preview",
    "ask_run",
    "cancel_run",
    "change_target",
    "confirm_run",
    "create_target",
    "draft_of",
    "end_orphans",
    "findings",
    "forget_runs",
    "get_run",
    "get_target",
    "last_runs",
    "links_of",
    "list_runs",
    "list_steps",
    "list_targets",
    "orphans_of",
    "parked",
    "remove_target",
    "set_status",
    "set_token",
    "standing_of",
    "told",
    "watch",
]
