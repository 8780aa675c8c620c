"""Who may decide on a request, in their own right or for somebody who delegated to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from headgate.kernel.context import Principal
from headgate.kernel.errors import DutyConflict, Forbidden
from headgate.kernel.phrases import phrase


@dataclass(frozen=True, slots=True)
class Delegation:
    """`delegate` may act in `roles` of `delegator` from `valid_from` on and before `valid_until`.

    `max_amount` is in the tenant's currency, None is no limit. `delegator_roles` are the roles that the delegator
    holds in their own right now. With `onward` the delegate may pass the roles on to somebody else; without it, what
    was delegated cannot be passed on. `delegator_active` is whether the delegator's account is.
    """

    id: UUID
    delegator: str
    delegate: str
    roles: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    max_amount: Decimal | None
    reason: str
    revoked_at: datetime | None = None
    delegator_roles: frozenset[str] = frozenset()
    onward: bool = False
    delegator_active: bool = True

    def in_force(self, now: datetime) -> bool:
        """Whether it holds at this instant (half-open: not any more at `valid_until`)."""
        return self.revoked_at is None and self.valid_from <= now < self.valid_until

    @property
    def effective_roles(self) -> frozenset[str]:
        """The delegated roles that the delegator really holds."""
        return self.roles & self.delegator_roles


@dataclass(frozen=True, slots=True)
class Chain:
    """A right to act in `roles` of `delegator` that reached `delegate` through `via` (the delegator's own delegate
    first; empty when it was given directly), up to the smallest of the amounts on the way."""

    delegator: str
    delegate: str
    roles: frozenset[str]
    max_amount: Decimal | None
    via: tuple[str, ...] = ()


# A right is passed on at most so often: A lets B, B lets C, C lets D.
LONGEST_CHAIN = 3


def chains(delegations: Sequence[Delegation], delegate: str, now: datetime) -> list[Chain]:
    """Every right that delegations in force give to `delegate`, directly or passed on, nearest first.

    Each link but the last must allow passing on; only roles that every link names and that the first delegator holds
    count; nobody stands in a chain twice.
    """
    found: list[Chain] = []
    ends = [(d, d.roles, d.max_amount, ()) for d in delegations if d.delegate == delegate and _usable(d, now)]
    reached: list[tuple[Delegation, frozenset[str], Decimal | None, tuple[str, ...]]] = list(ends)
    for _ in range(LONGEST_CHAIN):
        longer = []
        for link, roles, amount, via in reached:
            held = roles & link.delegator_roles
            if held and link.delegator != delegate:
                found.append(Chain(link.delegator, delegate, held, amount, via))
            for before in delegations:
                if (
                    before.delegate == link.delegator
                    and before.onward
                    and _usable(before, now)
                    and roles & before.roles
                ):
                    if before.delegator in (delegate, link.delegator, *via):
                        continue
                    passed = (roles & before.roles, _smaller(amount, before.max_amount), (link.delegator, *via))
                    longer.append((before, *passed))
        reached = longer
    return found


def _usable(delegation: Delegation, now: datetime) -> bool:
    return delegation.in_force(now) and delegation.delegator_active


def _smaller(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    given = [amount for amount in (one, other) if amount is not None]
    return min(given) if given else None


@dataclass(frozen=True, slots=True)
class Authority:
    """In which right somebody decides: their own (`on_behalf_of` None), or another's under a delegation."""

    principal: str
    role: str
    on_behalf_of: str | None = None
    delegation: UUID | None = None


def may_decide(
    principal: Principal,
    requester: str,
    delegations: Sequence[Delegation],
    amount: Decimal | None,
    now: datetime,
    *,
    role: str,
) -> Authority:
    """The right in which `principal` may decide, in `role`, on what `requester` asked for.

    One's own right comes before a delegated one. Raises `DutyConflict` when the principal asked for it, or could decide
    only on behalf of who asked for it; `Forbidden` when there is no right at all. An unknown `amount` (None) is within
    no limit. Delegations of others are ignored.
    """
    if principal.id == requester:
        raise DutyConflict(phrase("%(id)s asked for this and cannot decide it; someone else must", id=principal.id))
    if role in principal.roles:
        return Authority(principal.id, role)
    usable = [d for d in delegations if d.delegate == principal.id and d.in_force(now) and role in d.effective_roles]
    others = [d for d in usable if d.delegator != requester]
    for delegation in sorted(others, key=lambda d: (d.max_amount is not None, d.delegator)):
        if delegation.max_amount is None or (amount is not None and amount <= delegation.max_amount):
            return Authority(principal.id, role, delegation.delegator, delegation.id)
    if others:
        most = max(d.max_amount for d in others if d.max_amount is not None)
        raise Forbidden(
            phrase("%(id)s may decide as %(role)s up to %(most)s only", id=principal.id, role=role, most=f"{most:f}")
        )
    if usable:
        raise DutyConflict(
            phrase(
                "%(requester)s asked for this; %(id)s cannot decide it on their behalf",
                requester=requester,
                id=principal.id,
            )
        )
    raise Forbidden(
        phrase(
            "%(id)s does not hold the role %(role)s, and nobody delegated it to them for now",
            id=principal.id,
            role=role,
        )
    )
