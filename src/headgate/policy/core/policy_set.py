"""The policies in force together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from headgate.kernel.canonical import digest
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.policy.core.chain import chain_of, given_inputs, handed_on
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.evaluation import Evaluation
from headgate.policy.core.model import InputColumn, Source


class PolicySet(Mapping[str, CompiledPolicy]):
    """Compiled policies by name. Immutable, and equal sets have equal `digest`.

    Chained inputs are decided here: a single `CompiledPolicy` takes them as facts like any other.
    """

    __slots__ = ("_chained", "_policies", "_tables", "digest")

    def __init__(self, policies: Mapping[str, CompiledPolicy]) -> None:
        self._policies = dict(policies)
        self._tables = {name: p.table for name, p in self._policies.items()}
        self._chained: dict[str, tuple[tuple[str, Source], ...]] = {
            name: tuple((c.name, c.source) for c in table.inputs if c.source is not None)
            for name, table in self._tables.items()
        }
        self.digest = digest([[p.policy, p.version, p.digest] for _, p in sorted(self._policies.items())]).hex()

    def __getitem__(self, policy: str) -> CompiledPolicy:
        return self._policies[policy]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def evaluate(self, policy: str, inputs: Mapping[str, object]) -> Evaluation:
        """Evaluate one policy, and before it those that its inputs come from, on the same facts.

        A chained input is always decided: a fact of its name is not listened to. Raises `NotFound` when no policy of
        that name is in force, `BadChain` for a ring or a missing link, `Invalid` as `CompiledPolicy.evaluate` does.
        """
        return self.evaluator(policy)(inputs)

    def evaluator(self, policy: str) -> Callable[[Mapping[str, object]], Evaluation]:
        """`evaluate` of one policy, for many facts. Raises `NotFound`."""
        found = self._policies.get(policy)
        if found is None:
            raise NotFound(
                phrase("no version of policy %(policy)s is in force; approve and activate one", policy=policy)
            )
        return partial(self._link_by_link, policy) if self._chained[policy] else found.evaluate

    def needs(self, policy: str) -> tuple[InputColumn, ...]:
        """The facts to give for a policy: its own and those of the policies it is chained to.

        Raises `NotFound`, `BadChain`.
        """
        self.evaluator(policy)
        return given_inputs(self._tables, policy)

    def _link_by_link(self, policy: str, inputs: Mapping[str, object]) -> Evaluation:
        made: dict[str, Evaluation] = {}
        for name in chain_of(self._tables, policy):
            sources = self._chained[name]
            derived = {column: handed_on(made[source.policy], source) for column, source in sources}
            made[name] = self._policies[name].evaluate({**inputs, **derived} if derived else inputs)
        final = made.pop(policy)
        return final._replace(links=tuple(made.values()))
