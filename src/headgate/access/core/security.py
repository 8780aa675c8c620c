"""What a tenant asks of sign-ins: who needs a second factor, how long sessions last, how fresh a proof must be.

It stands in the tenant's settings under `security`. Reading it never fails: what cannot be used counts as not set, so
that nobody is shut out by a slip; writing it is strict (`check_rules`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from headgate.access.core.roles import ROLES, check_role
from headgate.kernel.canonical import decimal_text
from headgate.kernel.errors import invalid

HOURS = (1, 168)
IDLE_MINUTES = (5, 1440)
STEP_UP_MINUTES = (1, 1440)


@dataclass(frozen=True, slots=True)
class SecurityRules:
    """The rules of one tenant.

    Sessions end `session_hours` after sign-in and `idle_minutes` after their last use. A sensitive act asks for a proof
    not older than `step_up_minutes`; so does approving `step_up_amount` or more (tenant currency; None: never).
    """

    second_factor_roles: frozenset[str] = frozenset()
    session_hours: int = 12
    idle_minutes: int = 120
    step_up_minutes: int = 15
    step_up_amount: Decimal | None = None

    @property
    def absolute(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.session_hours)

    @property
    def idle(self) -> timedelta:
        """How long a session lasts unused."""
        return timedelta(minutes=self.idle_minutes)

    @property
    def fresh(self) -> timedelta:
        """How old a proof may be for a sensitive act."""
        return timedelta(minutes=self.step_up_minutes)

    def needs_second_factor(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles may sign in with a second factor only."""
        return not self.second_factor_roles.isdisjoint(roles)

    def as_settings(self) -> dict[str, Any]:
        """The form in which they are stored."""
        return {
            "second_factor_roles": sorted(self.second_factor_roles),
            "session_hours": self.session_hours,
            "idle_minutes": self.idle_minutes,
            "step_up_minutes": self.step_up_minutes,
            "step_up_amount": None if self.step_up_amount is None else decimal_text(self.step_up_amount),
        }


DEFAULT = SecurityRules()


def rules_of(stored: object) -> SecurityRules:
    """The rules in a tenant's settings (the value of `security`)."""
    found: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
    roles = found.get("second_factor_roles")
    return SecurityRules(
        frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset(),
        _number(found.get("session_hours"), HOURS, DEFAULT.session_hours),
        _number(found.get("idle_minutes"), IDLE_MINUTES, DEFAULT.idle_minutes),
        _number(found.get("step_up_minutes"), STEP_UP_MINUTES, DEFAULT.step_up_minutes),
        _amount(found.get("step_up_amount")),
    )


def check_rules(rules: SecurityRules) -> SecurityRules:
    """The same rules. Raises `Invalid` naming the one that cannot be used."""
    for role in rules.second_factor_roles - ROLES.keys():
        check_role(role)
    for field, value, (low, high) in (
        ("session_hours", rules.session_hours, HOURS),
        ("idle_minutes", rules.idle_minutes, IDLE_MINUTES),
        ("step_up_minutes", rules.step_up_minutes, STEP_UP_MINUTES),
    ):
        if not low <= value <= high:
            raise invalid(field, value, "is out of range", f"Use {low} to {high}.")
    if rules.step_up_amount is not None and not (rules.step_up_amount.is_finite() and rules.step_up_amount >= 0):
        raise invalid("step_up_amount", rules.step_up_amount, "is not an amount", "Use 0 or more, or none.")
    return rules


def _number(value: object, allowed: tuple[int, int], default: int) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and allowed[0] <= value <= allowed[1]
    return value if fits and isinstance(value, int) else default


def _amount(value: object) -> Decimal | None:
    try:
        found = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and found >= 0 else None
