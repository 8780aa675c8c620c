"""Signing in with a password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.passwords import LONGEST, normalised
from headgate.access.devices import clear_device_failures, device_open, note_device_failure
from headgate.access.hashing import password_fits, rehashed
from headgate.access.lockout import clear_failures, note_failure
from headgate.access.mfa.factors import factors_of
from headgate.access.principals import load_principal
from headgate.access.recording import record
from headgate.access.repo import people as repo
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Denied:
    """A sign-in that failed. `reason` is for the log only; everybody is shown the same text, which tells nothing.
    `locked` is whose account this very try has locked, '' for none."""

    reason: str
    locked: str = ""

    @property
    def shown(self) -> str:
        """What the person is told."""
        return "E-mail or password is wrong. After several wrong passwords an account is locked for a while."


def authenticate(
    conn: Connection,
    ctx: Context,
    email: str,
    password: str,
    *,
    known: Callable[[str], UUID | None] = lambda principal: None,
) -> Principal | Denied:
    """Check e-mail and password. Commit in either case: a failure has been counted.

    `known` tells which known browser of this person asks, if any: it is held to its own counter, and a lock that others
    caused does not shut it out. What they tried is not forgotten because its owner got in.

    After several wrong passwords (`SecurityRules.lock_after`) the account is locked, the longer the more often it
    happened. An unknown address takes as long as a known one and gets the same answer. Failures of somebody with a
    second factor are forgotten only when that was right as well: knowing the password must not allow any number of
    codes to be tried.
    """
    try:
        row = conn.execute(repo.SIGN_IN, {"email": checks.email(email)}).fetchone()
    except Invalid:  # answered like any unknown address
        row = None
    principal, status, stored, locked_until = row or ("", "", None, None)
    given = normalised(password[: LONGEST + 1])
    fits = password_fits(stored, given) and len(password) <= LONGEST
    if row is None:
        return Denied("unknown e-mail")
    device = known(principal)
    spared = device if device_open(conn, ctx, principal, device) else None
    is_shut = locked_until is not None and locked_until > ctx.now
    if is_shut and spared is None:
        return Denied(f"{principal} is locked until {locked_until.isoformat()}")
    if not fits and spared is not None:
        note_device_failure(conn, ctx, principal, spared)
        return Denied(f"wrong password for {principal} from a known device")
    if not fits:
        locked = note_failure(conn, ctx, principal)
        return Denied(f"wrong password for {principal}", principal if locked else "")
    if status != "active":
        return Denied(f"{principal} is suspended")
    again = rehashed(stored, given)
    if again is not None:
        conn.execute(repo.REHASH, {"principal": principal, "rehashed": again})
    if is_shut:
        record(conn, ctx, "device.spared", "principal", principal, device=str(spared), until=locked_until)
    if not factors_of(conn, principal).on:
        if spared is None:
            clear_failures(conn, principal)
        else:
            clear_device_failures(conn, principal, spared)
    return load_principal(conn, principal, ctx.now)
