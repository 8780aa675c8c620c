"""The page Security: as it is, with a second factor for some, and refused."""

from __future__ import annotations

from dataclasses import replace

from headgate.access import SecurityRules
from headgate.access.federation import SignInRules
from headgate.console.present.security import security_view

_ADAM = "user:adam@nordwind.example"

SECURITY = security_view(SecurityRules(), SignInRules(), (), {"finance": 3, "tenant_admin": 1}, "EUR")
STRICT = security_view(
    replace(SecurityRules(), second_factor_roles=frozenset({"finance", "tenant_admin"}), passkeys=False, lock_after=3),
    SignInRules(passwords=False, break_glass=(_ADAM,)),
    (),
    {},
    "EUR",
)
REFUSED = security_view(
    SecurityRules(),
    SignInRules(),
    (),
    {},
    "EUR",
    typed={
        "idle_minutes": "soon",
        "session_hours": "12",
        "lock_after": "99",
        "passwords": "on",
        "role:finance": "1",
        "device_days": "90",
    },
    errors={"idle_minutes": "Is not a whole number. Use 5 to 1440.", "lock_after": "Is out of range. Use 3 to 10."},
)
