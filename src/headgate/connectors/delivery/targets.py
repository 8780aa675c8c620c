"""Registering outside systems and subscribers, changing them, and the secrets they share with us."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from psycopg import Connection as Conn

from headgate.access import Sealer, require
from headgate.access.core import checks
from headgate.access.core.webhooks import decode_secret, encode_secret
from headgate.connectors.delivery import repo
from headgate.connectors.delivery.core.breaker import CLOSED
from headgate.connectors.delivery.core.message import Secret, check_authorization
from headgate.connectors.delivery.core.pace import Bucket
from headgate.connectors.delivery.model import (
    SUBSCRIPTION,
    Connection,
    Purpose,
    Status,
    Target,
    TargetState,
    state_of,
    target_of,
)
from headgate.connectors.delivery.ports import DeliveryPort
from headgate.kernel.canonical import canonical_text, instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, Backlog, append_audit, outbox_backlog

READ: Final = "connections.read"
WRITE: Final = "connections.write"
MOST_SECRETS: Final = 4
LONGEST_OVERLAP: Final = timedelta(days=30)
DEFAULT_OVERLAP: Final = timedelta(days=1)
MOST_SECONDS: Final = 60
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,198}(\.\*)?")

Ports = Mapping[str, DeliveryPort]


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """What is chosen about a target or a subscription; the rest has a sensible value."""

    code: str
    url: str
    name: str = ""
    kind: str = "webhook"
    types: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    authorization: str = ""
    rate: Decimal | None = None
    burst: int = 10
    concurrency: int = 4
    timeout_seconds: int = 10
    max_attempts: int = 12
    ordered: bool = False
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class TargetChange:
    """What is changed; None leaves it. An empty `authorization` removes it; a `rate` of 0 lifts the limit."""

    url: str | None = None
    name: str | None = None
    types: tuple[str, ...] | None = None
    config: Mapping[str, Any] | None = None
    authorization: str | None = None
    rate: Decimal | None = None
    burst: int | None = None
    concurrency: int | None = None
    timeout_seconds: int | None = None
    max_attempts: int | None = None
    ordered: bool | None = None


def create_target(
    conn: Conn[Any], ctx: Context, sealer: Sealer, ports: Ports, draft: TargetDraft, *, purpose: Purpose = "commands"
) -> tuple[Target, str]:
    """Register a target of commands, or with purpose events a subscriber; returns it and its signing secret
    `whsec_…`, shown this once. A receiver that has one already may bring it.

    Raises `Invalid` naming the field, or `Conflict` when the code is taken.
    """
    require(ctx.principal, WRITE)
    code = _full(purpose, checks.code("code", draft.code))
    values = _checked(ports, draft.kind, asdict(draft) | {"name": draft.name or draft.code})
    if values["types"] and purpose == "commands":
        raise invalid("types", ", ".join(draft.types), "is for subscriptions; a target gets the commands that name it")
    secret = _secret(draft.secret)
    kept = [{"sealed": sealer.seal(secret, _context(ctx.tenant_id, code)), "until": None}]
    row = {
        **values,
        "code": code,
        "purpose": purpose,
        "kind": draft.kind,
        "config": canonical_text(dict(draft.config)),
        "authorization": _sealed(sealer, ctx.tenant_id, code, draft.authorization),
        "secrets": canonical_text(kept),
        "now": ctx.now,
        "by": ctx.principal.id,
    }
    if conn.execute(repo.ADD_TARGET, row).rowcount != 1:
        raise Conflict(phrase("there is a %(noun)s %(code)s already", noun=_noun(purpose), code=draft.code))
    conn.execute(repo.ADD_STATE, row)
    _record(conn, ctx, f"{_noun(purpose)}.created", code, _shown(values) | {"kind": draft.kind})
    return get_target(conn, code), secret


def change_target(
    conn: Conn[Any], ctx: Context, sealer: Sealer, ports: Ports, code: str, change: TargetChange
) -> Target:
    """Change a target or subscription, by its full code. Raises `NotFound` or `Invalid`."""
    require(ctx.principal, WRITE)
    row = _locked(conn, code)
    before, given = target_of(row), {k: v for k, v in asdict(change).items() if v is not None}
    if "rate" in given and given["rate"] == 0:
        given["rate"] = None
    old = {name: getattr(before, name) for name in _FIELDS} | {"config": dict(before.config)}
    values = _checked(ports, before.kind, old | given)
    if values["types"] and before.purpose == "commands":
        raise invalid("types", "", "is for subscriptions; a target gets the commands that name it")
    authorization = row[8]
    if change.authorization is not None:
        authorization = _sealed(sealer, ctx.tenant_id, code, change.authorization)
    written = {**values, "code": code, "authorization": authorization, "config": canonical_text(dict(values["config"]))}
    conn.execute(repo.SET_TARGET, written)
    shown = {k: v for k, v in _shown(values).items() if k in given}
    if change.authorization is not None:
        shown["authorization"] = "set" if change.authorization else "removed"
    _record(conn, ctx, f"{_noun(before.purpose)}.changed", code, shown)
    return get_target(conn, code)


def set_status(conn: Conn[Any], ctx: Context, code: str, status: Status, reason: str) -> Target:
    """Pause, disable or activate. Activating also closes the breaker: what waits is tried at once.

    Raises `NotFound`, or `Invalid` for a reason that says nothing.
    """
    require(ctx.principal, WRITE)
    why = checks.text("reason", reason, 500)
    before = get_target(conn, code)
    conn.execute(repo.SET_STATUS, {"codes": [code], "status": status, "reason": why, "now": ctx.now})
    if status == "active":
        conn.execute(repo.WAKE_TARGETS, {"codes": [code], "now": ctx.now})
    done = {"active": "activated", "paused": "paused", "disabled": "disabled"}[status]
    _record(conn, ctx, f"{_noun(before.purpose)}.{done}", code, {"reason": why, "was": before.status})
    return get_target(conn, code)


def rotate_secret(
    conn: Conn[Any],
    ctx: Context,
    sealer: Sealer,
    code: str,
    *,
    overlap: timedelta = DEFAULT_OVERLAP,
    secret: str | None = None,
) -> tuple[str, datetime]:
    """A new signing secret, shown this once, and until when the former ones sign beside it.

    The receiver takes the new one within `overlap` (at most 30 days; zero ends the old ones at once).
    """
    require(ctx.principal, WRITE)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise invalid("overlap", overlap, "is out of range", "Use 0 to 30 days.")
    row = _locked(conn, code)
    until = ctx.now + overlap
    former = [s for s in row[7] if s["until"] is None or datetime.fromisoformat(s["until"]) > ctx.now]
    if overlap and len(former) >= MOST_SECRETS:
        raise Conflict(
            phrase(
                "%(code)s has %(most_secrets)s secrets in use; wait until one ends, or rotate without overlap",
                code=code,
                most_secrets=MOST_SECRETS,
            )
        )
    text = _secret(secret)
    # The one that ends first keeps its end.
    ending = [s | {"until": min(filter(None, [s["until"], instant_text(until)]))} for s in former] if overlap else []
    kept = [{"sealed": sealer.seal(text, _context(ctx.tenant_id, code)), "until": None}, *ending]
    conn.execute(repo.SET_SECRETS, {"code": code, "secrets": canonical_text(kept)})
    _record(
        conn,
        ctx,
        f"{_noun(target_of(row).purpose)}.secret_rotated",
        code,
        {"secrets": len(kept), "former_until": instant_text(until) if ending else None},
    )
    return text, until


def get_target(conn: Conn[Any], code: str) -> Target:
    """One target or subscription, by its full code. Raises `NotFound`."""
    row = conn.execute(repo.GET_TARGETS, {"codes": [code]}).fetchone()
    if row is None:
        purpose: Purpose = "events" if code.startswith(SUBSCRIPTION) else "commands"
        raise NotFound(
            phrase(
                "there is no %(noun)s %(removeprefix)s",
                noun=_noun(purpose),
                removeprefix=code.removeprefix(SUBSCRIPTION),
            )
        )
    return target_of(row)


def connections(conn: Conn[Any], now: datetime, *purposes: Purpose) -> list[Connection]:
    """Targets (and subscriptions) with how they fare and what they have not got yet, by code."""
    wanted = list(purposes or ("commands", "events"))
    found = [target_of(row) for row in conn.execute(repo.LIST_TARGETS, {"purposes": wanted})]
    codes = [t.code for t in found]
    states = {s.code: s for s in map(state_of, conn.execute(repo.LIST_STATES, {"codes": codes}))}
    backlog = {b.target: b for b in outbox_backlog(conn, now)}
    return [
        Connection(t, states.get(t.code) or _untouched(t, now), backlog.get(t.code) or Backlog(t.code, 0, 0, 0, None))
        for t in found
    ]


def unrouted(conn: Conn[Any], now: datetime) -> list[Backlog]:
    """Commands whose target nobody registered: they wait until somebody does."""
    waiting = outbox_backlog(conn, now)
    known = {row[0] for row in conn.execute(repo.GET_TARGETS, {"codes": [b.target for b in waiting]})}
    return [b for b in waiting if b.target not in known]


def opened_secrets(sealer: Sealer, tenant_id: UUID, row: Sequence[Any]) -> tuple[tuple[Secret, ...], str]:
    """The signing secrets and the Authorization header of a row of the target queries, in the clear."""
    code = row[0]
    found = tuple(
        Secret(
            sealer.open(s["sealed"], _context(tenant_id, code)),
            datetime.fromisoformat(s["until"]) if s["until"] else None,
        )
        for s in row[7]
    )
    return found, sealer.open(row[8], _authorization(tenant_id, code)) if row[8] else ""


def disable_gone(conn: Conn[Any], ctx: Context, codes: Collection[str], reason: str) -> list[str]:
    """Disable subscribers that said they are gone; returns those that were not disabled before."""
    parameters = {"codes": sorted(codes), "status": "disabled", "reason": reason, "now": ctx.now}
    done = sorted(row[0] for row in conn.execute(repo.SET_STATUS, parameters))
    append_audit(
        conn,
        ctx.now,
        [_gone(ctx, code, reason) for code in done],
    )
    return done


def _gone(ctx: Context, code: str, reason: str) -> AuditDraft:
    short = code.removeprefix(SUBSCRIPTION)
    return AuditDraft("subscription.disabled", "subscription", short, ctx.principal.id, {"reason": reason})


_FIELDS = (
    "url",
    "name",
    "types",
    "rate",
    "burst",
    "concurrency",
    "timeout_seconds",
    "max_attempts",
    "ordered",
)
_RANGES = {
    "burst": (1, 10_000),
    "concurrency": (1, 64),
    "timeout_seconds": (1, MOST_SECONDS),
    "max_attempts": (1, 100),
}


def _checked(ports: Ports, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    port = ports.get(kind)
    if port is None:
        raise invalid(
            "kind", kind, "is not a kind of target", phrase("Use one of %(names)s.", names=", ".join(sorted(ports)))
        )
    config = dict(cast("Mapping[str, Any]", values["config"]))
    port.check(values["url"], config)
    for name, (low, high) in _RANGES.items():
        if not low <= values[name] <= high:
            raise invalid(name, values[name], "is out of range", phrase("Use %(low)s to %(high)s.", low=low, high=high))
    rate = values["rate"]
    if rate is not None and not Decimal("0.001") <= rate <= 10_000:
        raise invalid("rate", rate, "is out of range", "Use 0.001 to 10000 messages a second, or none.")
    return {name: values[name] for name in _FIELDS} | {
        "name": checks.text("name", values["name"], 200),
        "types": _types(values["types"]),
        "config": config,
    }


def _types(types: Iterable[str]) -> list[str]:
    wanted = sorted(set(types) - {"*"}) if "*" not in types else []
    for name in wanted:
        if not _TYPE.fullmatch(name):
            raise invalid("types", name, "is not an event type", "Use names such as order.submitted or order.*.")
    return wanted


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """What an audit entry says of a target: nothing secret. Amounts of limits as text."""
    rate = values["rate"]
    return {k: v for k, v in values.items() if k != "config"} | {"rate": None if rate is None else str(rate)}


def _untouched(target: Target, now: datetime) -> TargetState:
    return TargetState(target.code, Bucket(float(target.burst), now), CLOSED)


def _locked(conn: Conn[Any], code: str) -> tuple[Any, ...]:
    get_target(conn, code)
    row: tuple[Any, ...] | None = conn.execute(repo.LOCK_TARGET, {"code": code}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no %(code)s", code=code))
    return row


def _secret(given: str | None) -> str:
    if given is None:
        return encode_secret(random.token_bytes(32))
    decode_secret(given)
    return given


def _sealed(sealer: Sealer, tenant_id: UUID, code: str, authorization: str) -> str:
    text = check_authorization(authorization)
    return sealer.seal(text, _authorization(tenant_id, code)) if text else ""


def _full(purpose: Purpose, code: str) -> str:
    return f"{SUBSCRIPTION}{code}" if purpose == "events" else code


def _noun(purpose: Purpose) -> str:
    return "subscription" if purpose == "events" else "target"


def _context(tenant_id: UUID, code: str) -> str:
    return f"outbound secret {tenant_id} {code}"


def _authorization(tenant_id: UUID, code: str) -> str:
    return f"outbound authorization {tenant_id} {code}"


def _record(conn: Conn[Any], ctx: Context, action: str, code: str, body: Mapping[str, Any]) -> None:
    noun = action.partition(".")[0]
    append_audit(
        conn, ctx.now, [AuditDraft(action, noun, code.removeprefix(SUBSCRIPTION), ctx.principal.id, dict(body))]
    )


__all__ = [
    "READ",
    "WRITE",
    "Ports",
    "TargetChange",
    "TargetDraft",
    "change_target",
    "connections",
    "create_target",
    "disable_gone",
    "get_target",
    "opened_secrets",
    "rotate_secret",
    "set_status",
    "unrouted",
]
