"""Roles, grants, row-level security and scan functions: everything that keeps tenants apart in the database.

All of it follows from what `tenant_table` recorded and from `sql/*.sql`. It is looked at again after every migration,
in the same transaction, so no migration has to remember it and no table is ever without it. What stands as it should is
left alone: setting a policy again would lock the table against everybody who works with it at that moment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING

import psycopg
from psycopg import Connection, sql

from headgate.kernel.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

APP_ROLE = "headgate_app"
SCAN_ROLE = "headgate_scan"
# What a transaction of a partner works as: what the application may do, without the columns that are for staff.
PORTAL_ROLE = "headgate_portal"
# What a transaction of a provider works as while it sets up a tenant below its own: it reads nothing of its business.
STEWARD_ROLE = "headgate_steward"
# Reads everything of every tenant and writes nothing: what a backup is taken as. The owner belongs to it, nobody else.
BACKUP_ROLE = "headgate_backup"

# Deletes what a tenant has, when its deletion is due. The owner belongs to it, nobody else.
PURGE_ROLE = "headgate_purge"

# What is left when all else of a tenant is gone: written with the deletion, and never deleted.
TOMBSTONES = "tenant_tombstones"

_GRANTS = {"crud": "select, insert, update, delete", "append": "select, insert", "read": "select"}

# Roles belong to the whole cluster: another database's migration may be creating them at this moment.
_ROLE = """
do $$ begin
  if not exists (select from pg_roles where rolname = '{role}') then
    begin create role {role} {login}; exception when duplicate_object or unique_violation then null; end;
  end if;
end $$
"""

# Roles belong to the whole cluster, so another database's owner may have done it already.
_MEMBER = """
do $$ begin
  if not pg_has_role('{member}', '{role}', 'member') then grant {role} to {member}; end if;
end $$
"""

# The setting stands in a sub-select so that a statement reads it once and not once per row: same index use, and a scan
# over one tenant's rows takes a third of the time (docs/decisions/0002-row-security-form.md).
_TABLE = """
alter table {table} enable row level security;
alter table {table} force row level security;
drop policy if exists tenant on {table};
create policy tenant on {table} to {app}, {portal}{and_steward}
  using (tenant_id = (select current_setting('headgate.tenant')::uuid))
  with check (tenant_id = (select current_setting('headgate.tenant')::uuid));
revoke all on {table} from public, {app}, {portal}, {scan}, {backup}, {purge};
grant {grants} on {table} to {app};
grant {portal_grants} on {table} to {portal};
grant select on {table} to {backup};
grant select, delete on {table} to {purge};
drop policy if exists purge on {table};
create policy purge on {table} to {purge}
  using (tenant_id = (select current_setting('headgate.tenant')::uuid))
  with check (tenant_id = (select current_setting('headgate.tenant')::uuid));
drop policy if exists partner on {table};
drop policy if exists partner_select on {table};
drop policy if exists partner_insert on {table};
drop policy if exists partner_update on {table};
drop policy if exists partner_delete on {table};
drop policy if exists scan on {table};
drop policy if exists backup on {table};
create policy backup on {table} for select to {backup} using (true);
"""

# The empty text stands for staff. A transaction that never said who it is for gets null here, and so no rows.
# Asked as "is unlike", because the planner takes a comparison with something it does not know to be true of one row in
# two hundred when it asks for what is alike, and of nearly all rows when it asks for what is not. Most transactions are
# of staff; believing that they see half a percent of a table made it read whole tables for want of a better plan.
_STAFF = "(select case when current_setting('headgate.partner', true) = '' then 'staff' else '' end) <> ''"

_OF_PARTNER = f"{_STAFF} or {{column}} = (select current_setting('headgate.partner', true))"
_PARTNER = f"""
create policy partner on {{table}} as restrictive to {{app}}, {{portal}}
  using ({_OF_PARTNER}) with check ({_OF_PARTNER});
"""

# Rows that a partner's own people made or that are about them.
_OF_ACTORS = f"""{_STAFF} or {{column}} in (
    select p.principal from principals p where p.partner = (select current_setting('headgate.partner', true)))"""
_ACTORS = f"""
create policy partner on {{table}} as restrictive to {{app}}, {{portal}}
  using ({_OF_ACTORS})
  with check ({_OF_ACTORS});
