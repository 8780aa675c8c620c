"""From provisioning as stored to the screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from headgate.connectors.provisioning import (
    KeptLink,
    ProvisioningTarget,
    Run,
    RunStep,
    Scope,
    Standing,
    findings,
)
from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.common import Option
from headgate.console.views.provisioning import (
    ChangeRow,
    Choices,
    FindingRow,
    OrphanRow,
    ParkedRow,
    RunRow,
    StepRow,
    TargetForm,
    TargetRow,
)
from headgate.kernel.phrases import phrase
from headgate.ui.words import humanise

PICK: Final = "pick:"
CAUSES: Final[Mapping[str, str]] = {
    "asked": phrase("asked for"),
    "schedule": phrase("by the clock"),
    "change": phrase("after a change of people or roles"),
    "confirmed": phrase("confirmed"),
    "orphans": phrase("orphans that somebody chose"),
}
# What is done, with picture and tone.
VERBS: Final[Mapping[str, tuple[str, str, str]]] = {
    "create": (phrase("Create"), "user-plus", "active"),
    "link": (phrase("Link"), "link", "active"),
    "change": (phrase("Change"), "pencil", "active"),
    "reactivate": (phrase("Let in again"), "lock-open", "active"),
    "deactivate": (phrase("Deactivate"), "lock", "waiting"),
    "delete": (phrase("Delete"), "circle-x", "waiting"),
    "forget": (phrase("Unlink"), "unlink", "quiet"),
    "refuse": (phrase("Cannot be done"), "alert-triangle", "breach"),
}
ATTRIBUTES: Final[Mapping[str, str]] = {
    "userName": phrase("User name"),
    "externalId": phrase("External id"),
    "active": phrase("Active"),
    "displayName": phrase("Display name"),
    "name.formatted": phrase("Full name"),
    "name.givenName": phrase("Given name"),
    "name.familyName": phrase("Family name"),
    "emails": phrase("E-mail for work"),
    "userType": phrase("Kind of user"),
}
YES, NO = phrase("yes"), phrase("no")
CHOICES: Final = Choices(
    people=(
        Option("staff", phrase("your own people")),
        Option("partners", phrase("people of partners")),
        Option("groups", phrase("groups of the identity provider")),
    ),
    match_by=(Option("user_name", phrase("user name")), Option("email", phrase("e-mail address"))),
    leavers=(Option("deactivate", phrase("are deactivated")), Option("delete", phrase("are deleted"))),
    every=(
        Option("15", phrase("every 15 minutes")),
        Option("60", phrase("every hour")),
        Option("360", phrase("every 6 hours")),
        Option("1440", phrase("once a day")),
        Option("0", phrase("only when somebody asks")),
    ),
)


def target_row(target: ProvisioningTarget, standing: Standing, last: Run | None, names: Names) -> TargetRow:
    """A system as it stands."""
    return TargetRow(
        name=target.name,
        url=target.url,
        href=urls.provisioning_target(target.id),
        state=target.status,
        who=_who(target.scope),
        accounts=standing.accounts,
        groups=standing.groups,
        parked=standing.parked,
        last=None if last is None else run_row(last, names),
    )


def run_row(run: Run, names: Names) -> RunRow:
    """A run."""
    return RunRow(
        href=urls.provisioning_run(run.id),
        kind=run.kind,
        cause=CAUSES.get(run.cause, run.cause),
        status=run.status,
        by=names.person(run.asked_by),
        at=run.asked_at,
        finished_at=run.finished_at,
        steps=run.steps,
        done=run.steps_done,
        failed=run.steps_failed,
        people=run.people,
        leaving=run.leaving,
        orphans=run.orphans,
        complete=run.complete,
        error=run.error,
    )


def finding_rows(target: ProvisioningTarget) -> tuple[FindingRow, ...]:
    """What the system said that it can."""
    return tuple(FindingRow(f.able, f.text) for f in findings(target.abilities)) if target.abilities else ()


def parked_rows(links: Sequence[KeptLink], names: Names) -> tuple[ParkedRow, ...]:
    """What went wrong and is tried again."""
    return tuple(
        ParkedRow(_local(link.resource, link.local, names), link.resource, link.error, link.error_at, link.failures)
        for link in links
    )


def step_rows(steps: Sequence[RunStep], names: Names) -> tuple[StepRow, ...]:
    """The steps of a run."""
    return tuple(_step(step, names) for step in steps)


def orphan_rows(steps: Sequence[RunStep]) -> tuple[OrphanRow, ...]:
    """Accounts that belong to nobody here."""
    return tuple(
        OrphanRow(
            step.remote_id,
            str(step.detail.get("user_name", "")),
            step.name,
            bool(step.detail.get("active")),
            f"{PICK}{step.remote_id}",
        )
        for step in steps
    )


def form_of(target: ProvisioningTarget) -> TargetForm:
    """The form with what is chosen."""
    return TargetForm(
        name=target.name,
        url=target.url,
        people=target.scope.people,
        roles=target.scope.roles,
        partner=target.scope.partner,
        of_groups="\n".join(target.scope.groups),
        groups=target.groups,
        match_by=target.match_by,
        leavers=target.leavers,
        every=str(target.every_minutes),
        most=str(target.most_leaving),
        percent=str(target.most_leaving_percent),
    )


def choices_with(roles: Sequence[Option], form: TargetForm) -> Choices:
    """What the form offers: every role that there is, and one that is chosen though it is gone."""
    known = {role.value for role in roles}
    gone = sorted({*form.roles, *form.groups} - known)
    return replace(CHOICES, roles=(*roles, *(Option(role, humanise(role)) for role in gone)))


def people_in(steps: Sequence[RunStep]) -> set[str]:
    """Whose names a page of steps needs."""
    found = {step.local for step in steps if step.resource == "user"}
    for step in steps:
        found |= {*step.detail.get("joins", ()), *step.detail.get("leaves", ())}
    return found - {""}


def _step(step: RunStep, names: Names) -> StepRow:
    word, icon, tone = VERBS.get(step.verb, (step.verb, "circle-dot", "quiet"))
    changes = step.detail.get("changes", ())
    return StepRow(
        place=step.place,
        verb=word,
        icon=icon,
        tone=tone,
        name=step.name,
        whose=step.local,
        remote_id=step.remote_id,
        changes=tuple(ChangeRow(ATTRIBUTES.get(a, a), _value(a, b), _value(a, c)) for a, b, c in changes),
        joins=tuple(names.person(each).name for each in step.detail.get("joins", ())),
        leaves=tuple(names.person(each).name for each in step.detail.get("leaves", ())),
        status=step.status,
        why=step.error or step.reason,
        read_back=_read_back(step),
    )


def _value(attribute: str, value: str) -> str:
    if attribute == "active":
        return {"true": YES, "false": NO}.get(value, value)
    return value


def _read_back(step: RunStep) -> str:
    proof = step.proof
    if not proof.get("read_back"):
        return ""
    if not proof.get("there"):
        return phrase("Read back: the account is not there any more")
    return phrase("Read back: active") if proof.get("active") else phrase("Read back: not active")


def _who(scope: Scope) -> str:
    if scope.people == "groups":
        return phrase("members of %(groups)s", groups=", ".join(scope.groups))
    roles = ", ".join(humanise(role) for role in scope.roles)
    if scope.people == "partners":
        if scope.partner:
            return phrase("people of the partner %(partner)s", partner=scope.partner)
        return phrase("people of partners with %(roles)s", roles=roles) if roles else phrase("people of all partners")
    return phrase("your own people with %(roles)s", roles=roles) if roles else phrase("all your own people")


def _local(resource: str, local: str, names: Names) -> str:
    return humanise(local) if resource == "group" else names.person(local).name
