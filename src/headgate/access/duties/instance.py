"""Duties on one thing: whoever did one half about it does not do the other, even where their roles allow both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from headgate.access.core.duties import ACTIONS, EVENTS
from headgate.access.duties import repo
from headgate.access.duties.matrix import matrix_in_force
from headgate.kernel.errors import DutyConflict
from headgate.kernel.phrases import phrase


def expect_other_hands(
    conn: Connection[Any], permission: str, actors: Sequence[str], about: Mapping[str, Sequence[str]]
) -> None:
    """Raise `DutyConflict` when one of `actors` has done, about one of these things, what the matrix keeps apart from
    `permission`. `about` is names of things by their kind, as in the audit chain. Mitigations do not count here."""
    people = [actor for actor in actors if actor]
    rules = {other: rule for rule in matrix_in_force(conn).rules if (other := rule.other(permission))}
    pairs = [(kind, name) for kind, names in about.items() for name in names]
    if not people or not rules or not pairs:
        return
    done = {act: rule for other, rule in rules.items() for act in (*ACTIONS.get(other, ()), *EVENTS.get(other, ()))}
    values = {
        "kinds": [kind for kind, _ in pairs],
        "names": [name for _, name in pairs],
        "actors": people,
        "actions": [action for other in rules for action in ACTIONS.get(other, ())],
        "types": [type_ for other in rules for type_ in EVENTS.get(other, ())],
    }
    row = conn.execute(repo.ACTS_ON_RECORD, values).fetchone()
    if row is not None:
        actor, act, kind, name = row
        thing = f"{kind.replace('_', ' ')} {name}"
        raise DutyConflict(
            phrase(
                "%(actor)s has a hand in %(thing)s already (%(act)s): %(reason)s; someone else must",
                actor=actor,
                thing=thing,
                act=act,
                reason=done[act].reason,
            )
        )
