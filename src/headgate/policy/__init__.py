"""F4: decision tables: parse, lint, compile, evaluate; their versions and lifecycle; the decisions they made.

Knows nothing of orders or any other noun: a policy is inputs, rows and outputs.
"""

from headgate.policy.core.compile import CompiledPolicy, NoRowMatched, compile_policy
from headgate.policy.core.evaluation import Evaluation
from headgate.policy.core.examples import ExampleResult, run_examples
from headgate.policy.core.model import InputColumn, Issue, OutputColumn, PolicyTable, PolicyTest, Row
from headgate.policy.core.parse import parse_policy
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.lint import lint

__all__ = [
    "CompiledPolicy",
    "Evaluation",
    "ExampleResult",
    "InputColumn",
    "Issue",
    "NoRowMatched",
    "OutputColumn",
    "PolicySet",
    "PolicyTable",
    "PolicyTest",
    "Row",
    "compile_policy",
    "lint",
    "parse_policy",
    "run_examples",
]
