"""Changing what a tenant asks of sign-ins, without anybody being able to lock everybody out."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection

from headgate.access.core.roles import ROLES, require
from headgate.access.core.security import SecurityRules, check_rules, rules_of
from headgate.access.duties.custom import list_custom_roles
from headgate.access.federation.providers import list_providers
from headgate.access.federation.rules import SignInRules, get_rules
from headgate.access.principals import accounts_in_roles
from headgate.access.recording import record
from headgate.access.repo import tenants as repo
from headgate.access.repo.people import WAYS_IN
from headgate.access.tenants import Tenant, get_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase


def set_security(conn: Connection, ctx: Context, rules: SecurityRules) -> Tenant:
    """Say what sign-ins must be like; it counts from the next request on.

    Raises `Invalid` naming the rule, and `Conflict` where nobody who administers could sign in any more, or nobody but
    those with a passkey.
    """
    require(ctx.principal, "admin")
    conn.execute(repo.TENANT_LIMITS)  # locks the tenant: two changes at once would each keep the other's way in
    tenant = get_tenant(conn)
    own = list_custom_roles(conn)
    before, wanted = rules_of(tenant.settings.get("security")), check_rules(rules, [each.role for each in own])
    if wanted == before:
        return tenant
    admins = {each.role for each in own if "admin" in each.permissions} | {
        role for role, permissions in ROLES.items() if "admin" in permissions
    }
    _expect_way_in(conn, ctx, before, wanted, sorted(admins))
    told, kept = before.as_settings(), wanted.as_settings()
    conn.execute(repo.SET_SECURITY, {"rules": canonical_text(kept)})
    changed = [name for name in kept if kept[name] != told[name]]
    record(
        conn,
        ctx,
        "security.changed",
        "tenant",
        tenant.slug,
        before={name: told[name] for name in changed},
        after={name: kept[name] for name in changed},
    )
    return get_tenant(conn)


def _expect_way_in(
    conn: Connection, ctx: Context, before: SecurityRules, wanted: SecurityRules, admin_roles: Sequence[str]
) -> None:
    """What closes a way is refused where it was the last one of everybody, or of everybody who administers."""
    if (before.passkeys, before.sign_on) == (wanted.passkeys, wanted.sign_on):
        return
    passwords = get_rules(conn)
    if before.sign_on and not wanted.sign_on and not passwords.passwords:
        raise _refused("sign_on", "is the only way in while passwords are switched off", "Allow passwords first.")
    admins = [a for a in accounts_in_roles(conn, admin_roles, ctx.now) if a.kind == "person" and a.partner is None]
    ways = conn.execute(WAYS_IN, {"principals": [a.principal for a in admins]}).fetchall()
    provider = any(p.status == "active" for p in list_providers(conn))
    if _some_way(before, passwords, ways, provider=provider) and not _some_way(wanted, passwords, ways, provider=False):
        field = "passkeys" if before.passkeys and not wanted.passkeys else "sign_on"
        fix = phrase("Keep it, or give an administrator a password first.")
        raise _refused(field, "is the last way in for everybody who administers", fix)


def _some_way(
    rules: SecurityRules, passwords: SignInRules, ways: Sequence[tuple[str, bool, bool]], *, provider: bool
) -> bool:
    """Whether some administrator gets in. A provider may be down and so is no way to rely on."""
    return any(
        (has_password and (passwords.passwords or principal in passwords.break_glass))
        or (has_passkey and rules.passkeys)
        or (provider and rules.sign_on)
        for principal, has_password, has_passkey in ways
    )


def _refused(field: str, message: str, fix: str) -> Conflict:
    return Conflict(phrase("%(field)s %(message)s. %(fix)s", field=field, message=message, fix=fix))
