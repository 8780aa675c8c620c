"""The policies in force together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headgate.kernel.canonical import digest
from headgate.kernel.errors import NotFound
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.evaluation import Evaluation


class PolicySet(Mapping[str, CompiledPolicy]):
    """Compiled policies by name. Immutable, and equal sets have equal `digest`."""

    __slots__ = ("_policies", "digest")

    def __init__(self, policies: Mapping[str, CompiledPolicy]) -> None:
        self._policies = dict(policies)
        self.digest = digest([[p.policy, p.version, p.digest] for _, p in sorted(self._policies.items())]).hex()

    def __getitem__(self, policy: str) -> CompiledPolicy:
        return self._policies[policy]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def evaluate(self, policy: str, inputs: Mapping[str, object]) -> Evaluation:
        """Evaluate one policy.

        Raises `NotFound` when none of that name is in force, `Invalid` as `CompiledPolicy.evaluate` does.
        """
        found = self._policies.get(policy)
        if found is None:
            raise NotFound(f"no version of policy {policy} is in force; approve and activate one")
        return found.evaluate(inputs)
