"""Holds a definition against what its actions and policies take and give (`signature.py`).

A `run` step passes what its action takes, all that it needs, and of the right kind; a `decide` step passes all that its
policy needs, and may pass more, for versions to come. What conditions and arguments read of such a step is something
that its action or policy gives, of a kind that fits where it goes. Steps that bear one id may run several actions: then
it is enough that one of them gives it. Nothing is said of what declares nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import Final

from headgate.kernel.phrases import phrase
from headgate.process.core.asking_lint import POLICY_INPUTS, POLICY_OUTPUTS, check_asked
from headgate.process.core.definition import Condition, Definition, Stage, Step
from headgate.process.core.rules.finding import Finding, steps_of, transitions_of
from headgate.process.core.signature import ARTICLES, Kind, Signature, Slot, of_kind

INPUTS: Final = "action-inputs"
OUTPUTS: Final = "action-outputs"
# What is kept of a step that a person skipped.
_SKIPPED: Final = frozenset({"status", "by", "reason"})
# What the kernel's own kinds of steps are given under these names.
_WANTED: Final[Mapping[str, Mapping[str, Kind]]] = {
    "approve": {
        "each": "list",
        "binds": "text",
        "stake": "number",
        "summary": "record",
        "requested_by": "text",
        "barred": "list",
    },
    "task": {"role": "text", "hours": "number", "due": "instant"},
    "timer": {"at": "instant", "hours": "number"},
    "command": {"payload": "record", "type": "text"},
    "emit": {"data": "record"},
    "set": {
        "partner": "text",
        "stake": "number",
        "currency": "text",
        "exceptions": "list",
        "owner_role": "text",
    },
}


@dataclass(frozen=True, slots=True)
class _Given:
    """What a path leads to: what it may be, none where nothing is known; `wrong` says why it is nothing."""

    slots: tuple[Slot, ...] = ()
    makers: str = ""
    wrong: str = ""
    fix: str = ""
    code: str = OUTPUTS


@dataclass(frozen=True, slots=True)
class _Maker:
    """What gives the outputs of a step, as it is spoken of."""

    name: str
    signature: Signature
    code: str


Producers = Mapping[str, tuple[_Maker, ...] | None]


def check_signatures(
    definition: Definition, actions: Mapping[str, Signature], policies: Mapping[str, Signature]
) -> Iterator[tuple[str, Finding]]:
    """Remarks with their code, each once."""
    producers = _producers(definition, actions, policies)
    told: set[tuple[str, str]] = set()
    found = (each for stage in definition.stages.values() for each in _of(stage, producers, actions, policies))
    for code, finding in chain(found, check_asked(definition, actions, policies)):
        if (code, finding.message) not in told:
            told.add((code, finding.message))
            yield code, finding


def _producers(
    definition: Definition, actions: Mapping[str, Signature], policies: Mapping[str, Signature]
) -> Producers:
    """By the id of a step, what steps of this id run or ask; None where one of them is not known."""
    found: dict[str, tuple[_Maker, ...] | None] = {}
    for stage in definition.stages.values():
        for step in steps_of(stage):
            if step.kind == "set":
                continue
            maker = _maker(step, actions, policies)
            before = found.setdefault(step.id, ())
            if maker is None or before is None:
                found[step.id] = None
            elif maker not in before:
                found[step.id] = (*before, maker)
    return found


def _maker(step: Step, actions: Mapping[str, Signature], policies: Mapping[str, Signature]) -> _Maker | None:
    if step.kind == "run" and step.name in actions:
        return _Maker(step.name, actions[step.name], OUTPUTS)
    if step.kind == "decide" and step.name in policies:
        return _Maker(phrase("policy %(name)s", name=step.name), policies[step.name], POLICY_OUTPUTS)
    return None


def _of(
    stage: Stage, producers: Producers, actions: Mapping[str, Signature], policies: Mapping[str, Signature]
) -> Iterator[tuple[str, Finding]]:
    for transition in transitions_of(stage):
        for condition in transition.when:
            yield from _condition(stage, condition, producers)
    for step in steps_of(stage):
        if step.kind == "run" and step.name in actions:
            args = {name: value for name, value in step.args.items() if name != "compensate"}
            yield from _inputs(stage, step.name, actions[step.name], args, producers)
        if step.kind == "decide" and step.name in policies:
            yield from _facts(stage, step, policies[step.name])
        if step.kind == "approve" and step.name in policies:
            yield from _matrix(stage, step, policies[step.name], producers)
        yield from _taken_back(stage, step, producers, actions)
        yield from _read(stage, step, producers)


def _facts(stage: Stage, step: Step, policy: Signature) -> Iterator[tuple[str, Finding]]:
    """The facts that a policy is given, where the step names them one by one."""
    given = step.args.get("with", {})
    if not isinstance(given, Mapping):
        return
    for name, slot in policy.takes.items():
        if name not in given and not slot.optional:
            near = _nearest(name, given.keys() - policy.takes.keys(), "")
            fix = near if near.startswith("Did") else phrase("Add %(name)s: … under 'with'.", name=name)
            yield (
                POLICY_INPUTS,
                Finding(
                    stage.id,
                    phrase("asks '%(name)s' without %(name2)s, which it needs", name=step.name, name2=name),
                    fix,
                ),
            )


def _matrix(stage: Stage, step: Step, policy: Signature, producers: Producers) -> Iterator[tuple[str, Finding]]:
    """The facts that the policy of an approval is given: what stands in every entry of the list of questions."""
    found = _path(step.args.get("each"), producers)
    entries = [slot.fields for slot in found.slots if slot.kind == "list" and slot.fields] if found else []
    for name, slot in policy.takes.items():
        if entries and not slot.optional and not any(name in fields for fields in entries):
            fix = phrase(
                "Give %(name)s a default: %(makers)s tells %(told)s.",
                name=name,
                makers=found.makers if found else "",
                told=", ".join(entries[0]),
            )
            yield (
                POLICY_INPUTS,
                Finding(
                    stage.id,
                    phrase("asks '%(name)s' without %(name2)s, which it needs", name=step.name, name2=name),
                    fix,
                ),
            )


def _taken_back(
    stage: Stage, step: Step, producers: Producers, signatures: Mapping[str, Signature]
) -> Iterator[tuple[str, Finding]]:
    """The action that takes a step back is given what it takes, too."""
    how = step.args.get("compensate")
    given: Mapping[str, object] = how if isinstance(how, Mapping) else {}
    action = given.get("run") if given else how if step.kind == "run" else None
    if isinstance(action, str) and action in signatures:
        args = {str(name): value for name, value in given.items() if name not in ("run", "within")}
        yield from _inputs(stage, action, signatures[action], args, producers)


def _inputs(
    stage: Stage, action: str, signature: Signature, args: Mapping[str, object], producers: Producers
) -> Iterator[tuple[str, Finding]]:
    takes = signature.takes
    for name, value in args.items():
        slot = takes.get(name)
        if slot is None:
            said = phrase("passes '%(name)s' to %(action)s, which does not take it", name=name, action=action)
            yield INPUTS, Finding(stage.id, said, _nearest(name, takes, phrase("It takes")))
            continue
        found = _path(value, producers)
        if found is None and not of_kind(slot, value) and not _is_path(value):
            said = phrase(
                "passes '%(value)s' as %(name)s to %(action)s, which takes %(wanted)s",
                value=value,
                name=name,
                action=action,
                wanted=_wanted(slot),
            )
            yield INPUTS, Finding(stage.id, said, phrase("Give %(wanted)s.", wanted=_wanted(slot)))
        elif found is not None and found.slots and not any(s.kind == slot.kind for s in found.slots):
            said = phrase(
                "passes '%(value)s' as %(name)s to %(action)s, which takes %(kind)s",
                value=value,
                name=name,
                action=action,
                kind=ARTICLES[slot.kind],
            )
            yield (
                INPUTS,
                Finding(
                    stage.id,
                    said,
                    phrase("%(makers)s gives %(kind)s there.", makers=found.makers, kind=ARTICLES[found.slots[0].kind]),
                ),
            )
    for name, slot in takes.items():
        if name not in args and not slot.optional:
            yield (
                INPUTS,
                Finding(
                    stage.id,
                    phrase("runs '%(action)s' without %(name)s, which it needs", action=action, name=name),
                    phrase("Add %(name)s: … to it.", name=name),
                ),
            )


def _read(stage: Stage, step: Step, producers: Producers) -> Iterator[tuple[str, Finding]]:
    wanted = _WANTED.get(step.kind, {})
    for name, value in step.args.items():
        kind = wanted.get(name)
        found = _path(value, producers)
        slots = found.slots if found is not None else ()
        if kind is not None and found is not None and slots and not any(slot.kind == kind for slot in slots):
            said = phrase(
                "'%(value)s' is %(given)s, and %(name)s of a %(kind)s step is %(wanted)s",
                value=value,
                given=ARTICLES[slots[0].kind],
                name=name,
                kind=step.kind,
                wanted=ARTICLES[kind],
            )
            yield (
                found.code,
                Finding(stage.id, said, phrase("%(makers)s gives it so.", makers=found.makers)),
            )
        for written in _paths(value):
            given = _path(written, producers)
            if given is not None and given.wrong:
                yield given.code, Finding(stage.id, given.wrong, given.fix)


def _paths(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _paths(each)
    elif _is_path(value):
        yield str(value)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _condition(stage: Stage, condition: Condition, producers: Producers) -> Iterator[tuple[str, Finding]]:
    written = ".".join(condition.path)
    found = _given(written, condition.path, producers)
    if found is None:
        return
    if found.wrong:
        yield found.code, Finding(stage.id, found.wrong, found.fix)
        return
    for value in condition.values:
        if value is not None and found.slots and not any(of_kind(slot, value) for slot in found.slots):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            said = phrase(
                "asks whether '%(written)s' is %(shown)s, which %(makers)s never gives",
                written=written,
                shown=shown,
                makers=found.makers,
            )
            yield found.code, Finding(stage.id, said, phrase("It gives %(wanted)s.", wanted=_wanted(found.slots[0])))


def _path(value: object, producers: Producers) -> _Given | None:
    """What an argument reads; None where it reads nothing that is declared."""
    return _given(str(value), tuple(str(value)[1:].split(".")), producers) if _is_path(value) else None


def _given(written: str, path: tuple[str, ...], producers: Producers) -> _Given | None:
    makers = producers.get(path[0])
    if not makers:
        return None
    names, code = " or ".join(m.name for m in makers), makers[0].code
    slots: list[Slot] = []
    wrong: list[_Given] = []
    for maker in makers:
        found = _walk(written, path[1:], maker)
        if isinstance(found, _Given):
            wrong.append(found)
        elif found is None:
            return _Given(makers=names, code=code)
        else:
            slots.append(found)
    return _Given(tuple(slots), names, code=code) if slots else wrong[0]


def _walk(written: str, path: tuple[str, ...], maker: _Maker) -> Slot | _Given | None:
    """The slot at a path; None where a record is open; or why there is none."""
    gives = maker.signature.gives
    here = Slot("record", fields=gives)
    if not path:
        return here
    if path[0] in _SKIPPED and path[0] not in gives:
        return None
    for depth, part in enumerate(path):
        if here.kind != "record":
            said = phrase(
                "reads '%(written)s', but %(path)s of %(maker)s is %(kind)s",
                written=written,
                path=".".join(path[:depth]),
                maker=maker.name,
                kind=ARTICLES[here.kind],
            )
            return _Given(wrong=said, fix=phrase("Read it as a whole."), code=maker.code)
        if part not in here.fields:
            if here.fields is not gives and not here.fields:
                return None
            said = phrase(
                "reads '%(written)s', but %(name)s gives no %(names)s",
                written=written,
                name=maker.name,
                names=".".join(path[: depth + 1]),
            )
            return _Given(wrong=said, fix=_nearest(part, here.fields, phrase("It gives")), code=maker.code)
        here = here.fields[part]
    return here


def _wanted(slot: Slot) -> str:
    return phrase("one of %(names)s", names=", ".join(slot.values)) if slot.values else ARTICLES[slot.kind]


def _nearest(name: str, known: Iterable[str], begins: str) -> str:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return (
        phrase("Did you mean %(near)s?", near=near[0])
        if near
        else phrase("%(begins)s %(names)s.", begins=begins, names=", ".join(sorted(known)) or phrase("nothing"))
    )
