"""Packs between tenants: a provider offers a solution pack, and the tenants below install what this installation ships
under that name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.access.duties.inherited import RoleTaker, offer_role
from headgate.access.inheritance import (
    KINDS,
    NewOffer,
    Offered,
    Takers,
    Wanted,
    expect_offering,
    put_offer,
    take_offers,
)
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.packs.loader import Pack, find_pack, install_pack, read_pack
from headgate.policy import PolicyService
from headgate.policy.inherited import PolicyTaker, offer_policy
from headgate.process import Job
from headgate.process.core.signature import Signature

KIND: Final = "pack"


def offer_pack(conn: Connection[Any], ctx: Context, name: str, *, effective_at: datetime | None = None) -> Offered:
    """Offer a shipped pack to the tenants below. A pack only adds, so there is nothing in it to lock.

    Raises `NotFound` naming the packs that there are, `Conflict`, `Forbidden`, `Invalid`.
    """
    expect_offering(conn, ctx)
    pack = read_pack(find_pack(name))
    by = f"pack:{pack.name}@{pack.version}"
    wanted = NewOffer(KIND, pack.name, pack.version, pack.title, digest_of(pack), "", by, "", False, effective_at)
    return put_offer(conn, ctx, wanted)


def digest_of(pack: Pack) -> bytes:
    """SHA-256 over the names and texts of a pack's files, in the order of its manifest."""
    made = hashlib.sha256()
    for name, text in (*pack.processes, *pack.policies, *pack.metrics):
        for part in (name, text):
            data = part.encode()
            made.update(len(data).to_bytes(8, "big") + data)
    return made.digest()


@dataclass(frozen=True, slots=True)
class PackTaker:
    """Installs packs that are offered from above into the transaction's tenant."""

    policies: PolicyService
    actions: Mapping[str, Signature]
    permission: str = "admin"

    def take(self, conn: Connection[Any], ctx: Context, offer: Wanted, body: str) -> int:
        """Install the pack as this installation ships it; its version. What the tenant has already is left alone."""
        if offer.effective_at > ctx.now:
            raise Conflict(f"it comes on {offer.effective_at:%Y-%m-%d %H:%M} UTC")
        pack = read_pack(find_pack(offer.name))
        if pack.version < offer.version:
            raise Conflict(f"this installation ships version {pack.version}, and version {offer.version} is offered")
        install_pack(conn, ctx, pack, self.policies, self.actions)
        return pack.version

    def has_own(self, conn: Connection[Any], ctx: Context, name: str) -> bool:
        """Packs are the installation's; a tenant has none of its own."""
        return False

    def release(self, conn: Connection[Any], ctx: Context, name: str) -> None:
        """What was installed stays."""


def takers(policies: PolicyService, actions: Mapping[str, Signature]) -> Takers:
    """How each kind of thing that a tenant above offers is copied. `actions` are those that processes can run."""
    return {"policy": PolicyTaker(policies), "role": RoleTaker(), KIND: PackTaker(policies, actions)}


def taking_job(policies: PolicyService, actions: Mapping[str, Signature]) -> Job:
    """The job of every tenant: take what is new from above, let go what is gone."""
    known = takers(policies, actions)
    return lambda conn, ctx: take_offers(conn, ctx, known)


def offer(
    policies: PolicyService,
    conn: Connection[Any],
    ctx: Context,
    kind: str,
    name: str,
    *,
    version: int | None = None,
    locked: bool = False,
    effective_at: datetime | None = None,
) -> Offered:
    """Offer a policy (the version in force unless one is named), a role or a pack to the tenants below.

    Raises `Invalid` for an unknown kind and for what its kind does not know, and as `offer_policy`, `offer_role` and
    `offer_pack`.
    """
    if kind != "policy" and version is not None:
        raise invalid("version", version, f"is not for a {kind}", "Leave it out: it is offered as it is now.")
    if kind == "policy":
        found = version or next((v.version for v in policies.versions(conn, name) if v.in_force(ctx.now)), None)
        if found is None:
            raise NotFound(f"no version of policy {name} is in force; name the one to offer")
        return offer_policy(policies, conn, ctx, name, found, locked=locked, effective_at=effective_at)
    if kind == "role":
        return offer_role(conn, ctx, name, locked=locked, effective_at=effective_at)
    if kind == KIND:
        if locked:
            raise invalid("locked", locked, "is not for a pack", "A pack only adds; lock its policies instead.")
        return offer_pack(conn, ctx, name, effective_at=effective_at)
    raise invalid("kind", kind, "cannot be offered", f"Use one of {', '.join(KINDS)}.")
