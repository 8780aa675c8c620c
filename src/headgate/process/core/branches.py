"""Steps side by side: the branches of a `parallel` step, and what a stage or a branch waits for.

Where each branch stands is kept in the case's data under `parallel`, by the path of the step (`checks`, or inside a
branch `checks/legal/papers`), as plain values:

    {needed, status: running | joined | failed | cancelled,
     branches: {name: {status, at, step, waits, why}}}

A branch is `waiting` at a step until what the step asked for has come, `stuck` at one that broke and that a person may
mend, `done`, `failed` or `cancelled`. The step joins once `needed` branches are done; it fails as soon as too few are
left for that. Either ends what the other branches still have open, in the same transaction. Everything goes by the
order of the definition, so that the same events always lead to the same case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Misconfigured
from headgate.kernel.phrases import phrase
from headgate.process.core import approval as approvals
from headgate.process.core import commands, subcases
from headgate.process.core.definition import Definition, Step, needed
from headgate.process.core.running import Run
from headgate.process.core.state import (
    ApprovalSaved,
    Case,
    CaseCancelled,
    TaskOpened,
    TasksClosed,
    TimersCleared,
    TimerSet,
)

KEPT: Final = "parallel"
TOLD: Final = frozenset({"waiting", "stuck", "done", "failed", "cancelled"})
WITHOUT: Final = "the case that started it goes on without it"
LIVE: Final = frozenset({"waiting", "stuck"})
ALONE: Final = "case"  # the one branch of a sub-case that a stage itself waits for

Branch = Mapping[str, Any]
Group = Mapping[str, Any]


class Place(NamedTuple):
    """A branch of a running parallel step: the path of the step, the step as defined, the branch and its state."""

    path: str
    group: Step
    name: str
    branch: Branch

    @property
    def full(self) -> str:
        """The path of the branch, which its tasks, approvals and timers carry."""
        return f"{self.path}/{self.name}"

    @property
    def step(self) -> Step:
        """The step at which the branch stands."""
        return self.group.branches[self.name][self.branch["at"]]


def begin(run: Run, step: Step) -> None:
    """`parallel` and `subcase` of a stage: once they have ended, the stage moves on by its `go`."""
    if step.kind == "subcase" and step.args.get("detached") is True:
        subcases.start(run, step)
        return
    _begin(run, step.id, group_of(step))


def group_of(step: Step) -> Step:
    """A step with branches: a `parallel` one is its own, a sub-case is one branch with itself in it."""
    return step if step.kind == "parallel" else Step(step.id, "alone", step.name, {}, {ALONE: (step,)})


def is_live(case: Case) -> bool:
    """Whether the case waits for a parallel step or sub-case of its stage."""
    groups = case.data.get(KEPT)
    return isinstance(groups, Mapping) and any(g["status"] == "running" for g in groups.values())


def live(definition: Definition, case: Case) -> Iterator[Place]:
    """The branches that are open, in the order of the definition, inner ones after the one they belong to."""
    groups = case.data.get(KEPT)
    if isinstance(groups, Mapping):
        for step in definition.stages[case.stage].enter:
            if step.kind in ("parallel", "subcase"):
                yield from _live(groups, step.id, group_of(step))


def _live(groups: Mapping[str, Group], path: str, group: Step) -> Iterator[Place]:
    state = groups.get(path)
    if state is None or state["status"] != "running":
        return
    for name, steps in group.branches.items():
        branch = state["branches"].get(name)
        if branch is None or branch["status"] not in LIVE:
            continue
        yield Place(path, group, name, branch)
        inner = steps[branch["at"]]
        if inner.kind == "parallel":
            yield from _live(groups, f"{path}/{name}/{inner.id}", inner)


def resume(run: Run, place: Place, outputs: Mapping[str, object] | None) -> None:
    """What a branch waited for has come: keep what it brought, and go on with the branch's next step."""
    if outputs is not None:
        run.keep(place.step, outputs)
    _forget(run, place)
    _go_on(run, place.path, place.group, place.name, place.branch["at"] + 1)
    _look_up(run, place.path, place.group)


def fail(run: Run, place: Place, why: str, *, hold: bool) -> None:
    """What a branch waited for went wrong: it stays there for a person to mend (`hold`), or has failed."""
    on_failure = place.step.args.get("on_failure", "hold" if hold else "fail")
    if on_failure == "hold":
        _mark(run, place.path, place.name, status="stuck", why=why)
        return
    _forget(run, place)
    _mark(run, place.path, place.name, status="failed", waits=None, why=why)
    _look_up(run, place.path, place.group)


def wait_on(run: Run, place: Place, waits: Mapping[str, object]) -> None:
    """Part of what a branch waits for has come; it waits for the rest."""
    _mark(run, place.path, place.name, waits=dict(waits))


