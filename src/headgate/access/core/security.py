"""What a tenant asks of sign-ins: ways of signing in, who needs a second factor, how long sessions last, how fresh a
proof must be, how long passwords are and when wrong ones lock an account.

It stands in the tenant's settings under `security`. Reading it never fails: what cannot be used counts as not set, so
that nobody is shut out by a slip; writing it is strict (`check_rules`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from headgate.access.core.passwords import SHORTEST
from headgate.access.core.roles import ROLES, check_role
from headgate.kernel.canonical import decimal_text
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

# Passwords are never shorter than the installation wants them. With ten tries and five minutes, who guesses all
# day long has tried fewer than three thousand.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "session_hours": (1, 168),
    "idle_minutes": (5, 1440),
    "step_up_minutes": (1, 1440),
    "password_length": (SHORTEST, 64),
    "lock_after": (3, 10),
    "lock_minutes": (5, 1440),
    "device_days": (1, 365),
}
_SWITCHES: Final = ("passkeys", "sign_on", "known_devices")
# How long an account is locked the first time, the second, and so on, up to the tenant's longest.
_LOCKS: Final = (1, 2, 5, 15)


@dataclass(frozen=True, slots=True)
class SecurityRules:
    """The rules of one tenant.

    Sessions end `session_hours` after sign-in and `idle_minutes` after their last use. A sensitive act asks for a proof
    not older than `step_up_minutes`; so does approving `step_up_amount` or more (tenant currency; None: never).
    A password that is chosen has `password_length` characters or more; `lock_after` wrong ones lock an account, the
    longer the more often it happened and `lock_minutes` at most. `passkeys`: a passkey lets in instead of a password
    (as a second factor it always counts); `sign_on`: an identity provider does. `known_devices`: who signed in
    before in a browser gets in there although others have locked the account; a browser is forgotten `device_days`
    after its last sign-in.
    """

    second_factor_roles: frozenset[str] = frozenset()
    session_hours: int = 12
    idle_minutes: int = 120
    step_up_minutes: int = 15
    step_up_amount: Decimal | None = None
    password_length: int = SHORTEST
    lock_after: int = 5
    lock_minutes: int = 15
    passkeys: bool = True
    sign_on: bool = True
    known_devices: bool = True
    device_days: int = 90

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

    @property
    def locks(self) -> tuple[timedelta, ...]:
        """How long an account is locked the first time, the second and so on; the last one from then on."""
        shorter = [minutes for minutes in _LOCKS if minutes < self.lock_minutes]
        return tuple(timedelta(minutes=minutes) for minutes in (*shorter, self.lock_minutes))

    @property
    def device_lasts(self) -> timedelta:
        """How long a browser is known after its last sign-in."""
        return timedelta(days=self.device_days)

    def needs_second_factor(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles may sign in with a second factor only."""
        return not self.second_factor_roles.isdisjoint(roles)

    def as_settings(self) -> dict[str, Any]:
        """The form in which they are stored."""
        return {
            "second_factor_roles": sorted(self.second_factor_roles),
            "step_up_amount": None if self.step_up_amount is None else decimal_text(self.step_up_amount),
            **{name: getattr(self, name) for name in (*BOUNDS, *_SWITCHES)},
        }


DEFAULT = SecurityRules()


def rules_of(stored: object) -> SecurityRules:
    """The rules in a tenant's settings (the value of `security`)."""
    found: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
    roles = found.get("second_factor_roles")
    values: dict[str, Any] = {
        name: _number(found.get(name), bounds, getattr(DEFAULT, name)) for name, bounds in BOUNDS.items()
    }
    values |= {name: found[name] for name in _SWITCHES if isinstance(found.get(name), bool)}
    named = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
    return SecurityRules(second_factor_roles=named, step_up_amount=_amount(found.get("step_up_amount")), **values)


def check_rules(rules: SecurityRules, own_roles: Collection[str] = ()) -> SecurityRules:
    """The same rules. `own_roles` are roles of the tenant's own. Raises `Invalid` naming what cannot be used."""
    for role in sorted(rules.second_factor_roles - ROLES.keys() - set(own_roles)):
        check_role(role)
    for field, (low, high) in BOUNDS.items():
        value = getattr(rules, field)
        if not low <= value <= high:
            raise invalid(field, value, "is out of range", phrase("Use %(low)s to %(high)s.", low=low, high=high))
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
