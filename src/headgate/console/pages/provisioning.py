"""Provisioning outward: which systems get our people, what a run would do, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.responses import Response

from headgate.access import list_custom_roles
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors import provisioning
from headgate.connectors.provisioning import MOST_TARGETS, READ, WRITE, ProvisioningTarget, Run, Scope, TargetDraft
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import provisioning as present
from headgate.console.present.people import role_options
from headgate.console.views.common import FormError, Notice
from headgate.console.views.provisioning import Choices, ProvisioningView, RunView, TargetForm, TargetView
from headgate.console.visit import Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Conflict, Invalid, invalid
from headgate.kernel.phrases import phrase, sentence, worded
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

RUNS, STEPS, ORPHANS = 20, 100, 200
TYPED = ("name", "url", "people", "partner", "of_groups", "match_by", "leavers", "every", "most", "percent")


def show_all(visit: Visit) -> Answer:
    """All systems."""
    return _all(visit, TargetForm())


def add(visit: Visit) -> Answer:
    """Register one; it is paused."""
    by, form = visit.app.provisioner, visit.form
    try:
        with visit.conn.transaction():
            made = provisioning.create_target(
                visit.conn, visit.ctx, by.sealer, by.rules, TargetDraft(**_chosen(visit)), form.get("token", "")
            )
    except (Invalid, Conflict) as error:
        return Shown(_all(visit, _typed(visit, error)), 422)
    said = phrase("%(name)s is registered and paused. Make a preview, then switch it on.", name=made.name)
    return Go(urls.provisioning_target(made.id), Notice("done", said))


def show(visit: Visit) -> Answer:
    """One system."""
    view = _one(visit, visit.uuid("target"))
    if visit.part == "progress" and view.under_way is None:
        return Response(headers={"HX-Refresh": "true"})
    return view


def act(visit: Visit) -> Answer:
    """Check, preview, run, switch on or off, another token, other settings, or away with it."""
    target = visit.uuid("target")
    acts: dict[str, Callable[[Visit, UUID], Answer]] = {
        "check": _check,
        "preview": _preview,
        "run": _run,
        "activate": _activate,
        "pause": _pause,
        "token": _token,
        "change": _change,
        "remove": _remove,
    }
    chosen = acts.get(visit.form.get("act", ""))
    if chosen is None:
        raise invalid("act", "", "is not something to do here", "Go back and use the buttons.")
    try:
        with visit.conn.transaction():
            return chosen(visit, target)
    except Conflict as error:
        return Shown(replace(_one(visit, target), error=sentence(error.message)), 409)
    except Invalid as error:
        typed = _typed(visit, error)
        return Shown(replace(_one(visit, target), form=typed, choices=_choices(visit, typed)), 422)


def show_run(visit: Visit) -> Answer:
    """One preview or run."""
    view = _run_view(visit, visit.uuid("run"))
    if visit.part == "progress" and view.under_way is None:
        return Response(headers={"HX-Refresh": "true"})
    return view


def act_on_run(visit: Visit) -> Answer:
    """Confirm or cancel a run, or deactivate orphans that it saw."""
    run = provisioning.get_run(visit.conn, visit.uuid("run"))
    wanted = visit.form.get("act", "")
    try:
        with visit.conn.transaction():
            if wanted == "confirm":
                made = provisioning.confirm_run(visit.conn, visit.ctx, run.id)
                return _to(made, phrase("Confirmed. The run is made anew, and may end these accounts."))
            if wanted == "cancel":
                made = provisioning.cancel_run(visit.conn, visit.ctx, run.id)
                return _to(made, phrase("Cancelled. What was done stays done."))
            if wanted == "orphans":
                picked = [n.removeprefix(present.PICK) for n in visit.form if n.startswith(present.PICK)]
                made = provisioning.end_orphans(visit.conn, visit.ctx, run.target, picked)
                return _to(made, phrase("A worker deactivates the accounts you picked."))
    except (Conflict, Invalid) as error:
        words = phrase("Pick at least one account first.") if wanted == "orphans" and not _picked(visit) else ""
        return Shown(replace(_run_view(visit, run.id), error=words or sentence(error.message)), 409)
    raise invalid("act", "", "is not something to do here", "Go back and use the buttons.")


def _preview(visit: Visit, target: UUID) -> Answer:
    made = provisioning.ask_preview(visit.conn, visit.ctx, target)
    return _to(made, phrase("A worker looks at the system now. Nothing is changed."))


def _check(visit: Visit, target: UUID) -> Answer:
    """Ask the system now what it can, after this transaction: it may be slow to answer."""
    found: list[ProvisioningTarget] = []

    def run() -> None:
        from headgate.connectors.provisioning.working import check_connection, short_sleep  # loads all of SCIM

        found.append(check_connection(visit.app.provisioner, visit.ctx, target, short_sleep))

    def tell(_: Visit) -> Answer:
        (checked,) = found
        if checked.check_error:
            said = phrase("%(name)s could not be asked: %(why)s", name=checked.name, why=worded(checked.check_error))
            return _back(target, said, "risk")
        return _back(
            target, phrase("%(name)s answers, and takes the token. What it can stands below.", name=checked.name)
        )

    return Later(run, tell)


def _run(visit: Visit, target: UUID) -> Answer:
    return _to(provisioning.ask_run(visit.conn, visit.ctx, target), phrase("A worker brings it up to date now."))


def _activate(visit: Visit, target: UUID) -> Answer:
    made = provisioning.set_status(visit.conn, visit.ctx, target, "active")
    return _back(target, phrase("%(name)s is switched on. The next run comes within a minute.", name=made.name))


def _pause(visit: Visit, target: UUID) -> Answer:
    made = provisioning.set_status(visit.conn, visit.ctx, target, "paused")
    return _back(target, phrase("%(name)s is paused. What is over there stays as it is.", name=made.name))


def _token(visit: Visit, target: UUID) -> Answer:
    provisioning.set_token(visit.conn, visit.ctx, visit.app.provisioner.sealer, target, visit.form.get("token", ""))
    return _back(target, phrase("The new token counts from now on."))


def _change(visit: Visit, target: UUID) -> Answer:
    provisioning.change_target(visit.conn, visit.ctx, visit.app.provisioner.rules, target, _chosen(visit))
    return _back(target, phrase("The settings are changed. A preview shows what that does."))


def _remove(visit: Visit, target: UUID) -> Answer:
    name = provisioning.get_target(visit.conn, target).name
    provisioning.remove_target(visit.conn, visit.ctx, target)
    said = phrase("%(name)s is forgotten here. Its accounts stay as they are.", name=name)
    return Go(urls.PROVISIONING, Notice("done", said))


def _to(run: Run, said: str) -> Go:
    return Go(urls.provisioning_run(run.id), Notice("done", said))


def _back(target: UUID, said: str, tone: str = "done") -> Go:
    return Go(urls.provisioning_target(target), Notice(tone, said))


def _picked(visit: Visit) -> bool:
    return any(name.startswith(present.PICK) for name in visit.form)


def _all(visit: Visit, form: TargetForm) -> ProvisioningView:
    found = provisioning.list_targets(visit.conn)
    ids = [target.id for target in found]
    standing, last = provisioning.standing_of(visit.conn, ids), provisioning.last_runs(visit.conn, ids)
    names = names_of(visit, people={run.asked_by for run in last.values()})
    return ProvisioningView(
        targets=tuple(present.target_row(t, standing[t.id], last.get(t.id), names) for t in found),
        may_write=visit.may(WRITE),
        full=len(found) >= MOST_TARGETS,
        form=form,
        choices=_choices(visit, form),
    )


def _one(visit: Visit, id: UUID) -> TargetView:
    conn = visit.conn
    target = provisioning.get_target(conn, id)
    runs = provisioning.list_runs(conn, id, before=_before(visit), limit=RUNS + 1)
    links = provisioning.parked(conn, id)
    people = {run.asked_by for run in runs} | {link.local for link in links if link.resource == "user"}
    names = names_of(visit, people=people)
    kept = runs[:RUNS]
    cursor = encode_cursor(instant_text(kept[-1].asked_at), str(kept[-1].id)) if len(runs) > RUNS else ""
    last = provisioning.last_runs(conn, [id]).get(id)
    form = present.form_of(target)
    return TargetView(
        target=present.target_row(target, provisioning.standing_of(conn, [id])[id], last, names),
        here=urls.provisioning_target(id),
        findings=present.finding_rows(target),
        checked_at=target.checked_at,
        next_at=target.next_at,
        not_before=target.not_before,
        parked=present.parked_rows(links, names),
        runs=tuple(present.run_row(run, names) for run in kept),
        more=visit.further(urls.provisioning_target(id), cursor),
        may_write=visit.may(WRITE),
        form=form,
        choices=_choices(visit, form),
    )


def _run_view(visit: Visit, id: UUID) -> RunView:
    conn = visit.conn
    run = provisioning.get_run(conn, id)
    target = provisioning.get_target(conn, run.target)
    steps = provisioning.list_steps(conn, id, after=_place(visit), limit=STEPS + 1)
    last = provisioning.last_runs(conn, [target.id]).get(target.id)
    names = names_of(visit, people={run.asked_by} | present.people_in(steps))
    kept = steps[:STEPS]
    standing = provisioning.standing_of(conn, [target.id])[target.id]
    newest = last is not None and last.id == id and not run.under_way
    return RunView(
        target=present.target_row(target, standing, None, names),
        run=present.run_row(run, names),
        here=urls.provisioning_run(id),
        act=urls.provisioning_run(id),
        steps=present.step_rows(kept, names),
        more=visit.further(urls.provisioning_run(id), encode_cursor(str(kept[-1].place)) if len(steps) > STEPS else ""),
        orphans=present.orphan_rows(provisioning.orphans_of(conn, id, ORPHANS)),
        may_write=visit.may(WRITE),
        may_end_orphans=visit.may(WRITE) and newest and _is_active(target),
    )


def _is_active(target: ProvisioningTarget) -> bool:
    return target.status == "active"


def _chosen(visit: Visit) -> dict[str, Any]:
    """What the form says, as the service takes it."""
    form = visit.form
    people: Any = form.get("people", "staff")
    groups = people == "groups"
    scope = Scope(
        people,
        () if groups else _roles(visit),
        form.get("partner", "").strip() if people == "partners" else "",
        tuple(line.strip() for line in form.get("of_groups", "").splitlines() if line.strip()) if groups else (),
    )
    return {
        "name": form.get("name", ""),
        "url": form.get("url", "").strip(),
        "scope": scope,
        "groups": {role: name.strip() for role, name in _groups(visit).items() if name.strip()},
        "match_by": form.get("match_by", ""),
        "leavers": form.get("leavers", ""),
        "every_minutes": _number(visit, "every"),
        "most_leaving": _number(visit, "most"),
        "most_leaving_percent": _number(visit, "percent"),
    }


def _roles(visit: Visit) -> tuple[str, ...]:
    return tuple(name.removeprefix("role:") for name in visit.form if name.startswith("role:"))


def _groups(visit: Visit) -> dict[str, str]:
    """What is typed as the name of the group there, by role."""
    return {name.removeprefix("group:"): typed for name, typed in visit.form.items() if name.startswith("group:")}


def _choices(visit: Visit, form: TargetForm) -> Choices:
    return present.choices_with(role_options(list_custom_roles(visit.conn)), form)


def _number(visit: Visit, name: str) -> int:
    text = visit.form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise invalid(name, text, "is not a whole number", "Write digits only, such as 10.")
    return int(text)


def _typed(visit: Visit, error: Invalid | Conflict) -> TargetForm:
    """The form as it was typed, with what is wrong. The token is not given back."""
    problem = error.problems[0] if error.problems else None
    words = problem_told(problem, humanise(problem.field)) if problem else sentence(error.message)
    kept = {name: visit.form.get(name, "") for name in TYPED}
    return TargetForm(
        **kept, roles=_roles(visit), groups=_groups(visit), error=FormError(problem.field if problem else "", words)
    )


def _before(visit: Visit) -> Any:
    at, run = decode_cursor(visit.cursor(), 2)
    if not at:
        return None
    try:
        return parse_instant("after", at), UUID(run)
    except ValueError:
        raise invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.") from None


def _place(visit: Visit) -> int:
    (text,) = decode_cursor(visit.cursor(), 1)
    if not text:
        return -1
    if not text.isdigit() or len(text) > 9:
        raise invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.")
    return int(text)


DOORS = (
    Door("GET", urls.PROVISIONING, (READ,), show_all),
    Door("POST", urls.PROVISIONING, (WRITE,), add),
    Door("GET", urls.provisioning_run("{run}"), (READ,), show_run),
    Door("POST", urls.provisioning_run("{run}"), (WRITE,), act_on_run),
    Door("GET", urls.provisioning_target("{target}"), (READ,), show),
    Door("POST", urls.provisioning_target("{target}"), (WRITE,), act),
)
