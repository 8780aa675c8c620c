"""Policies between tenants: a version that was approved at a provider is offered to the tenants below, who copy it.

The copy keeps the text; only its number may be another. Author and approver are the provider's people, so who approved
and who wrote stay two, and the copy names where it comes from for good.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from headgate.access.inheritance import NewOffer, Offered, Wanted, expect_offering, put_offer
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase
from headgate.policy import repo
from headgate.policy.authoring import keep_text, renumbered
from headgate.policy.checking import expect_clean
from headgate.policy.core.lifecycle import PolicyVersion, expect_second_person, windows
from headgate.policy.service import INHERITED, PolicyService
from headgate.policy.versions import (
    audit,
    locked,
    locked_in_turn,
    read,
    set_status,
    set_windows,
    unschedule,
    version_of,
)

_TICK = timedelta(microseconds=1)


def offer_policy(
    policies: PolicyService,
    conn: Connection[Any],
    ctx: Context,
    policy: str,
    version: int,
    *,
    locked: bool,
    effective_at: datetime | None = None,
) -> Offered:
    """Offer an approved version to the tenants below. With `locked` they cannot put one of their own in its place.

    Raises `Conflict` for a version that nobody approved, `DutyConflict` for who wrote it, `NotFound`, `Forbidden`,
    `Invalid` for a date in the past.
    """
    expect_offering(conn, ctx)
    found = read(conn, policy, version)
    if found.status not in ("approved", "active") or found.approver is None or found.unreviewed:
        standing = "applied and not yet reviewed" if found.unreviewed else found.standing(ctx.now).replace("_", " ")
        raise Conflict(
            phrase(
                "cannot offer %(policy)s version %(version)s: it is %(standing)s; offer one that was approved",
                policy=policy,
                version=version,
                standing=standing,
            )
        )
    expect_second_person(found, ctx.principal.id, None)
    text = policies.text(conn, policy, version)
    wanted = NewOffer(
        INHERITED,
        policy,
        version,
        found.title,
        bytes.fromhex(found.digest),
        text,
        found.author,
        found.approver,
        locked,
        effective_at,
    )
    return put_offer(conn, ctx, wanted)


@dataclass(frozen=True, slots=True)
class PolicyTaker:
    """Copies policies that are offered from above into the transaction's tenant."""

    policies: PolicyService
    permission: str = "policies.approve"

    def take(self, conn: Connection[Any], ctx: Context, offer: Wanted, body: str) -> int:
        """Copy a version and schedule it for its date, or from now on when that is over.

        One that was copied before and counts is left as it is. Raises `Invalid` where the text has errors, `Conflict`
        where it does not fit together with the tenant's other policies and processes.
        """
        versions = locked_in_turn(conn, offer.name)
        there = next((v for v in versions if v.in_force(ctx.now) and v.origin == offer.provider_slug), None)
        if there is not None and there.origin_digest == offer.digest.hex() and not _later(versions, ctx):
            return there.version
        for each in _later(versions, ctx):
            if offer.locked or each.origin is not None:
                versions = _give_up(conn, ctx, versions, each, f"{offer.provider_name} offers version {offer.version}")
        copy = _add(conn, ctx, offer, body, versions)
        start = _start(versions, max(offer.effective_at, ctx.now))
        window, ended = windows(locked(conn, offer.name), copy.version, start, ctx.now)
        self.policies.expect_fit(conn, self.policies.compiled(conn, offer.name, copy.version).table, window)
        set_windows(conn, offer.name, [window, *ended])
        after = set_status(conn, copy, "active")
        told = {"origin": offer.provider_slug, "origin_version": offer.version, "origin_digest": offer.digest.hex()}
        more = {"valid_from": window.valid_from, "valid_until": window.valid_until, "ends": [e.version for e in ended]}
        audit(conn, ctx, "policy.inherited", after, **told, **more)
        return copy.version

    def has_own(self, conn: Connection[Any], ctx: Context, name: str) -> bool:
        """Whether a version that people of the tenant wrote decides now."""
        found = next((v for v in self.policies.versions(conn, name) if v.in_force(ctx.now)), None)
        return found is not None and found.origin is None and not found.pack

    def release(self, conn: Connection[Any], ctx: Context, name: str) -> None:
        """The copy that decides goes on; those that are scheduled do not start."""
        versions = locked_in_turn(conn, name)
        for each in _later(versions, ctx):
            if each.origin is not None:
                versions = _give_up(conn, ctx, versions, each, f"{each.origin_name} does not offer it any more")


def _later(versions: list[PolicyVersion], ctx: Context) -> list[PolicyVersion]:
    return [v for v in versions if v.standing(ctx.now) == "scheduled"]


def _give_up(
    conn: Connection[Any], ctx: Context, versions: list[PolicyVersion], gone: PolicyVersion, why: str
) -> list[PolicyVersion]:
    unschedule(conn, versions, gone)
    audit(conn, ctx, "policy.withdrawn", set_status(conn, gone, "retired"), was="scheduled", reason=why)
    return locked(conn, gone.policy)


def _add(conn: Connection[Any], ctx: Context, offer: Wanted, body: str, versions: list[PolicyVersion]) -> PolicyVersion:
    """The copy, approved. It has the number it has at the provider where that is free and the highest."""
    number = max(offer.version, versions[-1].version + 1 if versions else 1)
    text = body if number == offer.version else renumbered(body, number)
    table = expect_clean(text, f"{offer.name}.yaml").table
    if (table.policy, table.version) != (offer.name, number):
        raise Conflict(
            phrase(
                "the text that was offered is of %(policy)s version %(version)s",
                policy=table.policy,
                version=table.version,
            )
        )
    row = conn.execute(
        repo.ADD_COPY,
        {
            "policy": offer.name,
            "version": number,
            "title": offer.title,
            "body": text,
            "digest": hashlib.sha256(text.encode()).digest(),
            "author": offer.person(offer.author),
            "approver": offer.person(offer.approver),
            "now": ctx.now,
            "based_on": versions[-1].version if versions else None,
            "provider": offer.provider,
            "slug": offer.provider_slug,
            "name": offer.provider_name,
            "origin_version": offer.version,
            "origin_digest": offer.digest,
        },
    ).fetchone()
    assert row is not None, "the policy's versions are locked, and the number is above theirs"
    copy = version_of(row)
    writer = Principal(copy.author, "person", copy.author)
    keep_text(conn, Context(ctx.tenant_id, writer, ctx.now, ctx.trace), copy, text)
    return copy


def _start(versions: list[PolicyVersion], wanted: datetime) -> datetime:
    """The instant wanted, or right after it where another version starts at the same one."""
    taken = {v.valid_from for v in versions if v.status == "active"}
    while wanted in taken:
        wanted += _TICK
    return wanted
