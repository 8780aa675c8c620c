from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from headgate.access.core.authority import Authority, Chain, Delegation, chains, may_decide
from headgate.kernel.context import Principal
from headgate.kernel.errors import DutyConflict, Forbidden

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIN = frozenset({"finance"})
ANA = Principal("user:ana", "person", roles=FIN)
BEN = Principal("user:ben", "person")
CLARA = "user:clara"
TO_BEN = Delegation(
    UUID(int=1), ANA.id, BEN.id, FIN, NOW, NOW + timedelta(days=7), None, "holidays", delegator_roles=FIN
)


def decide(principal, requester=CLARA, delegations=(TO_BEN,), amount=Decimal(100), now=NOW):
    return may_decide(principal, requester, delegations, amount, now, role="finance")


def test_who_holds_the_role_decides_in_their_own_right():
    assert decide(ANA) == Authority(ANA.id, "finance")


def test_a_delegate_decides_on_behalf_of_the_delegator():
    assert decide(BEN) == Authority(BEN.id, "finance", ANA.id, TO_BEN.id)


def test_nobody_decides_on_what_they_asked_for():
    for principal in (ANA, BEN):
        with pytest.raises(DutyConflict):
            decide(principal, requester=principal.id)


def test_a_delegate_cannot_decide_on_what_the_delegator_asked_for():
    with pytest.raises(DutyConflict, match="on their behalf"):
        decide(BEN, requester=ANA.id)


def test_a_delegate_with_the_role_themselves_can_decide_on_what_the_delegator_asked_for():
    assert decide(replace(BEN, roles=FIN), requester=ANA.id).on_behalf_of is None


def test_another_delegator_can_lend_the_right_that_the_requester_cannot():
    other = replace(TO_BEN, id=UUID(int=2), delegator="user:dora")
    assert decide(BEN, requester=ANA.id, delegations=[TO_BEN, other]).on_behalf_of == "user:dora"


def test_without_role_or_delegation_there_is_no_right():
    with pytest.raises(Forbidden):
        decide(BEN, delegations=[])


def test_a_delegation_to_somebody_else_gives_nothing():
    with pytest.raises(Forbidden):
        decide(Principal("user:eve", "person"))


def test_what_was_delegated_cannot_be_passed_on():
    """Ben holds finance only by delegation; his delegation to Clara gives her nothing."""
    passed_on = replace(TO_BEN, delegator=BEN.id, delegate=CLARA, delegator_roles=frozenset())
    with pytest.raises(Forbidden):
        decide(Principal(CLARA, "person"), requester="user:x", delegations=[TO_BEN, passed_on])


def test_a_delegation_of_another_role_gives_nothing():
    other = frozenset({"channel_manager"})
    with pytest.raises(Forbidden):
        decide(BEN, delegations=[replace(TO_BEN, roles=other, delegator_roles=other | FIN)])


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (NOW - timedelta(microseconds=1), False),
        (NOW, True),
        (NOW + timedelta(days=7) - timedelta(microseconds=1), True),
        (NOW + timedelta(days=7), False),
    ],
)
def test_a_delegation_holds_from_its_first_moment_and_no_longer_at_its_last(at, holds):
    assert TO_BEN.in_force(at) is holds
    if holds:
        decide(BEN, now=at)
    else:
        with pytest.raises(Forbidden):
            decide(BEN, now=at)


def test_a_revoked_delegation_gives_nothing():
    with pytest.raises(Forbidden):
        decide(BEN, delegations=[replace(TO_BEN, revoked_at=NOW)])


def test_a_limit_holds_to_the_cent_and_an_unknown_amount_is_within_none():
    limited = [replace(TO_BEN, max_amount=Decimal("500.00"))]
    decide(BEN, delegations=limited, amount=Decimal("500.00"))
    for amount in (Decimal("500.01"), None):
        with pytest.raises(Forbidden, match=r"up to 500\.00"):
            decide(BEN, delegations=limited, amount=amount)


def test_the_delegation_that_reaches_far_enough_is_used():
    low = replace(TO_BEN, id=UUID(int=2), delegator="user:dora", max_amount=Decimal(10))
    high = replace(TO_BEN, id=UUID(int=3), delegator="user:emil", max_amount=Decimal(1000))
    assert decide(BEN, delegations=[low, high]).on_behalf_of == "user:emil"
    assert decide(BEN, delegations=[low, high, TO_BEN], amount=None).on_behalf_of == ANA.id


def link(delegator: str, delegate: str, *, onward: bool = True, **more: Any) -> Delegation:
    given = replace(TO_BEN, delegator=delegator, delegate=delegate, onward=onward)
    return replace(given, **more)


def test_a_chain_ends_after_three_links_and_never_turns_back() -> None:
    links = [link("a", "b"), link("b", "c"), link("c", "d"), link("d", "e"), link("e", "a")]
    found = {(c.delegator, c.via) for c in chains(links, "e", NOW)}
    assert found == {("d", ()), ("c", ("d",)), ("b", ("c", "d"))}
    assert ("a", ()) not in {(c.delegator, c.via) for c in chains(links, "a", NOW)}


def test_a_chain_carries_what_every_link_allows() -> None:
    links = [
        link("a", "b", roles=FIN | {"tax"}, delegator_roles=FIN | {"tax"}, max_amount=Decimal(50)),
        link("b", "c", roles=FIN, delegator_roles=frozenset(), max_amount=Decimal(80), onward=False),
    ]
    assert chains(links, "c", NOW) == [Chain("a", "c", FIN, Decimal(50), ("b",))]
    assert chains([replace(links[0], onward=False), links[1]], "c", NOW) == []
    assert chains([replace(links[0], delegator_active=False), links[1]], "c", NOW) == []
    assert chains([links[0], replace(links[1], delegator_active=False)], "c", NOW) == []