def again(run: Run, place: Place) -> None:
    """Do the step at which a branch stands once more; what it had open is closed first."""
    _end_open(run, place)
    _go_on(run, place.path, place.group, place.name, place.branch["at"])
    _look_up(run, place.path, place.group)


def pass_over(run: Run, place: Place, outputs: Mapping[str, object]) -> None:
    """Leave the step at which a branch stands undone, and go on with the next one."""
    _end_open(run, place)
    resume(run, place, outputs)


def cancel_all(run: Run, why: str) -> None:
    """End everything that branches of this case have open; the stage is being left."""
    if not is_live(run.case):
        return
    gone = []
    for place in list(live(run.definition, run.case)):
        _end_open(run, place)
        _mark(run, place.path, place.name, status="cancelled", waits=None, why=why)
        gone.append(place.full)
    groups = _groups(run)
    for path, group in groups.items():
        if group["status"] == "running":
            _save(run, path, {**group, "status": "cancelled"})
    commands.take_back_branches(run, gone)


def _begin(run: Run, path: str, group: Step) -> str:
    """Start all branches, in order, until enough of them are done; the status the step has then."""
    ready = {"status": "ready", "at": 0, "step": "", "waits": None, "why": ""}
    state = {"needed": needed(group), "status": "running", "branches": dict.fromkeys(group.branches, ready)}
    _save(run, path, state)
    if group.kind == "parallel":
        run.keep(group, {"outcome": "running"})
    for name in group.branches:
        _go_on(run, path, group, name, 0)
        if _decided(_groups(run)[path]):
            break
    return _join(run, path, group)


def _go_on(run: Run, path: str, group: Step, name: str, at: int) -> None:
    """Do the steps of a branch from `at` on, up to the first that waits."""
    around, steps = run.branch, group.branches[name]
    full = f"{path}/{name}"
    for number in range(at, len(steps)):
        step = steps[number]
        run.branch = full
        _mark(run, path, name, status="running", at=number, step=step.id, waits=None, why="")
        try:
            waits = _do(run, step, full)
        finally:
            run.branch = around
        if waits is not None and waits["kind"] == "broken":
            _mark(run, path, name, status="failed", waits=None, why=waits["why"])
            return
        if waits is not None:
            _mark(run, path, name, status="waiting", waits=waits)
            return
    _mark(run, path, name, status="done", waits=None)


def _do(run: Run, step: Step, full: str) -> dict[str, object] | None:
    """Do one step of a branch; what it waits for, None when it does not."""
    if step.kind == "wait":
        return {"kind": "event", "type": step.name}
    if step.kind == "parallel":
        status = _begin(run, f"{full}/{step.id}", step)
        if status == "running":
            return {"kind": "parallel"}
        return None if status == "joined" else {"kind": "broken", "why": f"{step.id} could not be completed"}
    if step.kind == "subcase":
        return subcases.start(run, step)
    mark = len(run.effects)
    runner = run.steps.get(step.kind)
    if runner is None:
        raise Misconfigured(
            phrase("%(process)s: no step is of the kind %(kind)s", process=run.definition.process, kind=step.kind)
        )
    runner(run, step)
    return _awaited(run, step, full, mark)


def _awaited(run: Run, step: Step, full: str, mark: int) -> dict[str, object] | None:
    """What the effects of a step, from `mark` on, let its branch wait for."""
    if step.kind == "approve":
        pending = run.case.asked[full]
        return {"kind": "approval", "ref": str(pending.approval)} if pending.status == "pending" else None
    if step.kind == "command" and step.args.get("detached") is not True:
        return {"kind": "command", "ref": commands.key_of(run, step)}
    for effect in run.effects[mark:]:
        if isinstance(effect, TaskOpened):
            return {"kind": "task", "ref": str(effect.task), "title": effect.title, "role": effect.role}
        if isinstance(effect, TimerSet):
            return {"kind": "timer", "name": effect.name, "at": instant_text(effect.fire_at)}
    return None


def _look_up(run: Run, path: str, group: Step) -> None:
    """After a branch moved: join if that is possible now, and go on with the branch around it."""
    status = _join(run, path, group)
    if status == "running":
        return
    if "/" not in path:
        run.ended = True
        return
    outer, name, _ = path.rsplit("/", 2)
    place = next(p for p in live(run.definition, run.case) if (p.path, p.name) == (outer, name))
    if status == "joined":
        resume(run, place, None)
    else:
        fail(run, place, f"{group.id} could not be completed", hold=False)


def _decided(state: Group) -> str:
    """`joined` or `failed` when the branches leave no doubt, else empty."""
    statuses = [b["status"] for b in state["branches"].values()]
    done = statuses.count("done")
    open_ = sum(s in LIVE or s in ("ready", "running") for s in statuses)
    return "joined" if done >= state["needed"] else "failed" if done + open_ < state["needed"] else ""


