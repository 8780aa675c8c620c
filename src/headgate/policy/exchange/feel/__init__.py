"""S-FEEL, the expression language of DMN decision tables: grammar, printing, evaluation. Pure.

Covered: level 2 of DMN 1.5 (chapter 9) and of FEEL what such models use besides: conditionals, `in`, `between`, lists,
paths and the functions of `functions.py`. Loops, filters, contexts and functions of one's own are refused by name.
"""

from headgate.policy.exchange.feel.evaluate import evaluate, satisfied
from headgate.policy.exchange.feel.grammar import parse_expression, parse_tests
from headgate.policy.exchange.feel.printing import print_expression, print_tests
from headgate.policy.exchange.feel.tokens import BadFeel

__all__ = ["BadFeel", "evaluate", "parse_expression", "parse_tests", "print_expression", "print_tests", "satisfied"]
