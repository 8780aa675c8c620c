"""Provisioning outward: none yet, several, one with all that can go wrong, a preview, a held run, a running one."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.access import Account
from headgate.connectors.provisioning import Abilities, KeptLink, ProvisioningTarget, Run, RunStep, Scope, Standing
from headgate.console.present import provisioning as present
from headgate.console.present.names import Names
from headgate.console.present.people import role_options
from headgate.console.views.common import FormError
from headgate.console.views.provisioning import ProvisioningView, RunView, TargetForm, TargetView
from headgate.kernel.phrases import phrase
from tests.unit.ui.samples.base import ago

ANA, BEN = "user:ana@nordwind.example", "user:ben@nordwind.example"
NAMES = Names(
    {
        ANA: Account(
            ANA, "person", "Ana <b>Lovelace</b>", "ana@nordwind.example", None, "active", None, ago(days=9), ()
        ),
        BEN: Account(BEN, "person", "Ben Hopper", "ben@nordwind.example", None, "active", None, ago(days=9), ()),
    },
    {},
)
TARGET = ProvisioningTarget(
    UUID(int=1),
    "Help desk <i>north</i>",
    "https://helpdesk.example/scim/v2",
    Scope("staff", ("order_desk", "finance")),
    {"order_desk": "Order desk"},
    "user_name",
    "deactivate",
    60,
    10,
    20,
    "active",
    3,
    Abilities(described=True, patch=True, filter=False, page=100, groups=True),
    ago(hours=1),
    "",
    "",
    ago(minutes=-40),
    None,
    0,
    ago(days=9),
    ANA,
)
CRM = replace(
    TARGET, id=UUID(int=2), name="CRM", scope=Scope("partners"), status="paused", abilities=None, next_at=None
)
LMS = replace(
    TARGET, id=UUID(int=3), name="Learning", scope=Scope("groups", groups=("Trainers",)), not_before=ago(days=-1)
)
DONE = Run(
    id=UUID(int=11),
    target=UUID(int=1),
    kind="run",
    cause="schedule",
    status="partly",
    asked_by="system",
    asked_at=ago(hours=1),
    started_at=ago(hours=1),
    finished_at=ago(minutes=58),
    not_before=None,
    attempts=1,
    chosen=(),
    confirmed=(),
    steps=4,
    steps_done=3,
    steps_failed=1,
    people=212,
    leaving=1,
    orphans=2,
    complete=True,
    error="",
)
PREVIEW = replace(DONE, id=UUID(int=12), kind="preview", cause="asked", status="done", asked_by=ANA, steps_done=0)
HELD = replace(
    DONE,
    id=UUID(int=13),
    status="held",
    leaving=34,
    error=phrase(
        "%(count)s accounts would end at once, more than may without a person's word: confirm this run, or look at "
        "why so many people left",
        count=34,
    ),
)
FAILED = replace(
    DONE,
    id=UUID(int=14),
    status="failed",
    error=phrase("the system does not let Headgate in (%(status)s): look at the token", status=401),
)
RUNNING = replace(DONE, id=UUID(int=15), cause="change", status="running", steps=40, steps_done=12, steps_failed=0)
QUEUED = replace(RUNNING, status="queued", steps=0, steps_done=0)
PARKED = KeptLink(
    *("user", BEN, "", False, True, {}, None),
    *(
        phrase("the system answered %(status)s: %(detail)s", status=400, detail="<script>bad</script> name"),
        ago(hours=1),
        3,
    ),
)
_CHANGES = [
    ["displayName", "", "Ana <b>Lovelace</b>"],
    ["active", "false", "true"],
    ["emails", "", "ana@nordwind.example"],
]
STEPS = (
    RunStep(
        0,
        "deactivate",
        "user",
        BEN,
        "u-7",
        "Ben Hopper",
        {"changes": [["active", "true", "false"]]},
        "done",
        "",
        {"read_back": True, "there": True, "active": False},
        ago(hours=1),
    ),
    RunStep(
        1,
        "create",
        "user",
        ANA,
        "u-9",
        "Ana <b>Lovelace</b>",
        {"changes": _CHANGES},
        "done",
        "",
        {"active": True},
        ago(hours=1),
    ),
    RunStep(
        2,
        "change",
        "group",
        "order_desk",
        "g-1",
        "Order desk",
        {"joins": [ANA], "leaves": [BEN]},
        "planned",
        "",
        {},
        None,
    ),
    RunStep(3, "refuse", "user", BEN, "", "Ben Hopper", {}, "failed", PARKED.error, {}, ago(hours=1)),
)
ORPHANS = (
    RunStep(
        4,
        "orphan",
        "user",
        "",
        "u-1",
        "Ghost <b>one</b>",
        {"user_name": "ghost", "active": True},
        "planned",
        "",
        {},
        None,
    ),
    RunStep(5, "orphan", "user", "", "u-2", "", {"user_name": "old", "active": False}, "planned", "", {}, None),
)


def _list(*rows: tuple[ProvisioningTarget, Run | None], write: bool = True) -> ProvisioningView:
    shown = tuple(present.target_row(target, Standing(212, 1, 1), last, NAMES) for target, last in rows)
    return ProvisioningView(
        shown,
        write,
        False,
        TargetForm(),
        present.choices_with(role_options(()), TargetForm(roles=("order_desk",), groups={"gone_role": "Old group"})),
    )


def _one(target: ProvisioningTarget, *runs: Run, write: bool = True) -> TargetView:
    links = (PARKED,) if runs else ()
    return TargetView(
        target=present.target_row(target, Standing(212, 1, len(links)), runs[0] if runs else None, NAMES),
        here="/connections/provisioning/1",
        findings=present.finding_rows(target),
        checked_at=target.checked_at,
        next_at=target.next_at,
        not_before=target.not_before,
        parked=present.parked_rows(links, NAMES),
        runs=tuple(present.run_row(run, NAMES) for run in runs),
        more="/connections/provisioning/1?after=x" if len(runs) > 2 else "",
        may_write=write,
        form=present.form_of(target),
        choices=present.choices_with(
            role_options(()), TargetForm(roles=("order_desk",), groups={"gone_role": "Old group"})
        ),
    )


def _run(
    run: Run, steps: tuple[RunStep, ...] = (), orphans: tuple[RunStep, ...] = (), *, write: bool = True
) -> RunView:
    return RunView(
        target=present.target_row(TARGET, Standing(212, 1, 1), None, NAMES),
        run=present.run_row(run, NAMES),
        here="/connections/provisioning/runs/1",
        act="/connections/provisioning/runs/1",
        steps=present.step_rows(steps, NAMES),
        more="/connections/provisioning/runs/1?after=x" if steps else "",
        orphans=present.orphan_rows(orphans),
        may_write=write,
        may_end_orphans=write and bool(orphans),
    )


NONE = _list()
LIST = _list((TARGET, DONE), (CRM, None), (LMS, FAILED))
LIST_READ = _list((TARGET, HELD), write=False)
FULL = replace(LIST, full=True)
REFUSED = replace(NONE, form=TargetForm(name="X", error=FormError("url", "is not https")))
ONE = _one(TARGET, DONE, PREVIEW, HELD)
ONE_NEW = _one(CRM)
ONE_HELD = _one(TARGET, HELD, DONE)
ONE_FAILED = _one(LMS, FAILED, write=False)
ONE_RUNNING = _one(TARGET, RUNNING, DONE)
RUN_DONE = _run(DONE, STEPS, ORPHANS)
RUN_PREVIEW = _run(PREVIEW, STEPS, ORPHANS, write=False)
RUN_HELD = _run(HELD, STEPS)
RUN_FAILED = _run(FAILED)
RUN_RUNNING = _run(RUNNING, STEPS)
RUN_QUEUED = _run(QUEUED)
RUN_NOTHING = _run(replace(DONE, status="done", steps=0, orphans=0, complete=False))
RUN_REFUSED = replace(RUN_DONE, error="Pick at least one account first.")
