"""What a tenant asks of sign-ins, as shown and as changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from headgate.access import SecurityRules
from headgate.access.core.security import BOUNDS
from headgate.access.federation import MOST_BREAK_GLASS, SignInRules
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Code, PositiveAmount, whole

Person = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]
Whole = Annotated[int, BeforeValidator(whole)]


def _within(name: str) -> Any:
    low, high = BOUNDS[name]
    return Field(default=None, ge=low, le=high)


class SecurityView(Shape):
    """The rules in force."""

    second_factor_roles: list[str] = Field(description="Who holds one of these signs in with a second factor only.")
    session_hours: int = Field(description="A session ends so long after its sign-in.")
    idle_minutes: int = Field(description="It ends so long after its last use.")
    step_up_minutes: int = Field(description="So old a proof may be for a sensitive act.")
    step_up_amount: Amount | None = Field(description="Approving so much or more asks for one too; tenant currency.")
    password_length: int = Field(description="Characters of a password that is chosen, at least.")
    lock_after: int = Field(description="So many wrong passwords or codes lock an account.")
    lock_minutes: int = Field(description="The longest lock.")
    passkeys: bool = Field(description="Whether a passkey lets in instead of a password.")
    sign_on: bool = Field(description="Whether identity providers let people in.")
    known_devices: bool = Field(description="Whether a lock spares browsers that the person signed in with before.")
    device_days: int = Field(description="So long after its last sign-in a browser is forgotten.")
    passwords: bool = Field(description="Whether all of the tenant's own people may use a password.")
    break_glass: list[str] = Field(description="Who may use one in any case.")


class ChangeSecurity(Body):
    """The rules that shall change; what is left out stays."""

    second_factor_roles: list[Code] | None = Field(default=None, max_length=100)
    session_hours: Whole | None = _within("session_hours")
    idle_minutes: Whole | None = _within("idle_minutes")
    step_up_minutes: Whole | None = _within("step_up_minutes")
    step_up_amount: PositiveAmount | None = Field(default=None, description="null: at no amount.")
    password_length: Whole | None = _within("password_length")
    lock_after: Whole | None = _within("lock_after")
    lock_minutes: Whole | None = _within("lock_minutes")
    passkeys: bool | None = None
    sign_on: bool | None = None
    known_devices: bool | None = None
    device_days: Whole | None = _within("device_days")
    passwords: bool | None = Field(
        default=None,
        description="False needs sign-on, an active identity provider whose test succeeded, and an administrator with "
        "a password among `break_glass`.",
    )
    break_glass: list[Person] | None = Field(
        default=None, max_length=MOST_BREAK_GLASS, description="Principal ids of who may use a password in any case."
    )

    def changes(self) -> dict[str, Any]:
        """What is to change of the rules."""
        told = {name: getattr(self, name) for name in self.model_fields_set}
        about_passwords = ("passwords", "break_glass")
        found = {name: value for name, value in told.items() if value is not None and name not in about_passwords}
        if "second_factor_roles" in found:
            found["second_factor_roles"] = frozenset(found["second_factor_roles"])
        if "step_up_amount" in told:
            found["step_up_amount"] = None if self.step_up_amount is None else Decimal(self.step_up_amount)
        return found


def security_view(rules: SecurityRules, passwords: SignInRules) -> SecurityView:
    """The rules as shown."""
    told = {**rules.as_settings(), "step_up_amount": rules.step_up_amount}
    return SecurityView(**told, passwords=passwords.passwords, break_glass=list(passwords.break_glass))
