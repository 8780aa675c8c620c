"""Where a running case would stand in another version of its process, and why it may not be moved there.

A case is moved as it stands: nothing of its new stage is done again, nothing it has open is closed, and nothing it
keeps is dropped. What cannot be carried over so is a reason to leave the case where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headgate.process.core import branches
from headgate.process.core.definition import Definition, Stage, Step, within
from headgate.process.core.rules.finding import steps_of
from headgate.process.core.service_level import CLOCK, clock_of
from headgate.process.core.state import Case

EVENT: Final = "case.migrated"
_OWN: Final = frozenset({"approval", "approval_before", "command", "commands", "parallel", "subcases", CLOCK})
_CLOCKS: Final = ("sla.", "approval.", "command.")  # of the kernel: they go on whatever the version says
_BOUND: Final = ("each", "binds", "stake", "summary", "requested_by", "barred")
_ALWAYS: Final = frozenset({"event", "case", "new", "item", *_OWN})


@dataclass(frozen=True, slots=True)
class Renaming:
    """What is called otherwise in the new version: stages, and what steps keep (`data`). `keep` names what a case keeps
    although the new version has no step of that name."""

    stages: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()


def renaming_of(data: Mapping[str, Any]) -> Renaming:
    """What an event or a stored migration says."""
    return Renaming(dict(data.get("stages") or {}), dict(data.get("data") or {}), frozenset(data.get("keep") or ()))


@dataclass(frozen=True, slots=True)
class Outlook:
    """A case in the new version: its stage, what it has open and keeps, and the reasons why it cannot be moved."""

    stage: str
    open: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def movable(self) -> bool:
        """Whether nothing stands against it."""
        return not self.problems


def outlook(old: Definition, new: Definition, case: Case, mapping: Renaming, timers: Sequence[str]) -> Outlook:
    """How a case would stand in `new`. `timers` are the names of the timers that run for it."""
    here, to = old.stages.get(case.stage), mapping.stages.get(case.stage, case.stage)
    there = new.stages.get(to)
    version = f"version {new.version}"
    if here is None or there is None:
        return Outlook(to, (), (f"{version} has no stage '{to}'; say under stages which one '{case.stage}' becomes",))
    if there.final:
        return Outlook(to, (), (f"'{to}' is an end in {version}; a case is not ended by moving it",))
    problems = [
        *_approval(case, here, there, version),
        *_paused(case, there, version),
        *_branches(old, case, there, version),
        *_timers(there, timers, version),
        *_lost(new, case, mapping, version),
        *_missing(there, case, mapping, version),
    ]
    waited = sorted(e for e in here.on if e not in there.on and e in old.events)
    notes = [f"no longer waits for {', '.join(waited)}"] if waited else []
    if (here.sla is None) != (there.sla is None):
        notes.append("its service-level clock stays as it is until a stage is entered again")
    return Outlook(to, tuple(_open(old, case, timers)), tuple(problems), tuple(notes))


def moved(old: Definition, new: Definition, case: Case, mapping: Renaming) -> Case:
    """The case in the new version. To be called only where `outlook` says that it can be moved."""
    to = mapping.stages.get(case.stage, case.stage)
    data = {mapping.data.get(name, name): value for name, value in case.data.items()}
    places = list(branches.live(old, case))
    kept = data.get(branches.KEPT)
    groups: dict[str, Any] = dict(kept) if isinstance(kept, Mapping) else {}
    for place in places:
        there = _group(new.stages[to], place.path)
        assert there is not None
        state = groups[place.path]
        at = [s.id for s in there.branches[place.name]].index(place.step.id)
        branch = {**state["branches"][place.name], "at": at}
        groups[place.path] = {**state, "branches": {**state["branches"], place.name: branch}}
    if groups:
        data[branches.KEPT] = groups
    owner = new.stages[to].owner or new.owner
    return case._replace(version=new.version, stage=to, data=data, owner_role=owner)


def unknown(new: Definition, case: Case, mapping: Renaming) -> list[str]:
    """What the case keeps, by its old name, under a name that no step of `new` has and that is not to be kept."""
    known = {s.id for stage in new.stages.values() for s in steps_of(stage)} | _OWN | mapping.keep
    return [name for name in case.data if mapping.data.get(name, name) not in known]


def _open(old: Definition, case: Case, timers: Sequence[str]) -> Iterator[str]:
    if case.approval is not None and case.approval.status == "pending":
        yield "an approval"
    for place in branches.live(old, case):
        yield f"{place.full} at {place.step.id}"
    yield from (f"timer {name}" for name in timers if ":" not in name and not name.startswith(_CLOCKS))


def _approval(case: Case, here: Stage, there: Stage, version: str) -> Iterator[str]:
    if case.approval is None or case.approval.status != "pending":
        return
    asked = next((s for s in here.enter if s.kind == "approve"), None)
    again = next((s for s in there.enter if s.kind == "approve"), None)
    if again is None:
        yield f"nobody waits for its open approval in '{there.id}' of {version}"
    elif asked is not None:
        yield from _bound(asked, again, version)


def _paused(case: Case, there: Stage, version: str) -> Iterator[str]:
    """A clock that stands still has to find, in its new stage, what lets it run on."""
    because = clock_of(case.data).get("because")
    known = there.sla.pauses if there.sla is not None else ()
    if case.sla_state == "paused" and because not in [pause.because for pause in known]:
        yield f"its clocks stand still ({because}), and nothing in '{there.id}' of {version} lets them go on"


def _bound(asked: Step, again: Step, version: str) -> Iterator[str]:
    """What an open approval is bound to has to be what the new version would ask."""
    different = [n for n in _BOUND if asked.args.get(n) != again.args.get(n)]
    if asked.name != again.name:
        different.append("its matrix")
    if different:
        yield (
            f"its open approval would be asked otherwise in {version} ({', '.join(different)}), so it would bind "
            "something else; let it be decided first"
        )


def _branches(old: Definition, case: Case, there: Stage, version: str) -> Iterator[str]:
    groups = case.data.get(branches.KEPT)
    for place in branches.live(old, case):
        group = _group(there, place.path)
        if group is None:
            yield f"'{there.id}' of {version} has no '{place.path}', where the case waits"
            continue
        steps = group.branches.get(place.name, ())
        same = next((s for s in steps if s.id == place.step.id and s.kind == place.step.kind), None)
        if same is None:
            yield f"branch '{place.full}' of {version} has no step '{place.step.id}', at which the case stands"
        elif same.kind == "approve":
            yield from _bound(place.step, same, version)
        assert isinstance(groups, Mapping)
        fresh = sorted(set(group.branches) - set(groups[place.path]["branches"]))
        if fresh:
            yield f"'{place.path}' of {version} has branches this case never began: {', '.join(fresh)}"


def _timers(there: Stage, timers: Sequence[str], version: str) -> Iterator[str]:
    for name in timers:
        if ":" in name or name.startswith(_CLOCKS):
            continue
        if f"timer.{name}" not in there.on:
            yield f"nothing waits for its timer '{name}' in '{there.id}' of {version}"


def _lost(new: Definition, case: Case, mapping: Renaming, version: str) -> Iterator[str]:
    """What the case keeps and the new version does not know would be lost to it."""
    lost = unknown(new, case, mapping)
    for name in case.data:
        to = mapping.data.get(name, name)
        if name in lost:
            yield (
                f"'{to}' would be lost: no step of {version} has that name; say under data what it becomes, "
                "or list it under keep"
            )
        elif to != name and to in case.data:
            yield f"'{name}' cannot become '{to}', which the case has already"


def _missing(there: Stage, case: Case, mapping: Renaming, version: str) -> Iterator[str]:
    """What the steps of the new stage would read once something happens, and the case does not have."""
    has = {mapping.data.get(name, name) for name in case.data} | _ALWAYS
    has |= {s.id for s in within(there.enter) if s.kind in ("parallel", "subcase")}
    told: set[str] = set()
    for event, transitions in there.on.items():
        for transition in transitions:
            found = set(has)
            for step in within(transition.steps):
                for name in sorted(set(_reads(step.args)) - found - told):
                    told.add(name)
                    yield f"{version} reads '{name}' when {event} comes, which this case does not have"
                found.add(step.id)


def _reads(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$"):
        yield value[1:].split(".")[0]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _reads(inner)


def _group(stage: Stage, path: str) -> Step | None:
    """The step with branches at a path of a stage."""
    first, *rest = path.split("/")
    step = next((s for s in stage.enter if s.id == first and s.kind in ("parallel", "subcase")), None)
    group = branches.group_of(step) if step is not None else None
    for branch, inner in zip(rest[::2], rest[1::2], strict=True):
        if group is None:
            return None
        group = next((s for s in group.branches.get(branch, ()) if s.id == inner and s.kind == "parallel"), None)
    return group
