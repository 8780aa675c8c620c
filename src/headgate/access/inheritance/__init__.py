"""What a provider offers to the tenants below it, and what those have taken from it (docs/decisions/0029).

A client's own job takes copies of what is offered. Nothing of the provider's can write into a client.
"""

from headgate.access.inheritance.fates import Fate, Fates, offer_fates
from headgate.access.inheritance.offering import (
    KINDS,
    NewOffer,
    Offered,
    expect_offering,
    list_offers,
    put_offer,
    withdraw_offer,
)
from headgate.access.inheritance.standing import (
    Inherited,
    expect_unlocked,
    find_inherited,
    followed,
    inherits_any,
    list_inherited,
    locked_by,
    note_overridden,
)
from headgate.access.inheritance.taking import Taker, Takers, go_back, take_offers
from headgate.access.inheritance.wanted import Wanted

__all__ = [
    "KINDS",
    "Fate",
    "Fates",
    "Inherited",
    "NewOffer",
    "Offered",
    "Taker",
    "Takers",
    "Wanted",
    "expect_offering",
    "expect_unlocked",
    "find_inherited",
    "followed",
    "go_back",
    "inherits_any",
    "list_inherited",
    "list_offers",
    "locked_by",
    "note_overridden",
    "offer_fates",
    "put_offer",
    "take_offers",
    "withdraw_offer",
]
