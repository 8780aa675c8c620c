"""The order of precedence among the terms that apply to a line.

Compared from the top; the first difference decides:

1. an approved price exception before every agreement
2. a term that names the partner before one that does not
3. a term that names one of the partner's groups before one that does not
4. the one that names more of region and channel (both, one, none)
5. a product before a family before all products
6. any other method before a list price of the same scope, for a list price is what the others start from
7. a price in the order's currency before a converted one
8. the higher minimum quantity reached
9. the later start of validity
10. the lower unit price; when it comes to this, the trace says `tie`

Terms equal in all of it (also in price) are told apart by code, newest revision and term number, so that a replay
chooses the same one.
"""

from __future__ import annotations

from headgate.domain.pricing.model import Term

RANKS = (
    "price exception",
    "partner",
    "partner group",
    "region and channel",
    "product or family",
    "method",
    "currency",
    "minimum quantity",
    "start of validity",
    "lowest price",
)

Rank = tuple[int, int, int, int, int, int]


def scope_rank(term: Term) -> Rank:
    """Points 1 to 6 as numbers, more specific is greater."""
    return (
        1 if term.kind == "exception" else 0,
        1 if term.partner else 0,
        1 if term.partner_group else 0,
        (1 if term.region else 0) + (1 if term.channel else 0),
        2 if term.product else 1 if term.family else 0,
        0 if term.method == "list" else 1,
    )


def scope_words(term: Term) -> str:
    """Whom and what a term covers, in words."""
    who = [
        f"{label} {value}"
        for label, value in (
            ("partner", term.partner),
            ("group", term.partner_group),
            ("region", term.region),
            ("channel", term.channel),
        )
        if value
    ]
    what = f"product {term.product}" if term.product else f"family {term.family}" if term.family else "all products"
    return f"{', '.join(who) or 'everyone'}; {what}"


def rank_words(winner: Term, high_rank: Rank, low_rank: Rank) -> str:
    """Why the winner's scope goes before another; empty where the scopes rank the same."""
    for place, high in enumerate(high_rank):
        if high != low_rank[place]:
            return _WORDS[place].format(winner=winner.name, what="product" if winner.product else "family")
    return ""


_WORDS = (
    "{winner} is an approved price exception and goes first",
    "{winner} is more specific: it names the partner",
    "{winner} is more specific: it names the partner's group",
    "{winner} is more specific: it names the region or channel",
    "{winner} is more specific: it names the {what}",
    "{winner} builds on the list price and goes before it",
)
