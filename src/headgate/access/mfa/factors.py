"""What second factors a person has, one-time codes and recovery codes: enrol, prove, take away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.devices import clear_device_failures, device_open, note_device_failure
from headgate.access.lockout import clear_failures, is_locked, note_failure
from headgate.access.mfa import repo
from headgate.access.mfa.core import codes
from headgate.access.principals import get_account
from headgate.access.recording import record
from headgate.access.seal import Sealer
from headgate.access.shutting import shut_out
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, invalid

Proof = Literal["totp", "recovery"]


@dataclass(frozen=True, slots=True)
class Factors:
    """The second factors of a person. `codes_left` are unused recovery codes, made at `codes_made_at`."""

    totp_since: datetime | None
    passkeys: int
    codes_left: int
    codes_made_at: datetime | None

    @property
    def on(self) -> bool:
        """Whether a password alone does not let them in."""
        return self.totp_since is not None or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator app that is being set up: the secret to type, and the address for a QR code."""

    secret: str
    address: str


def factors_of(conn: Connection, principal: str) -> Factors:
    """What somebody has. One query."""
    row = conn.execute(repo.SUMMARY, {"principal": principal}).fetchone()
    return Factors(*row) if row else Factors(None, 0, 0, None)


def people_without(conn: Connection, now: datetime) -> dict[str, int]:
    """For each role, how many active people who hold it now have a password and no second factor."""
    return dict(conn.execute(repo.WITHOUT_BY_ROLE, {"now": now}).fetchall())


def begin_totp(conn: Connection, ctx: Context, sealer: Sealer, issuer: str) -> Enrolment:
    """A fresh secret for one's own authenticator app. It counts for nothing before `confirm_totp`.

    Raises `Conflict` when there is an app already: it has to be removed first.
    """
    me = ctx.principal
    _person(me.kind)
    secret = codes.new_secret()
    values = {"principal": me.id, "secret": sealer.seal(secret, _context(ctx.tenant_id, me.id)), "now": ctx.now}
    if conn.execute(repo.BEGIN_TOTP, values).rowcount != 1:
        raise Conflict("an authenticator app is set up already; remove it before you set up another one")
    return Enrolment(secret, codes.address(secret, me.id.removeprefix("user:"), issuer))


def pending_totp(conn: Connection, ctx: Context, sealer: Sealer, issuer: str) -> Enrolment | None:
    """The secret that waits for its confirmation; None when none does."""
    row = conn.execute(repo.GET_TOTP, {"principal": ctx.principal.id}).fetchone()
    if row is None or row[2] is not None:
        return None
    secret = sealer.open(row[0], _context(ctx.tenant_id, ctx.principal.id))
    return Enrolment(secret, codes.address(secret, ctx.principal.id.removeprefix("user:"), issuer))


def confirm_totp(conn: Connection, ctx: Context, sealer: Sealer, code: str) -> tuple[str, ...]:
    """Take the app into use by a code of it; returns recovery codes, shown this once, or none where there are some.

    Raises `Invalid` for a code that does not fit, `Conflict` when nothing waits to be confirmed.
    """
    me = ctx.principal
    row = conn.execute(repo.GET_TOTP, {"principal": me.id}).fetchone()
    if row is None or row[2] is not None:
        raise Conflict("no authenticator app waits to be confirmed; set one up first")
    step = codes.step_of(sealer.open(row[0], _context(ctx.tenant_id, me.id)), code, ctx.now, row[3])
    if step is None:
        raise invalid("code", "", "does not fit", "Type the six digits that the app shows now; check its clock.")
    conn.execute(repo.CONFIRM_TOTP, {"principal": me.id, "now": ctx.now, "step": step})
    record(conn, ctx, "totp.added", "principal", me.id)
    return first_codes(conn, ctx)


def prove_code(
    conn: Connection, ctx: Context, sealer: Sealer, principal: str, code: str, *, device: UUID | None = None
) -> Proof | None:
    """Whether a text is a code of the person's app or an unused recovery code; it is used up by that.

    A wrong one counts like a wrong password: commit in either case. While the account is locked none is right, but from
    a known browser (`device`) that is not locked itself.
    """
    spared = device if device_open(conn, ctx, principal, device) else None
    if spared is None and is_locked(conn, ctx, principal):
        return None
    found = _totp_fits(conn, ctx, sealer, principal, code) or _recovery_fits(conn, ctx, principal, code)
    if spared is not None:
        if found is None:
            note_device_failure(conn, ctx, principal, spared)
        else:
            clear_device_failures(conn, principal, spared)
    elif found is None:
        note_failure(conn, ctx, principal)
    else:
        clear_failures(conn, principal)
    return found


