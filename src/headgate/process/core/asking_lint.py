"""Holds the policies that actions ask against what the actions tell them and read of their answers.

A process names only the action; the policies behind it are named by what the action declares (`Asking`). So a version
that wants a fact no action tells, or that answers what the action does not understand, is noticed before it decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from headgate.kernel.phrases import phrase
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
                        yield (
                            code,
                            Finding(
                                stage.id, phrase("runs '%(action)s', which %(said)s", action=action, said=said), fix
                            ),
                        )


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
                fix = phrase(
                    "Give %(fact)s a default, or leave it out: the action tells %(told)s.", fact=fact, told=told
                )
                yield (
                    POLICY_INPUTS,
                    phrase("asks policy %(name)s without %(fact)s, which it needs", name=name, fact=fact),
                    fix,
                )
        elif known.kind != slot.kind:
            said = phrase(
                "tells policy %(name)s %(fact)s as %(kind)s, and it takes %(kind2)s",
                name=name,
                fact=fact,
                kind=ARTICLES[known.kind],
                kind2=ARTICLES[slot.kind],
            )
            yield POLICY_INPUTS, said, phrase("Declare %(fact)s as %(kind)s.", fact=fact, kind=ARTICLES[known.kind])
        elif slot.values and (strange := [v for v in known.values if v not in slot.values]):
            said = phrase(
                "may tell policy %(name)s that %(fact)s is %(names)s, which it does not allow",
                name=name,
                fact=fact,
                names=", ".join(strange),
            )
            yield POLICY_INPUTS, said, phrase("Add it to the values of %(fact)s.", fact=fact)
    for unread, mend in _unread(asking.reads, policy.gives, name, ""):
        yield POLICY_OUTPUTS, unread, mend


def _unread(reads: Mapping[str, Slot], gives: Mapping[str, Slot], policy: str, where: str) -> Iterator[tuple[str, str]]:
    for name, slot in reads.items():
        path, given = f"{where}{name}", gives.get(name)
        if given is None:
            if not slot.optional:
                yield (
                    phrase("reads %(path)s of policy %(policy)s, which gives no %(path)s", path=path, policy=policy),
                    _wanted(path, slot),
                )
        elif given.kind != slot.kind:
            said = phrase(
                "reads %(path)s of policy %(policy)s as %(kind)s, and it gives %(kind2)s",
                path=path,
                policy=policy,
                kind=ARTICLES[slot.kind],
                kind2=ARTICLES[given.kind],
            )
            yield said, phrase("Let %(path)s be %(kind)s.", path=path, kind=ARTICLES[slot.kind])
        elif given.optional and not slot.optional:
            yield (
                phrase("needs %(path)s of policy %(policy)s, which may be null", path=path, policy=policy),
                phrase("Let %(path)s always have a value.", path=path),
            )
        elif slot.values and (strange := [v for v in given.values if v not in slot.values]):
            said = phrase(
                "does not understand %(path)s %(names)s of policy %(policy)s",
                path=path,
                names=", ".join(strange),
                policy=policy,
            )
            yield said, phrase("It understands %(values)s.", values=", ".join(slot.values))
        else:
            yield from _unread(slot.fields, given.fields, policy, f"{path}.")


def _wanted(path: str, slot: Slot) -> str:
    if path == "list":
        return phrase("Let it answer with every row that fits: hit: collect.")
    return phrase("Give it the output %(path)s, %(kind)s.", path=path, kind=ARTICLES[slot.kind])