def _join(run: Run, path: str, group: Step) -> str:
    """End a parallel step that is decided, with what its other branches have open; its status."""
    state = _groups(run)[path]
    status = _decided(state)
    if not status:
        return "running"
    gone = []
    for name in group.branches:
        if _groups(run)[path]["branches"][name]["status"] in ("ready", *LIVE):
            gone += _cancel(run, path, group, name, status)
    commands.take_back_branches(run, gone)
    state = _groups(run)[path]
    _save(run, path, {**state, "status": status})
    if group.kind == "parallel":
        found = {name: state["branches"][name] for name in group.branches}
        run.keep(
            group,
            {
                "outcome": status,
                "done": [n for n, b in found.items() if b["status"] == "done"],
                "failed": [n for n, b in found.items() if b["status"] == "failed"],
                "cancelled": [n for n, b in found.items() if b["status"] == "cancelled"],
                "why": next((b["why"] for b in found.values() if b["status"] == "failed"), ""),
            },
        )
        run.notes["branches"] = [*_noted(run), {"step": path, "status": status}]
    return status


def _cancel(run: Run, path: str, group: Step, name: str, status: str) -> list[str]:
    """End what a branch and those inside it have open; the paths of the branches that were ended."""
    branch = _groups(run)[path]["branches"][name]
    why = "others were enough" if status == "joined" else "not enough others are left"
    place = Place(path, group, name, branch)
    gone = [place.full]
    if branch["status"] in LIVE:
        inner = place.step
        inside = f"{place.full}/{inner.id}"
        if inner.kind == "parallel" and _groups(run)[inside]["status"] == "running":
            for other in inner.branches:
                if _groups(run)[inside]["branches"][other]["status"] in ("ready", *LIVE):
                    gone += _cancel(run, inside, inner, other, status)
            _save(run, inside, {**_groups(run)[inside], "status": "cancelled"})
        _end_open(run, place)
    _mark(run, path, name, status="cancelled", waits=None, why=why)
    return gone


def _end_open(run: Run, place: Place) -> None:
    """Close what the step at which a branch stands has open: task, approval, timer, the cases it started."""
    waits, case, full = place.branch["waits"] or {}, run.case, place.full
    if waits.get("kind") == "parallel":
        inner = place.step
        path = f"{full}/{inner.id}"
        gone = []
        for name in inner.branches:
            if _groups(run)[path]["branches"][name]["status"] in LIVE:
                gone += _cancel(run, path, inner, name, "failed")
        commands.take_back_branches(run, gone)
        _save(run, path, {**_groups(run)[path], "status": "cancelled"})
        return
    pending = case.asked.get(full)
    if pending is not None:
        if pending.status == "pending":
            run.effects.append(ApprovalSaved(approvals.end(pending, "voided", run.around.now)))
        _forget(run, place, "cancelled")
    if waits.get("kind") == "task":
        run.effects.append(TasksClosed(case.case_id, "cancelled", branch=full))
    if waits.get("kind") == "timer":
        run.effects.append(TimersCleared(case.case_id, f"{full}:"))
    if waits.get("kind") == "subcase":
        run.effects.extend(
            CaseCancelled(
                link, started["process"], started["key"], started["subject"], f"{case.subject} goes on without it"
            )
            for link, started in subcases.open_ones(waits)
        )


def _forget(run: Run, place: Place, status: str = "done") -> None:
    """The branch asks nobody any more; the clocks of what it asked are stopped."""
    if place.full in run.case.asked:
        kept = {path: a for path, a in run.case.asked.items() if path != place.full}
        run.case = run.case._replace(asked=kept)
        run.effects.append(TimersCleared(run.case.case_id, f"{place.full}:"))
        run.effects.append(TasksClosed(run.case.case_id, status, branch=place.full))


def _groups(run: Run) -> Mapping[str, Group]:
    found = run.case.data.get(KEPT)
    return found if isinstance(found, Mapping) else {}


def _save(run: Run, path: str, state: Group) -> None:
    run.case = run.case._replace(data={**run.case.data, KEPT: {**_groups(run), path: dict(state)}})


def _mark(run: Run, path: str, name: str, **changes: object) -> None:
    state = _groups(run)[path]
    branch = {**state["branches"][name], **changes}
    _save(run, path, {**state, "branches": {**state["branches"], name: branch}})
    if changes.get("status") in TOLD:
        told = {"branch": f"{path}/{name}", "status": branch["status"], "step": branch["step"]}
        run.notes["branches"] = [*_noted(run), told | ({"why": branch["why"]} if branch["why"] else {})]


def _noted(run: Run) -> Sequence[object]:
    found = run.notes.get("branches")
    return found if isinstance(found, list) else []
