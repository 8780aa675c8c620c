"""Contract prices: which agreement sets the price of a line, and the whole reasoning as a trace.

    book = price_book(terms)
    trace = resolve_price(query, book)

`model` holds the values, `rank` the order of precedence, `methods` the arithmetic of one term, `resolve` the choice,
`terms` what an author may write, `conflicts` the lint.
"""

from headgate.domain.periods import day_end, day_start, within
from headgate.domain.pricing.conflicts import Conflict, find_conflicts
from headgate.domain.pricing.methods import Band
from headgate.domain.pricing.model import ROUNDING_WORDS, Candidate, PriceQuery, PriceTrace, Term, Tier
from headgate.domain.pricing.rank import RANKS, scope_rank, scope_words
from headgate.domain.pricing.resolve import PriceBook, price_book, resolve_price
from headgate.domain.pricing.terms import check_term, parse_tiers, term_problems

__all__ = [
    "RANKS",
    "ROUNDING_WORDS",
    "Band",
    "Candidate",
    "Conflict",
    "PriceBook",
    "PriceQuery",
    "PriceTrace",
    "Term",
    "Tier",
    "check_term",
    "day_end",
    "day_start",
    "find_conflicts",
    "parse_tiers",
    "price_book",
    "resolve_price",
    "scope_rank",
    "scope_words",
    "term_problems",
    "within",
]
