"""The trees that credit accounts form: which parents may be taken, and which account is whose root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.kernel.errors import Problem
from headgate.kernel.phrases import phrase

MAX_DEPTH = 16


def tree_problems(wanted: Sequence[tuple[str, str, str]], parents: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a list of (path, account, parent) that is to be applied as one to the known `parents`.

    A parent must be known or come in the same list; no account may stand above itself; a tree has at most 16 levels.
    """
    after = {**parents, **{account: parent for _, account, parent in wanted}}
    problems = []
    for path, account, parent in wanted:
        if parent and parent not in after:
            fix = phrase("Record the parent first, or in the same event.")
            problems.append(Problem(f"{path}.parent", parent, "is not a known credit account", fix))
        elif _walk(account, after) is None:
            fix = phrase("An account cannot stand above itself; trees have at most %(most)s levels.", most=MAX_DEPTH)
            problems.append(Problem(f"{path}.parent", parent, "closes a circle of parents or is too deep", fix))
    return problems


def roots(parents: Mapping[str, str]) -> dict[str, str]:
    """The root of every account; an account without a parent is its own."""
    found: dict[str, str] = {}
    for account in parents:
        root = _walk(account, parents)
        assert root is not None, "trees were checked before"
        found[account] = root
    return found


def _walk(account: str, parents: Mapping[str, str]) -> str | None:
    for _ in range(MAX_DEPTH):
        parent = parents.get(account, "")
        if not parent:
            return account
        account = parent
    return None
