"""Who would be asked, for any input of an approval matrix; and who decides for whom while somebody is away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import FormError, Option, Person, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class MatrixField:
    """An input of the matrix. `options` are its only values, or those that its rows speak of."""

    name: str
    label: str
    value: str
    options: tuple[Option, ...] = ()
    hint: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class CanDecide:
    """Somebody who could decide a step: for whom, through whom, and who decides for them while they are away."""

    person: Person
    on_behalf_of: Person | None = None
    via: tuple[Person, ...] = ()
    away: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotDecide:
    """Somebody with the role who may not decide, and why."""

    person: Person
    why: str


@dataclass(frozen=True, slots=True)
class ForeseenStep:
    """A step that would be asked. `needs` says how many must agree; `note` why it is not needed; `enough`: the people
    who can decide suffice."""

    level: int
    role: str
    needs: str
    status: str
    why: tuple[str, ...]
    rows: tuple[str, ...]
    people: tuple[CanDecide, ...]
    left_out: tuple[CannotDecide, ...]
    enough: bool
    hours: Decimal
    escalates_to: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class EarlierAsk:
    """An exception of the request: in words, as hidden fields, and the address of the request without it."""

    words: str
    hidden: tuple[tuple[str, str], ...]
    without: str


@dataclass(frozen=True, slots=True)
class PreviewView(View):
    """The form and, once it was filled in, the answer. Nothing is written by either.

    `earlier` are the exceptions of the request that were described before the one in the form, `open_ones` requests
    that wait, whose exceptions can be taken.
    """

    template: ClassVar[str] = "approval_preview.html"
    nav: ClassVar[str] = "work"

    matrices: tuple[Option, ...]
    policy: str
    title: str
    version: int
    fields: tuple[MatrixField, ...]
    people: tuple[Option, ...]
    asked_by: str
    stake: str = ""
    currency: str = "EUR"
    answered: bool = False
    steps: tuple[ForeseenStep, ...] = ()
    expires_at: datetime | None = None
    error: str = ""
    earlier: tuple[EarlierAsk, ...] = ()
    open_ones: tuple[Option, ...] = ()

    @property
    def stake_given(self) -> bool:
        """Whether the matrix itself asks for the money at stake."""
        return any(field.name == "stake" for field in self.fields)

    @property
    def too_few(self) -> int:
        """How many steps nobody could finish."""
        return sum(1 for step in self.steps if not step.enough)


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """Somebody decides for another. state: in force, to come, ended, revoked."""

    id: UUID
    delegator: Person
    delegate: Person
    roles: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    up_to: Money | None
    onward: bool
    reason: str
    state: str
    can_end: bool
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DelegationsView(View):
    """Delegations and the form for a new one. `roles` are what the delegator may pass on; `delegators` are for
    administrators, who enter delegations for others."""

    template: ClassVar[str] = "delegations.html"
    nav: ClassVar[str] = "work"

    rows: tuple[DelegationRow, ...]
    past: bool
    everybody: bool
    people: tuple[Option, ...]
    roles: tuple[Option, ...]
    picked: tuple[str, ...]
    first: str
    last: str
    currency: str
    delegators: tuple[Option, ...] = ()
    delegator: str = ""
    delegate: str = ""
    up_to: str = ""
    reason: str = ""
    onward: bool = False
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return next((each.message for each in self.errors if each.field == field), "")
