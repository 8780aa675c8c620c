"""That policies which read each other fit together before one of them comes into force."""

from __future__ import annotations

from headgate.policy.core.chain import chain_issues
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.policy_set import PolicySet


def expect_chain(others: PolicySet, table: PolicyTable) -> None:
    """Raises `Invalid` where the table, or one in force that reads it, could not be evaluated with it: a ring (named in
    full), a source that is not in force, an output that is gone or of another type."""
    tables = {name: policy.table for name, policy in others.items()} | {table.policy: table}
    issues: list[Issue] = list(chain_issues(tables, table))
    for name, other in tables.items():
        reads = any(c.source is not None and c.source.policy == table.policy for c in other.inputs)
        if reads and name != table.policy:
            issues += chain_issues(tables, other)
    if issues:
        raise refuse(issues)
