"""Pure: the table model, its YAML form, cell tests, compiling and evaluating. No I/O, no clock.

The cores of floors above import these names from here, so that they stay free of I/O themselves.
"""

from headgate.policy.core.chain import BadChain, chain_issues, given_inputs
from headgate.policy.core.compile import CompiledPolicy, NoRowMatched, compile_policy
from headgate.policy.core.decision import DecisionDraft, decision_digest, draft_decision
from headgate.policy.core.evaluation import Evaluation
from headgate.policy.core.examples import ExampleResult, run_examples
from headgate.policy.core.lifecycle import PolicyVersion
from headgate.policy.core.model import (
    Default,
    Formula,
    InputColumn,
    Issue,
    OutputColumn,
    PolicyTable,
    PolicyTest,
    Row,
    Source,
)
from headgate.policy.core.parse import parse_policy
from headgate.policy.core.policy_set import PolicySet

__all__ = [
    "BadChain",
    "CompiledPolicy",
    "DecisionDraft",
    "Default",
    "Evaluation",
    "ExampleResult",
    "Formula",
    "InputColumn",
    "Issue",
    "NoRowMatched",
    "OutputColumn",
    "PolicySet",
    "PolicyTable",
    "PolicyTest",
    "PolicyVersion",
    "Row",
    "Source",
    "chain_issues",
    "compile_policy",
    "decision_digest",
    "draft_decision",
    "given_inputs",
    "parse_policy",
    "run_examples",
]
