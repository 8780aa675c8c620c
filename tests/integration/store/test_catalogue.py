"""The database's own catalogue proves that tenants are kept apart: a new table that forgets something fails here."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import Connection

from headgate.kernel.errors import Misconfigured
from headgate.store import metadata
from headgate.store.embedded import OWNER, Server
from headgate.store.security import (
    APP_ROLE,
    BACKUP_ROLE,
    PORTAL_ROLE,
    PURGE_ROLE,
    SCAN_ROLE,
    STEWARD_ROLE,
    check_app_role,
    scan_files,
)
from headgate.store.tables import GLOBAL_KEYS
from scripts.schema import load_tables

# Not a tenant's: which migrations have run.
OURS = "('alembic_version')"


def rows(conn: Connection, query: str, *values: object) -> list[tuple[object, ...]]:
    return conn.execute(query.encode(), values or None).fetchall()


def test_every_tables_module_can_be_loaded() -> None:
    assert load_tables() is metadata


def test_every_declared_table_exists_and_no_other(superuser: Connection) -> None:
    found = {row[0] for row in rows(superuser, "select tablename from pg_tables where schemaname = 'public'")}
    assert found - {"alembic_version"} == set(metadata.tables)
    assert found


def test_every_table_forces_row_level_security(superuser: Connection) -> None:
    loose = rows(
        superuser,
        f"""
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f', 'm') and relname not in {OURS}
          and not (relrowsecurity and relforcerowsecurity)
        """,
    )
    assert loose == []


def test_documents_are_not_counted_and_what_is_compared_is(superuser: Connection) -> None:
    columns = rows(
        superuser,
        """
        select c.relname || '.' || a.attname, coalesce(a.attstattarget, -1) = 0,
          a.atttypid in ('json'::regtype, 'jsonb'::regtype)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        """,
    )
    uncounted = {name for name, is_uncounted, _ in columns if is_uncounted}
    documents = {name for name, _, is_document in columns if is_document}
    assert "cases.data" in documents
    assert uncounted == documents | {"decisions.row_ids"}


def test_evaluations_are_squeezed_by_lz4_or_not_at_all(superuser: Connection) -> None:
    ((storage, method),) = rows(
        superuser,
        """
        select attstorage::text, attcompression::text from pg_attribute
        where attrelid = 'decisions'::regclass and attname = 'evaluations'
        """,
    )
    ((has_lz4,),) = rows(
        superuser, "select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"
    )
    assert (storage, method) == (("x", "l") if has_lz4 else ("e", ""))


def test_every_table_has_the_tenant_policy_for_reading_and_writing(superuser: Connection) -> None:
    # Compared as PostgreSQL prints it, so that a weaker condition does not pass for the real one.
    condition = "(tenant_id = ( SELECT (current_setting('headgate.tenant'::text))::uuid AS current_setting))"
    without = rows(
        superuser,
        f"""
        select c.relname from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not in {OURS}
          and not exists (
            select from pg_policies p
            where p.tablename = c.relname and p.policyname = 'tenant' and p.cmd = 'ALL' and p.roles = %s
              and p.permissive = 'PERMISSIVE' and p.qual = %s and p.with_check = %s
          )
        """,
        [APP_ROLE, PORTAL_ROLE],
        condition,
        condition,
    )
    # What sets a tenant up binds a provider's transaction as it binds the application's.
    assert {str(name) for (name,) in without} == OPEN_TO_STEWARDS.keys()
    roles = rows(
        superuser,
        """
        select tablename, roles, qual, with_check from pg_policies
        where policyname = 'tenant' and cmd = 'ALL' and permissive = 'PERMISSIVE' and tablename = any(%s)
        """,
        list(OPEN_TO_STEWARDS),
    )
    assert roles == [(name, [APP_ROLE, PORTAL_ROLE, STEWARD_ROLE], condition, condition) for name, *_ in roles]


# What a provider's transaction may do with the rows of a tenant below it. One more here is a decision:
# docs/decisions/0025-providers-set-up-and-do-not-read.md.
OPEN_TO_STEWARDS = {
    "tenants": {"SELECT", "UPDATE"},
    "tenant_deletions": {"SELECT", "INSERT", "UPDATE"},
    "provider_guests": {"SELECT", "INSERT", "UPDATE"},
    "audit_entries": {"INSERT"},
    "audit_heads": {"SELECT", "INSERT", "UPDATE"},
}


def test_a_providers_transaction_sets_tenants_up_and_reads_nothing_else(superuser: Connection) -> None:
    granted = rows(
        superuser,
        "select table_name, privilege_type from information_schema.role_table_grants where grantee = %s",
        STEWARD_ROLE,
    )
    assert set(granted) == {(table, right) for table, rights in OPEN_TO_STEWARDS.items() for right in rights}
    callable_ = rows(
        superuser,
        """
        select proname from pg_proc p
        where proname like 'headgate\\_%%' and has_function_privilege(%s, p.oid, 'execute')
        """,
        STEWARD_ROLE,
    )
    assert callable_ == []


def test_no_other_policy_lets_the_application_see_more(superuser: Connection) -> None:
    further = rows(
        superuser,
        """
        select tablename, policyname, roles from pg_policies
        where permissive = 'PERMISSIVE' and policyname <> 'tenant'
          and not (policyname = 'scan' and cmd = 'SELECT' and roles = %s)
          and not (policyname = 'backup' and cmd = 'SELECT' and roles = %s)
          and not (policyname = 'purge' and roles = %s and qual like '%%tenant_id = %%headgate.tenant%%'
            and with_check = qual)
        """,
        [SCAN_ROLE],
        [BACKUP_ROLE],
        [PURGE_ROLE],
    )
    assert further == []


def test_tables_with_partner_rows_limit_portal_users(superuser: Connection) -> None:
    declared = {name for name, table in metadata.tables.items() if table.info["portal"] in ("rows", "closed")}
    found = rows(
        superuser,
        "select tablename from pg_policies where policyname = 'partner' and permissive = 'RESTRICTIVE' and cmd = 'ALL'",
    )
    assert {row[0] for row in found} == declared


# What a partner's transaction has of tables whose rows belong to nobody's partner. A new table is closed to it; one
# more here is a decision: docs/decisions/0015-partner-portal.md.
OPEN_TO_PORTALS = {
    "tenants": "read",
    "process_versions": "read",
    "products": "read",
    "deal_programmes": "read",
    "tenant_domains": "read",
    "inbox": "insert",
    "audit_heads": "open",
}


def test_what_is_open_to_portals_is_listed_and_nothing_else(superuser: Connection) -> None:
    declared = {n: t.info["portal"] for n, t in metadata.tables.items() if t.info["portal"] not in ("rows", "closed")}
    assert declared == OPEN_TO_PORTALS
    found = rows(
        superuser,
        "select tablename, cmd from pg_policies where policyname like 'partner\\_%%' and permissive = 'RESTRICTIVE'",
    )
    kept = {"read": {"INSERT", "UPDATE", "DELETE"}, "insert": {"SELECT", "UPDATE", "DELETE"}, "open": set()}
    assert set(found) == {(name, command) for name, kind in declared.items() for command in kept[kind]}


def test_every_primary_and_unique_key_begins_with_the_tenant(superuser: Connection) -> None:
    keys = rows(
        superuser,
        f"""
        select t.relname, a.attname from pg_index i
        join pg_class t on t.oid = i.indrelid
        join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
        where t.relnamespace = 'public'::regnamespace and i.indisunique and t.relname not in {OURS}
        """,
    )
    assert {key for key in keys if key[1] != "tenant_id"} == {(table, key[0]) for table, key in GLOBAL_KEYS}
    keyless = rows(
        superuser,
        f"""
        select relname from pg_class c
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname not in {OURS}
          and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
        """,
    )
    assert keyless == []


def test_the_application_holds_exactly_the_declared_grants(superuser: Connection) -> None:
    wanted = {
        "crud": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "append": {"SELECT", "INSERT"},
        "read": {"SELECT"},
    }
    held: dict[str, set[str]] = {}
    # Not from information_schema, whose view joins all roles with all roles: it takes half a minute.
    for name, privilege in rows(
        superuser,
        """
        select c.relname, g.privilege_type from pg_class c cross join aclexplode(c.relacl) g
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and g.grantee = %s::regrole
        """,
        APP_ROLE,
    ):
        held.setdefault(str(name), set()).add(str(privilege))
    assert held == {name: wanted[table.info["app"]] for name, table in metadata.tables.items()}
    columns = rows(
        superuser,
        """
        select c.relname, a.attname, g.privilege_type
        from pg_attribute a join pg_class c on c.oid = a.attrelid cross join aclexplode(a.attacl) g
        where c.relnamespace = 'public'::regnamespace and g.grantee in (%s::regrole, 0)
        """,
        APP_ROLE,
    )
    assert columns == []


def test_portals_hold_the_same_but_for_the_columns_that_are_for_staff(superuser: Connection) -> None:
    query = """
        select c.relname, a.attname, has_column_privilege(%s, c.oid, a.attnum, 'select')
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0
          and not a.attisdropped and c.relname <> 'alembic_version'
        """
    kept = {(table, column) for table, column, may in rows(superuser, query, PORTAL_ROLE) if not may}
    assert kept == {(name, column) for name, table in metadata.tables.items() for column in table.info["staff_columns"]}
    assert kept
    for privilege in ("insert", "update", "delete"):
        differing = rows(
            superuser,
            """
            select relname from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
              and has_table_privilege(%s, c.oid, %s) <> has_table_privilege(%s, c.oid, %s)
            """,
            APP_ROLE,
            privilege,
            PORTAL_ROLE,
            privilege,
        )
        assert differing == [], privilege


def test_nothing_is_granted_to_everyone(superuser: Connection) -> None:
    assert (
        rows(
            superuser,
            """
            select c.relname from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace = 'public'::regnamespace and a.grantee = 0
            union all
            select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            where p.pronamespace = 'public'::regnamespace and a.grantee = 0
            """,
        )
        == []
    )


def test_working_roles_are_powerless_and_own_nothing(superuser: Connection) -> None:
    roles = rows(
        superuser,
        """
        select rolname, rolcanlogin, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
        from pg_roles where rolname in (%s, %s, %s, %s, %s, %s) order by rolname
        """,
        APP_ROLE,
        BACKUP_ROLE,
        PORTAL_ROLE,
        PURGE_ROLE,
        SCAN_ROLE,
        STEWARD_ROLE,
    )
    powerless = (BACKUP_ROLE, PORTAL_ROLE, PURGE_ROLE, SCAN_ROLE, STEWARD_ROLE)
    assert roles == [(APP_ROLE, True, False), *((role, False, False) for role in powerless)]
    owned = rows(
        superuser,
        "select relname from pg_class join pg_roles r on r.oid = relowner where rolname in (%s, %s, %s, %s, %s, %s)",
        APP_ROLE,
        BACKUP_ROLE,
        PORTAL_ROLE,
        PURGE_ROLE,
        SCAN_ROLE,
        STEWARD_ROLE,
    )
    assert owned == []
    memberships = rows(
        superuser,
        """
        select roleid::regrole::text from pg_auth_members
        where member = any(array[%s, %s, %s, %s, %s, %s]::regrole[])
        """,
        APP_ROLE,
        BACKUP_ROLE,
        PORTAL_ROLE,
        PURGE_ROLE,
        SCAN_ROLE,
        STEWARD_ROLE,
    )
    lower = "the application may lower itself to a portal's rights or a provider's, and nothing else"
    assert sorted(memberships) == [(PORTAL_ROLE,), (STEWARD_ROLE,)], lower


def test_scan_functions_run_as_the_scan_role_and_nothing_else_runs_with_borrowed_rights(superuser: Connection) -> None:
    functions = rows(
        superuser,
        """
        select proname, proowner::regrole::text, proconfig from pg_proc
        where prosecdef and pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        """,
    )
    assert {owner for _, owner, _ in functions} == {SCAN_ROLE}
    assert all(config == ["search_path=pg_catalog, public"] for _, _, config in functions)
    assert {str(name) for name, _, _ in functions} == {
        "headgate_audit_alarms",
        "headgate_backlog",
        "headgate_due_backtests",
        "headgate_due_domains",
        "headgate_domain_rivals",
        "headgate_due_exports",
        "headgate_due_provisioning",
        "headgate_due_held",
        "headgate_due_lanes",
        "headgate_due_deliveries",
        "headgate_due_timers",
        "headgate_tenant_by_slug",
        "headgate_portal_hosts",
        "headgate_tenants",
        "headgate_served_tenants",
        "headgate_tenant_list",
        "headgate_tombstones",
        "headgate_guest_stands",
        "headgate_umbrella",
        "headgate_offer_fates",
        "headgate_below",
        "headgate_above",
        "headgate_offered",
        "headgate_offer_bodies",
        "headgate_due_deletions",
    }


def test_the_backup_role_reads_every_table_and_writes_none(superuser: Connection) -> None:
    granted = rows(
        superuser,
        "select table_name, privilege_type from information_schema.role_table_grants where grantee = %s",
        BACKUP_ROLE,
    )
    assert set(granted) == {(table, "SELECT") for table in (*metadata.tables, "alembic_version")}
    members = rows(
        superuser, "select member::regrole::text from pg_auth_members where roleid = %s::regrole", BACKUP_ROLE
    )
    assert {str(name) for (name,) in members} <= {OWNER, "postgres"}


def test_the_purge_role_reads_and_deletes_one_tenants_rows_and_buries_it(superuser: Connection) -> None:
    granted = set(
        rows(
            superuser,
            "select table_name, privilege_type from information_schema.role_table_grants where grantee = %s",
            PURGE_ROLE,
        )
    )
    wanted = {(table, right) for table in metadata.tables for right in ("SELECT", "DELETE")}
    tombstones = "tenant_tombstones"
    assert granted == wanted - {(tombstones, "DELETE")} | {(tombstones, "INSERT")}
    members = rows(
        superuser, "select member::regrole::text from pg_auth_members where roleid = %s::regrole", PURGE_ROLE
    )
    assert {str(name) for (name,) in members} <= {OWNER, "postgres"}


def test_the_scan_role_reads_only_the_tables_its_functions_name(superuser: Connection) -> None:
    granted = rows(
        superuser,
        "select table_name, privilege_type from information_schema.role_table_grants where grantee = %s",
        SCAN_ROLE,
    )
    assert set(granted) == {(table, "SELECT") for _, reads, _ in scan_files() for table in reads}


def test_the_application_cannot_read_as_the_scan_role_or_change_the_schema(
    cluster: Server, worker_database: str
) -> None:
    with psycopg.connect(cluster.dsn(user=APP_ROLE, database=worker_database), autocommit=True) as conn:
        for statement in (
            f"set role {SCAN_ROLE}",
            f"set role {BACKUP_ROLE}",
            f"set role {PURGE_ROLE}",
            f"set role {OWNER}",
            "create table mine (x int)",
            "alter table tenants disable row level security",
            "drop policy tenant on tenants",
            "truncate audit_entries",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


def test_starting_as_a_role_that_row_security_does_not_bind_is_refused(cluster: Server, worker_database: str) -> None:
    with psycopg.connect(cluster.admin_dsn(worker_database)) as conn, pytest.raises(Misconfigured) as refusal:
        check_app_role(conn)
    assert "is a superuser and bypasses row-level security and owns tables" in refusal.value.message
    with psycopg.connect(cluster.dsn(database=worker_database)) as conn, pytest.raises(Misconfigured, match="owns tab"):
        check_app_role(conn)
    with psycopg.connect(cluster.dsn(user=APP_ROLE, database=worker_database)) as conn:
        check_app_role(conn)


# Numbers that are no amounts: how many messages a target may be sent right now.
FLOATS = {("target_states", "tokens")}


def test_no_column_holds_an_amount_as_a_float(superuser: Connection) -> None:
    floats = rows(
        superuser,
        f"""
        select c.table_name, c.column_name from information_schema.columns c
        where c.table_schema = 'public' and c.data_type in ('real', 'double precision', 'money')
          and c.table_name not in {OURS}
        """,
    )
    assert set(floats) == FLOATS


# Rows about a partner that say what the partner must not know, such as whose claim stands against its deal: closed to
# portals as a whole. A new table with such a column must limit portals, or be put here for a reason.
FOR_STAFF = {"cases", "approvals", "tasks", "access_review_items"}
WITH_A_PARTNER = """
select table_name from information_schema.columns where table_schema = 'public' and column_name = 'partner'
"""


def test_a_table_with_a_partners_column_limits_portals_or_is_for_staff(superuser: Connection) -> None:
    found = {row[0] for row in rows(superuser, WITH_A_PARTNER)}
    declared = {name for name, table in metadata.tables.items() if table.info.get("partner_column")}
    assert found - declared == FOR_STAFF
    assert {metadata.tables[name].info["portal"] for name in FOR_STAFF} == {"closed"}
