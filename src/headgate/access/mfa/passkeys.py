"""Passkeys (W3C Web Authentication, level 3): made, used, named, removed.

A challenge travels through the browser sealed, bound to what the browser holds, and is taken once. The person's handle
begins with the tenant's id, so that a passkey alone says whose it is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.lockout import clear_failures
from headgate.access.mfa import repo
from headgate.access.mfa.factors import drop_codes_without_factor, first_codes
from headgate.access.recording import record
from headgate.access.seal import Sealer
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, Misconfigured, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase

LASTS = timedelta(minutes=10)
MOST_PASSKEYS = 20
LONGEST_RESPONSE = 20_000
_REFUSED = phrase("the passkey was not accepted; try again, or sign in another way")


@dataclass(frozen=True, slots=True)
class Site:
    """Where a passkey is used: the host name it belongs to, and the origin as the browser states it."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as listed. `synced`: it is kept by more than one device of its owner."""

    id: str
    name: str
    rp_id: str
    synced: bool
    created_at: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page hands to the browser: options as JSON, and the sealed challenge that comes back with the answer."""

    options: str
    sealed: str


def offer_sign_in(sealer: Sealer, site: Site, now: datetime, bound_to: str) -> Offer:
    """Let somebody sign in with whichever passkey they have for this host. `bound_to` is a token of the browser."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    challenge = secrets.token_bytes(32)
    options = generate_authentication_options(
        rp_id=site.rp_id, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return Offer(options_to_json(options), _sealed(sealer, challenge, now, f"use {bound_to}"))


def offer_passkey(conn: Connection, ctx: Context, sealer: Sealer, site: Site, name: str, bound_to: str) -> Offer:
    """Let somebody who is signed in make a passkey for this host; one device makes one."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    me = ctx.principal
    rows = conn.execute(repo.LIST_PASSKEYS, {"principal": me.id}).fetchall()
    challenge, handle = secrets.token_bytes(32), _handle(ctx.tenant_id, rows)
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name=name,
        user_name=me.id.removeprefix("user:"),
        user_display_name=me.name or me.id.removeprefix("user:"),
        user_id=handle,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row[0]) for row in rows if row[3] == site.rp_id],
    )
    return Offer(options_to_json(options), _sealed(sealer, challenge, ctx.now, f"make {me.id} {bound_to}", handle))


def add_passkey(
    conn: Connection, ctx: Context, sealer: Sealer, site: Site, *, response: str, sealed: str, name: str, bound_to: str
) -> tuple[str, ...]:
    """Take a passkey into use; returns recovery codes, shown this once, or none where there are some.

    Raises `Invalid` for a name that is none, `Unauthenticated` for an answer that does not verify, `Conflict`.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    me, shown = ctx.principal, text("name", name, 60)
    if me.kind != "person":
        raise Forbidden("only people have passkeys")
    given = _response(response)
    challenge, handle = _opened(conn, ctx, sealer, sealed, f"make {me.id} {bound_to}", me.id)
    rows = conn.execute(repo.LIST_PASSKEYS, {"principal": me.id}).fetchall()
    if len(rows) >= MOST_PASSKEYS:
        raise Conflict(
            phrase(
                "there are %(most_passkeys)s passkeys already; remove one that is not used any more",
                most_passkeys=MOST_PASSKEYS,
            )
        )
    try:
        made = verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Unauthenticated(_REFUSED) from None
    transports = given.get("response", {}).get("transports", [])
    values = {
        "credential_id": made.credential_id,
        "principal": me.id,
        "name": shown,
        "rp_id": site.rp_id,
        "user_handle": handle,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "transports": [t for t in transports if isinstance(t, str) and len(t) <= 20][:8],
        "synced": made.credential_backed_up,
        "now": ctx.now,
    }
    if conn.execute(repo.ADD_PASSKEY, values).rowcount != 1:
        raise Conflict("this passkey is known already")
    record(conn, ctx, "passkey.added", "principal", me.id, name=shown, passkey=_id(made.credential_id))
    return first_codes(conn, ctx)


def tenant_of(response: str) -> UUID:
    """The tenant that a passkey's answer names, to be asked in that tenant's bounds. Raises `Unauthenticated`."""
    handle = _response(response).get("response", {}).get("userHandle")
    try:
        raw = _decode(handle) if isinstance(handle, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise Unauthenticated(_REFUSED)
    return UUID(bytes=raw[:16])


def prove_passkey(
    conn: Connection, ctx: Context, sealer: Sealer, site: Site, *, response: str, sealed: str, bound_to: str
) -> str:
    """Who has answered a challenge with a passkey of theirs. Raises `Unauthenticated`."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    given = _response(response)
    try:
        row = conn.execute(repo.GET_PASSKEY, {"credential_id": _decode(str(given.get("rawId", "")))}).fetchone()
    except (binascii.Error, ValueError):
        row = None
    if row is None or row[3] != site.rp_id:
        raise Unauthenticated(_REFUSED)
    credential_id, principal, _, _, handle, public_key, sign_count, *_ = row
    challenge, _ = _opened(conn, ctx, sealer, sealed, f"use {bound_to}", principal)
    stated = given.get("response", {}).get("userHandle")
    if stated and _decode(str(stated)) != handle:
        raise Unauthenticated(_REFUSED)
    try:
        found = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Unauthenticated(_REFUSED) from None
    values = {"credential_id": credential_id, "sign_count": found.new_sign_count, "now": ctx.now}
    conn.execute(repo.USE_PASSKEY, {**values, "synced": found.credential_backed_up})
    clear_failures(conn, principal)
    return str(principal)


def list_passkeys(conn: Connection, principal: str) -> list[Passkey]:
    """Somebody's passkeys, oldest first."""
    rows = conn.execute(repo.LIST_PASSKEYS, {"principal": principal})
    return [Passkey(_id(row[0]), row[2], row[3], row[8], row[9], row[10]) for row in rows]


def name_passkey(conn: Connection, ctx: Context, passkey: str, name: str) -> None:
    """Give one of one's own passkeys another name. Raises `NotFound`, `Invalid`."""
    if passkey not in {known.id for known in list_passkeys(conn, ctx.principal.id)}:
        raise NotFound("there is no such passkey")
    values = {"credential_id": _credential(passkey), "principal": ctx.principal.id, "name": text("name", name, 60)}
    conn.execute(repo.NAME_PASSKEY, values)
    record(conn, ctx, "passkey.named", "principal", ctx.principal.id, name=values["name"], passkey=passkey)


def remove_passkey(conn: Connection, ctx: Context, passkey: str) -> str:
    """Take one of one's own passkeys out of use; its name.

    Raises `NotFound`, and `Conflict` where nothing else lets its owner in.
    """
    values = {"credential_id": _credential(passkey), "principal": ctx.principal.id}
    if passkey not in {known.id for known in list_passkeys(conn, ctx.principal.id)}:
        raise NotFound("there is no such passkey")
    only = conn.execute(repo.LAST_WAY_IN, values).fetchone()
    if only is not None and only[0]:
        raise Conflict(
            "this passkey is all that lets you in; add another one, or choose a password by 'Lost your password?' first"
        )
    row = conn.execute(repo.DROP_PASSKEY, values).fetchone()
    if row is None:
        raise NotFound("there is no such passkey")
    drop_codes_without_factor(conn, ctx.principal.id)
    record(conn, ctx, "passkey.removed", "principal", ctx.principal.id, name=row[0], passkey=passkey)
    return str(row[0])


def _sealed(sealer: Sealer, challenge: bytes, now: datetime, purpose: str, handle: bytes = b"") -> str:
    body = {
        "challenge": base64.b64encode(challenge).decode(),
        "handle": base64.b64encode(handle).decode(),
        "until": (now + LASTS).isoformat(),
    }
    return sealer.seal(canonical_text(body), _purpose(purpose))


def _opened(
    conn: Connection, ctx: Context, sealer: Sealer, sealed: str, purpose: str, principal: str
) -> tuple[bytes, bytes]:
    """The challenge that was sealed for this purpose, once and in time, and the handle that was offered with it."""
    try:
        body = loads(sealer.open(sealed[:2000], _purpose(purpose)))
        until = datetime.fromisoformat(body["until"])
        challenge, handle = base64.b64decode(body["challenge"]), base64.b64decode(body["handle"])
    except (Misconfigured, ValueError, KeyError, TypeError):
        raise Unauthenticated("this page was out of date; try again now") from None
    conn.execute(repo.FORGET_CHALLENGES, {"now": ctx.now})
    values = {"challenge_hash": hashlib.sha256(challenge).digest(), "principal": principal, "expires_at": until}
    if ctx.now >= until or conn.execute(repo.USE_CHALLENGE, values).rowcount != 1:
        raise Unauthenticated("this page was out of date; try again now")
    return challenge, handle


def _purpose(purpose: str) -> str:
    return "passkey challenge " + hashlib.sha256(purpose.encode()).hexdigest()


def _response(text_: str) -> dict[str, Any]:
    try:
        found = loads(text_) if len(text_) <= LONGEST_RESPONSE else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("response"), dict):
        raise Unauthenticated(_REFUSED)
    return found


def _handle(tenant_id: UUID, rows: list[Any]) -> bytes:
    """The handle a person has already, or a fresh one; never anything about them."""
    return bytes(rows[0][4]) if rows else tenant_id.bytes + secrets.token_bytes(16)


def _id(credential_id: bytes) -> str:
    return base64.urlsafe_b64encode(credential_id).decode().rstrip("=")


def _credential(passkey: str) -> bytes:
    try:
        return _decode(passkey)
    except (binascii.Error, ValueError):
        raise NotFound("there is no such passkey") from None


def _decode(text_: str) -> bytes:
    return base64.b64decode(text_ + "=" * (-len(text_) % 4), altchars=b"-_", validate=True)