def remove_totp(conn: Connection, ctx: Context) -> bool:
    """Take one's own authenticator app out of use; recovery codes go with the last factor. Whether there was one."""
    if conn.execute(repo.DROP_TOTP, {"principal": ctx.principal.id}).rowcount == 0:
        return False
    _drop_codes_without_factor(conn, ctx.principal.id)
    record(conn, ctx, "totp.removed", "principal", ctx.principal.id)
    return True


def new_codes(conn: Connection, ctx: Context) -> tuple[str, ...]:
    """Fresh recovery codes of one's own, shown this once; the ones before end. Raises `Conflict` without a factor."""
    me = ctx.principal.id
    if not factors_of(conn, me).on:
        raise Conflict("recovery codes belong to a second factor; set one up first")
    made = codes.new_recovery_codes()
    conn.execute(repo.DROP_CODES, {"principal": me})
    hashes = [codes.recovery_hash(me, code) for code in made]
    conn.execute(repo.ADD_CODES, {"principal": me, "hashes": hashes, "now": ctx.now})
    record(conn, ctx, "recovery_codes.made", "principal", me, codes=len(made))
    return made


def first_codes(conn: Connection, ctx: Context) -> tuple[str, ...]:
    """Recovery codes with the first factor; none where some are left."""
    return () if factors_of(conn, ctx.principal.id).codes_left else new_codes(conn, ctx)


def reset_factors(conn: Connection, ctx: Context, principal: str, reason: str) -> Factors:
    """Take every second factor from somebody who lost them; their sessions end. For administrators, never oneself.

    Returns what they had. Raises `Invalid` without a reason, `Forbidden`, `NotFound`.
    """
    require(ctx.principal, "admin")
    if principal == ctx.principal.id:
        raise Forbidden("nobody resets their own second factor; ask another administrator")
    why = reason.strip()
    if not 3 <= len(why) <= 500:
        raise invalid("reason", reason, "says too little or too much", "Write how you know that it is them.")
    get_account(conn, principal, ctx.now)
    had = factors_of(conn, principal)
    for drop in (repo.DROP_TOTP, repo.DROP_PASSKEYS, repo.DROP_CODES):
        conn.execute(drop, {"principal": principal})
    shut_out(conn, ctx.tenant_id, principal)
    record(
        conn,
        ctx,
        "second_factor.reset",
        "principal",
        principal,
        reason=why,
        authenticator=had.totp_since is not None,
        passkeys=had.passkeys,
    )
    return had


def drop_codes_without_factor(conn: Connection, principal: str) -> None:
    """Recovery codes go with the last factor."""
    _drop_codes_without_factor(conn, principal)


def _drop_codes_without_factor(conn: Connection, principal: str) -> None:
    if not factors_of(conn, principal).on:
        conn.execute(repo.DROP_CODES, {"principal": principal})


def _totp_fits(conn: Connection, ctx: Context, sealer: Sealer, principal: str, code: str) -> Proof | None:
    row = conn.execute(repo.GET_TOTP, {"principal": principal}).fetchone()
    if row is None or row[2] is None:
        return None
    step = codes.step_of(sealer.open(row[0], _context(ctx.tenant_id, principal)), code, ctx.now, row[3])
    if step is None:
        return None
    used = conn.execute(repo.USE_STEP, {"principal": principal, "step": step}).rowcount == 1
    return "totp" if used else None


def _recovery_fits(conn: Connection, ctx: Context, principal: str, code: str) -> Proof | None:
    hashed = codes.recovery_hash(principal, code)
    if hashed is None:
        return None
    values = {"principal": principal, "hash": hashed, "now": ctx.now}
    if conn.execute(repo.USE_CODE, values).rowcount != 1:
        return None
    record(
        conn,
        ctx,
        "recovery_code.used",
        "principal",
        principal,
        left=factors_of(conn, principal).codes_left,
    )
    return "recovery"


def _person(kind: str) -> None:
    if kind != "person":
        raise Forbidden("only people have second factors")


def _context(tenant_id: UUID, principal: str) -> str:
    return f"totp {tenant_id} {principal}"
