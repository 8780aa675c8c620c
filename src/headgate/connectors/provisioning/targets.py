"""Registering outside systems that get our people, changing them, and their tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, get_args
from uuid import UUID

from psycopg import Connection

from headgate.access import ROLES, Sealer, list_custom_roles, require
from headgate.access.core import checks
from headgate.connectors.delivery import Rules, read_url
from headgate.connectors.delivery.core.message import check_authorization
from headgate.connectors.provisioning import repo
from headgate.connectors.provisioning.core.model import Leavers, MatchBy
from headgate.connectors.provisioning.model import KeptLink, ProvisioningTarget, Scope, Status, link_of, target_of
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit

READ: Final = "provisioning.read"
WRITE: Final = "provisioning.write"
MOST_TARGETS: Final = 20
MOST_GROUPS: Final = 100
SHORTEST: Final = 15
LONGEST: Final = 7 * 24 * 60
MOST_PARKED: Final = 100


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """What is chosen about a target. `groups` are names of groups by role; `every_minutes` 0 means only when somebody
    asks."""

    name: str
    url: str
    scope: Scope = field(default_factory=Scope)
    groups: Mapping[str, str] = field(default_factory=dict)
    match_by: MatchBy = "user_name"
    leavers: Leavers = "deactivate"
    every_minutes: int = 60
    most_leaving: int = 10
    most_leaving_percent: int = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """How many accounts and groups a target has from us, and how many of them are parked with an error."""

    accounts: int = 0
    groups: int = 0
    parked: int = 0


def create_target(
    conn: Connection[Any], ctx: Context, sealer: Sealer, rules: Rules, draft: TargetDraft, token: str
) -> ProvisioningTarget:
    """Register a system; it is paused, so that a preview comes first. Raises `Invalid`, and `Conflict` for a name that
    is taken or when there are as many as may be."""
    require(ctx.principal, WRITE)
    values = _checked(conn, rules, draft)
    plain = _token(token)
    conn.execute(repo.LOCK_TENANT, {"tenant": str(ctx.tenant_id)})
    (count,) = conn.execute(repo.COUNT_TARGETS).fetchone() or (0,)
    if count >= MOST_TARGETS:
        raise Conflict(phrase("there are %(most)s targets already; remove one first", most=MOST_TARGETS))
    id = new_id(ctx.now)
    sealed = sealer.seal(plain, _context(ctx.tenant_id, id))
    row = {**_row(values), "target": id, "token": sealed, "now": ctx.now, "by": ctx.principal.id}
    if conn.execute(repo.ADD_TARGET, row).rowcount != 1:
        raise Conflict(phrase("there is a target %(name)s already", name=values.name))
    _record(conn, ctx, "created", id, _shown(values))
    return get_target(conn, id)


def change_target(
    conn: Connection[Any], ctx: Context, rules: Rules, target: UUID, changes: Mapping[str, Any]
) -> ProvisioningTarget:
    """Change what `TargetDraft` names. Raises `NotFound`, `Invalid`, `Conflict`."""
    require(ctx.principal, WRITE)
    before = draft_of(_locked(conn, target))
    after = _checked(conn, rules, replace(before, **changes))
    row = conn.execute(repo.FIND_TARGET, {"name": after.name}).fetchone()
    if row is not None and row[0] != target:
        raise Conflict(phrase("there is a target %(name)s already", name=after.name))
    old, new = _shown(before), _shown(after)
    changed = {name: new[name] for name in new if new[name] != old[name]}
    if changed:
        conn.execute(repo.SET_TARGET, {**_row(after), "target": target})
        _record(conn, ctx, "changed", target, changed)
    return get_target(conn, target)


def set_token(conn: Connection[Any], ctx: Context, sealer: Sealer, target: UUID, token: str) -> ProvisioningTarget:
    """Another token from now on. Raises `NotFound`, `Invalid`."""
    require(ctx.principal, WRITE)
    _locked(conn, target)
    sealed = sealer.seal(_token(token), _context(ctx.tenant_id, target))
    conn.execute(repo.SET_TOKEN, {"target": target, "token": sealed})
    _record(conn, ctx, "token_changed", target, {})
    return get_target(conn, target)


def set_status(conn: Connection[Any], ctx: Context, target: UUID, status: Status) -> ProvisioningTarget:
    """Pause or activate. A pause also ends a run that is under way, at its next step."""
    require(ctx.principal, WRITE)
    if status not in get_args(Status):
        raise invalid("status", status, "is not a state", "Use active or paused.")
    _locked(conn, target)
    if conn.execute(repo.SET_STATUS, {"target": target, "status": status}).rowcount:
        if status == "paused":
            conn.execute(repo.CANCEL_OF, {"target": target, "now": ctx.now})
        _record(conn, ctx, "activated" if status == "active" else "paused", target, {})
    return get_target(conn, target)


def remove_target(conn: Connection[Any], ctx: Context, target: UUID) -> None:
    """Forget a system, who is linked to which account there, and its runs. What is over there stays as it is; the audit
    trail keeps what was done."""
    require(ctx.principal, WRITE)
    found = _locked(conn, target)
    for statement in (repo.DROP_STEPS_OF, repo.DROP_RUNS_OF, repo.DROP_LINKS_OF, repo.DROP_TARGET):
        conn.execute(statement, {"target": target})
    _record(conn, ctx, "removed", target, {"name": found.name})


def get_target(conn: Connection[Any], target: UUID) -> ProvisioningTarget:
    """One target. Raises `NotFound`."""
    row = conn.execute(repo.GET_TARGET, {"target": target}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no target %(target)s", target=target))
    return target_of(row)


def list_targets(conn: Connection[Any], *, after: str | None = None, limit: int = MOST_TARGETS) -> list[Any]:
    """Targets by name, those after one (the cursor)."""
    return [target_of(row) for row in conn.execute(repo.PAGE_TARGETS, {"after": after, "limit": limit})]


def standing_of(conn: Connection[Any], targets: Sequence[UUID]) -> dict[UUID, Standing]:
    """How each of these stands, in one query."""
    rows = conn.execute(repo.COUNT_LINKS, {"targets": list(targets)}).fetchall()
    found = {row[0]: Standing(*row[1:]) for row in rows}
    return {target: found.get(target, Standing()) for target in targets}


def parked(conn: Connection[Any], target: UUID, limit: int = MOST_PARKED) -> list[KeptLink]:
    """Accounts and groups that went wrong and are tried again with the next run, the newest first."""
    return [link_of(row) for row in conn.execute(repo.PARKED, {"target": target, "limit": limit})]


def links_of(conn: Connection[Any], target: UUID) -> list[KeptLink]:
    """Who is linked to which account there."""
    return [link_of(row) for row in conn.execute(repo.LINKS, {"target": target})]


def token_of(conn: Connection[Any], sealer: Sealer, tenant: UUID, target: UUID) -> str:
    """The token in the clear, for the moment in which it is used."""
    row = conn.execute(repo.TOKEN_OF, {"target": target}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no target %(target)s", target=target))
    return sealer.open(row[0], _context(tenant, target))


def draft_of(target: ProvisioningTarget) -> TargetDraft:
    """What was chosen about a target."""
    return TargetDraft(
        target.name,
        target.url,
        target.scope,
        target.groups,
        target.match_by,
        target.leavers,
        target.every_minutes,
        target.most_leaving,
        target.most_leaving_percent,
    )


def _checked(conn: Connection[Any], rules: Rules, draft: TargetDraft) -> TargetDraft:
    _one_of("match_by", draft.match_by, get_args(MatchBy))
    _one_of("leavers", draft.leavers, get_args(Leavers))
    if draft.every_minutes and not SHORTEST <= draft.every_minutes <= LONGEST:
        raise invalid("every_minutes", draft.every_minutes, "is out of range", "Use 15 to 10080, or 0 for never.")
    if not 1 <= draft.most_leaving <= 1000:
        raise invalid("most_leaving", draft.most_leaving, "is out of range", "Use 1 to 1000.")
    if not 1 <= draft.most_leaving_percent <= 100:
        raise invalid("most_leaving_percent", draft.most_leaving_percent, "is out of range", "Use 1 to 100.")
    roles = {*ROLES, *(role.role for role in list_custom_roles(conn) if role.status != "retired")}
    return replace(
        draft,
        name=checks.text("name", draft.name, 100),
        url=_base("url", draft.url.strip(), rules),
        scope=_scope(conn, draft.scope, roles),
        groups=_groups(draft.groups, roles),
    )


def _scope(conn: Connection[Any], scope: Scope, roles: set[str]) -> Scope:
    _one_of("scope.people", scope.people, ("staff", "partners", "groups"))
    for role in scope.roles:
        _known_role("scope.roles", role, roles)
    if scope.people != "groups":
        partner = checks.text("scope.partner", scope.partner, 64) if scope.partner else ""
        if partner and scope.people == "staff":
            raise invalid("scope.partner", partner, "is for people of partners", "Leave it out, or choose partners.")
        return Scope(scope.people, tuple(sorted(set(scope.roles))), partner, ())
    if not scope.groups:
        raise invalid("scope.groups", "", "names no group", "Name at least one group of the identity provider.")
    if len(scope.groups) > MOST_GROUPS:
        raise invalid("scope.groups", len(scope.groups), "are too many", phrase("Use %(most)s.", most=MOST_GROUPS))
    return Scope("groups", (), "", tuple(sorted({checks.text("scope.groups", g, 255) for g in scope.groups})))


def _groups(groups: Mapping[str, str], roles: set[str]) -> dict[str, str]:
    if len(groups) > MOST_GROUPS:
        raise invalid("groups", len(groups), "are too many", phrase("Use at most %(most)s.", most=MOST_GROUPS))
    found: dict[str, str] = {}
    for role, name in groups.items():
        _known_role("groups", role, roles)
        found[role] = checks.text("groups", name or role.replace("_", " ").capitalize(), 200)
    names = [name.casefold() for name in found.values()]
    for name in found.values():
        if names.count(name.casefold()) > 1:
            raise invalid("groups", name, "is the name of two groups", "Give each role a name of its own.")
    return found


def _known_role(field_: str, role: str, roles: set[str]) -> None:
    if role not in roles:
        fix = phrase("Use one of %(names)s.", names=", ".join(sorted(roles)))
        raise invalid(field_, role, "is not a role", fix)


def _one_of(field_: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise invalid(field_, value, "is not known", phrase("Use one of %(names)s.", names=", ".join(allowed)))


def _token(token: str) -> str:
    plain = token.strip().removeprefix("Bearer ").strip()
    if not plain or " " in plain:
        raise invalid("token", "", "is not a token", "Paste the token that the system gave, without anything else.")
    check_authorization(f"Bearer {plain}")
    return plain


def _row(draft: TargetDraft) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in _COLUMNS}
    return values | {
        "scope": canonical_text(_plain_scope(draft.scope)),
        "groups": canonical_text(dict(draft.groups)),
    }


def _plain_scope(scope: Scope) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(scope).items()}


def _shown(draft: TargetDraft) -> dict[str, Any]:
    """What an audit entry says of a target: nothing secret."""
    values = {name: getattr(draft, name) for name in _COLUMNS}
    return values | {"scope": _plain_scope(draft.scope), "groups": dict(draft.groups)}


_COLUMNS: Final = (
    "name",
    "url",
    "match_by",
    "leavers",
    "every_minutes",
    "most_leaving",
    "most_leaving_percent",
)


def _locked(conn: Connection[Any], target: UUID) -> ProvisioningTarget:
    row = conn.execute(repo.LOCK_TARGET, {"target": target}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no target %(target)s", target=target))
    return target_of(row)


def _context(tenant: UUID, target: UUID) -> str:
    return f"provisioning token {tenant} {target}"


def _record(conn: Connection[Any], ctx: Context, done: str, target: UUID, body: Mapping[str, Any]) -> None:
    draft = AuditDraft(f"provisioning.target_{done}", "provisioning_target", str(target), ctx.principal.id, dict(body))
    append_audit(conn, ctx.now, [draft])


__all__ = [
    "MOST_TARGETS",
    "READ",
    "WRITE",
    "Standing",
    "TargetDraft",
    "change_target",
    "create_target",
    "draft_of",
    "get_target",
    "links_of",
    "list_targets",
    "parked",
    "remove_target",
    "set_status",
    "set_token",
    "standing_of",
    "token_of",
]


def _base(field: str, url: str, rules: Rules) -> str:
    """The address of a SCIM service as it is kept. Raises `Invalid` for one that may not be reached."""
    read_url(field, url, rules)
    if "?" in url:
        raise invalid(field, url, "has a query", "Give the address up to and with /scim/v2 or the like.")
    return url.rstrip("/")
