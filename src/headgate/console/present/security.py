"""From a tenant's security rules to their page and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from headgate.access import ROLES, SecurityRules
from headgate.access.core.roles import OPERATOR_ROLES
from headgate.access.core.security import BOUNDS
from headgate.access.duties import CustomRole
from headgate.access.federation import SignInRules
from headgate.console.views.security import RoleChoice, SecurityView
from headgate.kernel.canonical import canonical_text, decimal_text
from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.phrases import phrase
from headgate.ui.words import humanise

SWITCHES = ("passkeys", "sign_on", "known_devices")
PASSWORDS = "passwords"
ROLE = "role:"
# Of no person: their accounts never sign in.
_MACHINES = frozenset({"integration", "provisioning"})


def security_view(
    rules: SecurityRules,
    passwords: SignInRules,
    own: Sequence[CustomRole],
    without: Mapping[str, int],
    currency: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> SecurityView:
    """The page; with what was typed where that could not be taken."""
    values = {name: str(getattr(rules, name)) for name in BOUNDS}
    values |= {name: "on" if getattr(rules, name) else "" for name in SWITCHES}
    values["step_up_amount"] = "" if rules.step_up_amount is None else decimal_text(rules.step_up_amount)
    values[PASSWORDS] = "on" if passwords.passwords else ""
    picked: frozenset[str] = rules.second_factor_roles
    if typed is not None:
        values = {name: typed.get(name, "").strip()[:40] for name in values}
        picked = frozenset(name.removeprefix(ROLE) for name in typed if name.startswith(ROLE))
    titles: dict[str, str] = {
        role: humanise(role) for role in ROLES if role not in _MACHINES and role not in OPERATOR_ROLES
    }
    titles |= {each.role: each.title for each in own if each.status == "active" or each.role in picked}
    return SecurityView(
        values=values,
        bounds=BOUNDS,
        roles=tuple(
            RoleChoice(role, title, role in picked, without.get(role, 0))
            for role, title in sorted(titles.items(), key=lambda each: each[1])
        ),
        currency=currency,
        seen=mark_of(rules, passwords),
        break_glass=passwords.break_glass,
        errors=errors or {},
    )


def typed_rules(form: Mapping[str, str]) -> SecurityRules:
    """The rules in a form. Raises `Invalid` with every field that is no number."""
    problems: list[Problem] = []
    numbers: dict[str, int] = {}
    for name, (low, high) in BOUNDS.items():
        text = form.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 6:
            numbers[name] = int(text)
        else:
            problems.append(
                Problem(
                    name, text[:40], "is not a whole number", phrase("Use %(low)s to %(high)s.", low=low, high=high)
                )
            )
    amount = form.get("step_up_amount", "").strip()
    found = _amount(amount)
    if amount and found is None:
        problems.append(Problem("step_up_amount", amount[:40], "is not an amount", "Write it like 10000, or nothing."))
    if problems:
        raise Invalid(str(problems[0]), problems=tuple(problems))
    return SecurityRules(
        second_factor_roles=frozenset(name.removeprefix(ROLE) for name in form if name.startswith(ROLE)),
        step_up_amount=found,
        passkeys="passkeys" in form,
        sign_on="sign_on" in form,
        known_devices="known_devices" in form,
        **numbers,
    )


def mark_of(rules: SecurityRules, passwords: SignInRules) -> str:
    """What tells whether the rules are still those that somebody saw."""
    told = {**rules.as_settings(), PASSWORDS: passwords.passwords, "break_glass": list(passwords.break_glass)}
    return hashlib.sha256(canonical_text(told).encode()).hexdigest()[:16]


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text and len(text) <= 20 and text.isascii() else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and 0 <= found < 10**12 else None
