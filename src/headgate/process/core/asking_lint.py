"""Holds the policies that actions ask against what the actions tell them and read of their answers.

A process names only the action; the policies behind it are named by what the action declares (`Asking`). So a version
that wants a fact no action tells, or that answers what the action does not understand, is noticed before it decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from headgate.process.core.definition import Definition, Step
from headgate.process.core.rules.finding import Finding, steps_of
from headgate.process.core.signature import ARTICLES, Asking, Signature, Slot

POLICY_INPUTS: Final = "policy-inputs"
POLICY_OUTPUTS: Final = "policy-outputs"


def check_asked(
    definition: Definition, actions: Mapping[str, Signature], policies: Mapping[str, Signature]
) -> Iterator[tuple[str, Finding]]:
    """Remarks with their code: of every action that a stage runs, what does not fit the policies it asks."""
    for stage in definition.stages.values():
        for action in dict.fromkeys(name for step in steps_of(stage) for name in _actions(step)):
            asks = actions[action].asks if action in actions else {}
            for name, asking in asks.items():
                if name in policies:
                    for code, said, fix in _unfit(name, asking, policies[name]):
                        yield code, Finding(stage.id, f"runs '{action}', which {said}", fix)


def asked_by(step: Step, actions: Mapping[str, Signature]) -> Iterator[str]:
    """The policies that a step cannot do without, with those of the actions it runs."""
    if step.kind in ("decide", "approve"):
        yield step.name
    for action in _actions(step):
        if action in actions:
            yield from (name for name, asking in actions[action].asks.items() if not asking.optional)


def _actions(step: Step) -> Iterator[str]:
    """What a step runs, and what takes it back."""
    if step.kind == "run":
        yield step.name
    back = step.args.get("compensate")
    if isinstance(back, Mapping) and isinstance(back.get("run"), str):
        yield str(back["run"])
    elif step.kind == "run" and isinstance(back, str):
        yield back


def _unfit(name: str, asking: Asking, policy: Signature) -> Iterator[tuple[str, str, str]]:
    told = ", ".join(asking.tells)
    for fact, slot in policy.takes.items():
        known = asking.tells.get(fact)
        if known is None:
            if not slot.optional:
                fix = f"Give {fact} a default, or leave it out: the action tells {told}."
                yield POLICY_INPUTS, f"asks policy {name} without {fact}, which it needs", fix
        elif known.kind != slot.kind:
            said = f"tells policy {name} {fact} as {ARTICLES[known.kind]}, and it takes {ARTICLES[slot.kind]}"
            yield POLICY_INPUTS, said, f"Declare {fact} as {ARTICLES[known.kind]}."
        elif slot.values and (strange := [v for v in known.values if v not in slot.values]):
            said = f"may tell policy {name} that {fact} is {', '.join(strange)}, which it does not allow"
            yield POLICY_INPUTS, said, f"Add it to the values of {fact}."
    for said, fix in _unread(asking.reads, policy.gives, name, ""):
        yield POLICY_OUTPUTS, said, fix


def _unread(reads: Mapping[str, Slot], gives: Mapping[str, Slot], policy: str, where: str) -> Iterator[tuple[str, str]]:
    for name, slot in reads.items():
        path, given = f"{where}{name}", gives.get(name)
        if given is None:
            if not slot.optional:
                yield f"reads {path} of policy {policy}, which gives no {path}", _wanted(path, slot)
        elif given.kind != slot.kind:
            said = f"reads {path} of policy {policy} as {ARTICLES[slot.kind]}, and it gives {ARTICLES[given.kind]}"
            yield said, f"Let {path} be {ARTICLES[slot.kind]}."
        elif given.optional and not slot.optional:
            yield f"needs {path} of policy {policy}, which may be null", f"Let {path} always have a value."
        elif slot.values and (strange := [v for v in given.values if v not in slot.values]):
            said = f"does not understand {path} {', '.join(strange)} of policy {policy}"
            yield said, f"It understands {', '.join(slot.values)}."
        else:
            yield from _unread(slot.fields, given.fields, policy, f"{path}.")


def _wanted(path: str, slot: Slot) -> str:
    if path == "list":
        return "Let it answer with every row that fits: hit: collect."
    return f"Give it the output {path}, {ARTICLES[slot.kind]}."