"""

# Rows that belong to no partner are for staff, but for the commands that a table leaves open to portals.
_CLOSED = (
    f"create policy partner on {{table}} as restrictive to {{app}}, {{portal}} using ({_STAFF}) with check ({_STAFF});"
)
_COMMANDS = {
    "select": f"using ({_STAFF})",
    "insert": f"with check ({_STAFF})",
    "update": f"using ({_STAFF}) with check ({_STAFF})",
    "delete": f"using ({_STAFF})",
}
_LEFT_OPEN = {"read": {"select"}, "insert": {"insert"}, "open": set(_COMMANDS)}

# Only tables that set a tenant up say anything of its provider.
_STEWARDED = """
revoke all on {table} from {steward};
grant {steward_grants} on {table} to {steward};
"""

_SCANNED = """
create policy scan on {table} for select to {scan} using (true);
grant select on {table} to {scan};
"""

# How each table stands now, and what was noted when it was last set up: its statements, and how it stood after them.
_STANDING = """
select c.relname, note.description,
  md5(concat_ws('|', c.relrowsecurity, c.relforcerowsecurity, c.relacl::text, (
    select string_agg(concat_ws(',', a.attname, a.attacl::text), ';' order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attacl is not null), (
    select string_agg(concat_ws(',', p.polname, p.polcmd, p.polpermissive, p.polroles::text,
             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)), ';' order by p.polname)
    from pg_policy p where p.polrelid = c.oid)))
from pg_class c
left join pg_policy t on t.polrelid = c.oid and t.polname = 'tenant'
left join pg_description note on note.objoid = t.oid and note.classoid = 'pg_policy'::regclass
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
"""

_FUNCTIONS = """
select p.oid::regprocedure::text, p.proname, note.description
from pg_proc p left join pg_description note on note.objoid = p.oid and note.classoid = 'pg_proc'::regclass
where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'headgate_')
  and pg_get_userbyid(p.proowner) = %s
"""

_OLD_FUNCTIONS = """
select oid::regprocedure::text from pg_proc
where pronamespace = 'public'::regnamespace and starts_with(proname, 'headgate_')
"""

_DEFINED = re.compile(r"create function (headgate_\w+)")

_APP_FACTS = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       exists (select from pg_class c
               where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
                 and pg_has_role(r.oid, c.relowner, 'member')),
       pg_has_role(r.oid, (select oid from pg_roles where rolname = 'headgate_scan'), 'member'),
       pg_has_role(r.oid, (select oid from pg_roles where rolname = 'headgate_backup'), 'member')
from pg_roles r where r.rolname = current_user
"""


def secure(conn: Connection, metadata: MetaData) -> None:
    """Create the roles and set row-level security, grants and scan functions of every table, in this transaction."""
    from headgate.store.tables import tenant_tables  # with SQLAlchemy, which only this needs

    roles = (APP_ROLE, PORTAL_ROLE, SCAN_ROLE, BACKUP_ROLE, PURGE_ROLE, STEWARD_ROLE)
    for role in roles:
        _execute(conn, _ROLE.format(role=role, login="login" if role == APP_ROLE else "nologin"))
    _execute(conn, f"grant usage on schema public to {', '.join(roles)}")
    _execute(conn, f"grant {PURGE_ROLE} to current_user")
    _execute(conn, _MEMBER.format(role=PORTAL_ROLE, member=APP_ROLE))
    _execute(conn, _MEMBER.format(role=STEWARD_ROLE, member=APP_ROLE))
    _execute(conn, f"grant {BACKUP_ROLE} to current_user; grant select on alembic_version to {BACKUP_ROLE}")
    tables = {table.name: table for table in tenant_tables(metadata)}
    scanned = {name for _, reads, _ in scan_files() if tables.keys() >= set(reads) for name in reads}
    _secure_tables(conn, [_table_ddl(table, scanned=name in scanned) for name, table in tables.items()], list(tables))
    # To draw numbers before inserting; setting a sequence back would need another privilege.
    _execute(conn, f"grant usage on all sequences in schema public to {APP_ROLE}, {PORTAL_ROLE}")
    _execute(conn, f"grant select on all sequences in schema public to {BACKUP_ROLE}")
    _scan_functions(conn, set(tables))


def check_app_role(conn: Connection) -> None:
    """Refuse to work as a role that row-level security does not bind. Raises `Misconfigured`."""
    row = conn.execute(_APP_FACTS).fetchone()
    if row is None:
        raise Misconfigured("the application's database role cannot be read")
    name, superuser, bypasses, owns, scans, copies = row
    faults = [
        text
        for found, text in (
            (superuser, "is a superuser"),
            (bypasses, "bypasses row-level security"),
            (owns, "owns tables"),
            (scans, f"is a member of {SCAN_ROLE}"),
            (copies, f"is a member of {BACKUP_ROLE}"),
        )
        if found
    ]
    if faults:
        raise Misconfigured(
            f"the database role {name} {' and '.join(faults)}, so tenants would not be kept apart; "
            f"let HEADGATE_APP_DATABASE_URL name {APP_ROLE} or a member of it"
        )


@contextmanager
def unforced(conn: Connection, table: str) -> Iterator[None]:
    """Within a migration's transaction, let the owner see every tenant's rows of one table, to move data."""
    name = sql.Identifier(table)
    conn.execute(sql.SQL("alter table {} no force row level security").format(name))
    yield
    conn.execute(sql.SQL("alter table {} force row level security").format(name))


