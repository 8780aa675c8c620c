"""F4: decision tables: parse, lint, compile, evaluate; their versions and lifecycle; the decisions they made.

Knows nothing of orders or any other noun: a policy is inputs, rows and outputs.
"""

from headgate.policy.authoring import kept_text, propose, save
from headgate.policy.chaining import chain_among
from headgate.policy.checking import Checked, check_text
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
from headgate.policy.decisions import (
    DECISIONS_CHECK,
    Decision,
    decision_counts,
    decision_get,
    decision_list,
    decisions_get,
    record_decisions,
)
from headgate.policy.emergency import apply_at_once, overdue_reviews, review_emergency
from headgate.policy.evidence import Evidence, attach_evidence, evidence_of
from headgate.policy.fitting import Change
from headgate.policy.lint import lint
from headgate.policy.review_news import emergency_changes, outcome_of, review_news
from headgate.policy.service import Drafted, PolicyService
from headgate.policy.versions import origins_of, take_turn

__all__ = [
    "DECISIONS_CHECK",
    "BadChain",
    "Change",
    "Checked",
    "CompiledPolicy",
    "Decision",
    "DecisionDraft",
    "Default",
    "Drafted",
    "Evaluation",
    "Evidence",
    "ExampleResult",
    "Formula",
    "InputColumn",
    "Issue",
    "NoRowMatched",
    "OutputColumn",
    "PolicyService",
    "PolicySet",
    "PolicyTable",
    "PolicyTest",
    "PolicyVersion",
    "Row",
    "Source",
    "apply_at_once",
    "attach_evidence",
    "chain_among",
    "chain_issues",
    "check_text",
    "compile_policy",
    "decision_counts",
    "decision_digest",
    "decision_get",
    "decision_list",
    "decisions_get",
    "draft_decision",
    "emergency_changes",
    "evidence_of",
    "given_inputs",
    "kept_text",
    "lint",
    "origins_of",
    "outcome_of",
    "overdue_reviews",
    "parse_policy",
    "propose",
    "record_decisions",
    "review_emergency",
    "review_news",
    "run_examples",
    "save",
    "take_turn",
]
