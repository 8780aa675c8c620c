"""Roles, grants, row-level security and scan functions: everything that keeps tenants apart in the database.

All of it follows from what `tenant_table` recorded and from `sql/*.sql`. It is applied again after every migration, in
the same transaction, so no migration has to remember it and no table is ever without it.
"""

from __future__ import annotations

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

_GRANTS = {"crud": "select, insert, update, delete", "append": "select, insert", "read": "select"}

# Roles belong to the whole cluster: another database's migration may be creating them at this moment.
_ROLE = """
do $$ begin
  if not exists (select from pg_roles where rolname = '{role}') then
    begin create role {role} {login}; exception when duplicate_object or unique_violation then null; end;
  end if;
end $$
"""

# The setting stands in a sub-select so that a statement reads it once and not once per row: same index use, and a scan
# over one tenant's rows takes a third of the time (docs/decisions/0002-row-security-form.md).
_TABLE = """
alter table {table} enable row level security;
alter table {table} force row level security;
drop policy if exists tenant on {table};
create policy tenant on {table} to {app}
  using (tenant_id = (select current_setting('headgate.tenant')::uuid))
  with check (tenant_id = (select current_setting('headgate.tenant')::uuid));
revoke all on {table} from public, {app}, {scan};
grant {grants} on {table} to {app};
drop policy if exists partner on {table};
drop policy if exists scan on {table};
"""

# The empty text stands for staff. A transaction that never said who it is for gets null here, and so no rows.
_PARTNER = """
create policy partner on {table} as restrictive to {app}
  using ((select current_setting('headgate.partner', true)) in ('', {column}))
  with check ((select current_setting('headgate.partner', true)) in ('', {column}));
"""

_SCANNED = """
create policy scan on {table} for select to {scan} using (true);
grant select on {table} to {scan};
"""

_OLD_FUNCTIONS = """
select oid::regprocedure::text from pg_proc
where pronamespace = 'public'::regnamespace and starts_with(proname, 'headgate_')
"""

_APP_FACTS = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       exists (select from pg_class c
               where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
                 and pg_has_role(r.oid, c.relowner, 'member')),
       pg_has_role(r.oid, (select oid from pg_roles where rolname = 'headgate_scan'), 'member')
from pg_roles r where r.rolname = current_user
"""


def secure(conn: Connection, metadata: MetaData) -> None:
    """Create the roles and set row-level security, grants and scan functions of every table, in this transaction."""
    from headgate.store.tables import tenant_tables  # with SQLAlchemy, which only this needs

    for role, login in ((APP_ROLE, "login"), (SCAN_ROLE, "nologin")):
        _execute(conn, _ROLE.format(role=role, login=login))
    _execute(conn, f"grant usage on schema public to {APP_ROLE}, {SCAN_ROLE}")
    tables = {table.name: table for table in tenant_tables(metadata)}
    for table in tables.values():
        _execute(conn, _table_ddl(table))
    # To draw numbers before inserting; setting a sequence back would need another privilege.
    _execute(conn, f"grant usage on all sequences in schema public to {APP_ROLE}")
    _scan_functions(conn, set(tables))


def check_app_role(conn: Connection) -> None:
    """Refuse to work as a role that row-level security does not bind. Raises `Misconfigured`."""
    row = conn.execute(_APP_FACTS).fetchone()
    if row is None:
        raise Misconfigured("the application's database role cannot be read")
    name, superuser, bypasses, owns, scans = row
    faults = [
        text
        for found, text in (
            (superuser, "is a superuser"),
            (bypasses, "bypasses row-level security"),
            (owns, "owns tables"),
            (scans, f"is a member of {SCAN_ROLE}"),
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


def _table_ddl(table: Table) -> str:
    names = {"table": f'"{table.name}"', "app": APP_ROLE, "scan": SCAN_ROLE}
    ddl = _TABLE.format(**names, grants=_GRANTS[table.info["app"]])
    if table.info["partner_column"]:
        ddl += _PARTNER.format(**names, column=f'"{table.c[table.info["partner_column"]].name}"')
    return ddl


def _scan_functions(conn: Connection, tables: set[str]) -> None:
    for (signature,) in conn.execute(_OLD_FUNCTIONS).fetchall():
        _execute(conn, f"drop function {signature}")
    # To hand functions over, the owner must belong to the scan role, and that role must be allowed to create.
    _execute(conn, f"grant {SCAN_ROLE} to current_user; grant create on schema public to {SCAN_ROLE}")
    read: set[str] = set()
    for _name, reads, text in scan_files():
        if tables.issuperset(reads):
            _execute(conn, text)
            read.update(reads)
    for table in sorted(read):
        _execute(conn, _SCANNED.format(table=f'"{table}"', scan=SCAN_ROLE))
    for (signature,) in conn.execute(_OLD_FUNCTIONS).fetchall():
        _execute(
            conn,
            f"alter function {signature} owner to {SCAN_ROLE};"
            f"revoke all on function {signature} from public; grant execute on function {signature} to {APP_ROLE}",
        )
    _execute(conn, f"revoke create on schema public from {SCAN_ROLE}")


def _execute(conn: Connection, text: str) -> None:
    try:
        conn.execute(text.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the role of HEADGATE_DATABASE_URL may not set up Headgate's roles and grants ({error}); "
            "it must own the database and have CREATEROLE"
        ) from error