def scan_files() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The scan functions: file name, tables read (its first line, `-- reads: a, b`), and SQL text."""
    for file in sorted(resources.files("headgate.store").joinpath("sql").iterdir(), key=lambda f: f.name):
        text = file.read_text(encoding="utf-8")
        head = re.match(r"-- reads: ([a-z_, ]+)\n", text)
        if head is None:
            raise ValueError(f"{file.name} does not begin with '-- reads: …'")
        yield file.name, tuple(name.strip() for name in head[1].split(",")), text


def _table_ddl(table: Table, *, scanned: bool) -> str:
    names = {
        "table": f'"{table.name}"',
        "app": APP_ROLE,
        "portal": PORTAL_ROLE,
        "scan": SCAN_ROLE,
        "backup": BACKUP_ROLE,
        "purge": PURGE_ROLE,
        "steward": STEWARD_ROLE,
        "and_steward": f", {STEWARD_ROLE}" if table.info["steward"] else "",
    }
    ddl = _TABLE.format(**names, grants=_GRANTS[table.info["app"]], portal_grants=_portal_grants(table))
    ddl += _portal_ddl(table).format(**names)
    if table.info["steward"]:
        ddl += _STEWARDED.format(**names, steward_grants=", ".join(table.info["steward"]))
    if table.name == TOMBSTONES:
        ddl += f"revoke delete on {table.name} from {PURGE_ROLE}; grant insert on {table.name} to {PURGE_ROLE};"
    return ddl + _SCANNED.format(**names) if scanned else ddl


def _portal_grants(table: Table) -> str:
    """What a partner's transaction may do at all: as the application, but it reads no column that is for staff."""
    grants = _GRANTS[table.info["app"]]
    if not table.info["staff_columns"]:
        return grants
    shown = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in table.info["staff_columns"])
    return grants.replace("select", f"select ({shown})")


def _portal_ddl(table: Table) -> str:
    """What limits a partner's transaction in this table, with places for the names."""
    if column := table.info["partner_column"]:
        return _PARTNER.replace("{column}", f'"{column}"')
    if column := table.info["actor_column"]:
        return _ACTORS.replace("{column}", f'{table.name}."{column}"')
    if table.info["portal"] == "closed":
        return _CLOSED
    return "".join(
        f"create policy partner_{command} on {{table}} as restrictive for {command} to {{app}}, {{portal}} {clause};"
        for command, clause in _COMMANDS.items()
        if command not in _LEFT_OPEN[table.info["portal"]]
    )


def _secure_tables(conn: Connection, statements: list[str], names: list[str]) -> None:
    """Run the statements of the tables that do not stand as these statements left them."""
    noted = {name: (note, standing) for name, note, standing in conn.execute(_STANDING.encode())}
    changed = {
        name: text
        for name, text in zip(names, statements, strict=True)
        if noted[name][0] != f"{_digest(text)} {noted[name][1]}"
    }
    for text in changed.values():
        _execute(conn, text)
    standing = {name: now for name, _, now in conn.execute(_STANDING.encode())} if changed else {}
    for name, text in changed.items():
        _execute(conn, f"comment on policy tenant on \"{name}\" is '{_digest(text)} {standing[name]}'")


def _scan_functions(conn: Connection, tables: set[str]) -> None:
    """Create the functions whose files have changed. One that is called at the moment goes on undisturbed."""
    wanted = {name: text for name, reads, text in scan_files() if tables.issuperset(reads)}
    found = {name: note for _, name, note in conn.execute(_FUNCTIONS.encode(), [SCAN_ROLE])}
    made = {name: _digest(text) for text in wanted.values() for name in _DEFINED.findall(text)}
    if found == made:
        return
    for (signature,) in conn.execute(_OLD_FUNCTIONS).fetchall():
        _execute(conn, f"drop function {signature}")
    # To hand functions over, the owner must belong to the scan role, and that role must be allowed to create.
    _execute(conn, f"grant {SCAN_ROLE} to current_user; grant create on schema public to {SCAN_ROLE}")
    for text in wanted.values():
        _execute(conn, text)
    for (signature,) in conn.execute(_OLD_FUNCTIONS).fetchall():
        name = signature.partition("(")[0].rpartition(".")[2]
        _execute(
            conn,
            f"comment on function {signature} is '{made[name]}';"
            f"revoke all on function {signature} from public; grant execute on function {signature} to {APP_ROLE};"
            f"alter function {signature} owner to {SCAN_ROLE}",
        )
    _execute(conn, f"revoke create on schema public from {SCAN_ROLE}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _execute(conn: Connection, text: str) -> None:
    try:
        conn.execute(text.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the role of HEADGATE_DATABASE_URL may not set up Headgate's roles and grants ({error}); "
            "it must own the database and have CREATEROLE"
        ) from error
