"""Hosts that a release before served without a proof go on after the migration that asks for one."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg import sql

from headgate.store import embedded
from headgate.store.migrate import upgrade, upgrade_to
from scripts.schema import load_tables

pytestmark = pytest.mark.slow

TENANT = "insert into tenants (tenant_id, slug, name, currency, timezone, created_at, portal_host) values (%s, %s, '', 'EUR', 'UTC', now(), %s)"  # noqa: E501


def test_hosts_of_before_are_taken_as_proven_although_the_owner_sees_no_tenants_rows(cluster: embedded.Server) -> None:
    name = f"headgate_{uuid.uuid4().hex}"
    with psycopg.connect(cluster.admin_dsn(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(embedded.OWNER))
        )
    ids = [uuid.uuid4() for _ in range(3)]

    def fill(conn: psycopg.Connection) -> None:
        hosts = ("partners.a.example", "b.localhost", None)
        for number, (tenant, host) in enumerate(zip(ids, hosts, strict=True)):
            conn.execute(TENANT.encode(), [tenant, f"t-{number}", host])
        conn.execute("alter table tenants enable row level security; alter table tenants force row level security")
        assert conn.execute("select count(*) from tenants").fetchone() == (0,)

    try:
        upgrade_to(cluster.dsn(database=name), load_tables, "0045", fill)
        upgrade(cluster.dsn(database=name), load_tables)
        with psycopg.connect(cluster.admin_dsn(name)) as conn:
            found = conn.execute("select tenant_id, domain, status, proof, length(token), next_at from tenant_domains")
            assert found.fetchall() == [(ids[0], "partners.a.example", "proven", "migration", 40, None)]
            served = conn.execute("select host, tenant_id from headgate_portal_hosts()").fetchall()
            assert served == [("partners.a.example", ids[0])], "as a process of the release before asks"
            forced = conn.execute("select relforcerowsecurity from pg_class where relname = 'tenants'").fetchone()
            assert forced == (True,)
    finally:
        with psycopg.connect(cluster.admin_dsn(), autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
