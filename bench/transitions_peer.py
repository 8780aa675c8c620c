"""The peer: the same two processes on `transitions`, a library of state machines for Python.

Its machines move a model from state to state; what our engine does besides (the case's values, its task, its audit
entry) is made by the model's callbacks, with the same values as the straight Python beside it. It keeps no versions,
clocks or approvals, so it does less; it is what somebody would take who wants a state machine and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ABSENT = "transitions is not installed (requirements/bench.txt has it), so there is no ratio to it"

# A life takes the number of a case and how to make, change and end its values; it answers with the case.
Begin = Callable[[int], Any]
Step = Callable[[Any, int], Any]


class PeerMissing(Exception):
    """The library is not there."""


def order_machine(begin: Begin, step: Step) -> Callable[[int], Any]:
    """An order's life: checked and released by its first event, shipped and fulfilled by its second."""
    try:
        from transitions import Machine
    except ImportError:
        raise PeerMissing from None

    machine = Machine(
        model=None,
        states=["checking", "released", "fulfilled"],
        transitions=[
            {"trigger": "submit", "source": "checking", "dest": "released", "after": "note"},
            {"trigger": "ship", "source": "released", "dest": "fulfilled", "conditions": "complete", "after": "note"},
        ],
        initial="checking",
        auto_transitions=False,
        send_event=False,
    )

    def life(number: int) -> Any:
        model = _Model(begin(number), step)
        machine.add_model(model)
        model.submit()  # type: ignore[attr-defined]  # the machine gives the model its triggers
        model.ship()  # type: ignore[attr-defined]
        machine.remove_model(model)
        return model.case

    return life


def joining_machine(begin: Begin, step: Step) -> Callable[[int], Any]:
    """Three branches side by side, by the library's nested machine with parallel states."""
    try:
        from transitions.extensions import HierarchicalMachine
    except ImportError:
        raise PeerMissing from None

    def branch(name: str, trigger: str) -> dict[str, Any]:
        return {
            "name": name,
            "children": ["open", "done"],
            "initial": "open",
            "transitions": [[trigger, "open", "done"]],
        }

    machine = HierarchicalMachine(
        model=None,
        states=[
            {
                "name": "gathering",
                "parallel": [branch("paper", "signed"), branch("money", "paid"), branch("papers", "collected")],
            },
            "active",
        ],
        transitions=[{"trigger": "join", "source": "gathering", "dest": "active", "conditions": "joined"}],
        initial="gathering",
        auto_transitions=False,
    )

    def life(number: int) -> Any:
        model = _Model(begin(number), step)
        machine.add_model(model)
        model.note()
        for trigger in ("signed", "paid", "collected"):
            getattr(model, trigger)()
            model.note()
        model.join()  # type: ignore[attr-defined]
        machine.remove_model(model)
        if model.state != "active":
            raise AssertionError(f"the peer ended in {model.state}")
        return model.case

    return life


class _Model:
    """What the machine moves. `note` makes what follows from an event."""

    state: Any

    def __init__(self, case: Any, step: Step) -> None:
        self.case, self._step, self._place = case, step, 0

    def note(self) -> None:
        self.case = self._step(self.case, self._place)
        self._place += 1

    def complete(self) -> bool:
        return True

    def joined(self) -> bool:
        return all(state.endswith("done") for state in self.state)
