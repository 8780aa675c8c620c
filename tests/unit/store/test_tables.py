"""Declaring a tenant's table."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Text, UniqueConstraint
from sqlalchemy.exc import InvalidRequestError

import headgate
from headgate import wiring
from headgate.store.tables import tenant_table, tenant_tables


def test_the_tenant_comes_first_and_leads_the_primary_key() -> None:
    table = tenant_table("notes", Column("code", Text), primary_key=("code",), on=MetaData())
    assert [column.name for column in table.columns] == ["tenant_id", "code"]
    assert [column.name for column in table.primary_key] == ["tenant_id", "code"]
    assert not table.c.code.nullable


def test_a_table_with_one_row_a_tenant_has_the_tenant_as_its_key() -> None:
    table = tenant_table("heads", on=MetaData())
    assert [column.name for column in table.primary_key] == ["tenant_id"]


def test_what_secures_a_table_is_recorded_with_it() -> None:
    table = tenant_table("notes", Column("owner", Text), app="append", partner_column="owner", on=MetaData())
    assert table.info == {
        "rls": "tenant",
        "app": "append",
        "partner_column": "owner",
        "actor_column": None,
        "portal": "rows",
        "staff_columns": (),
        "steward": (),
    }


def test_a_key_that_would_cross_tenants_is_refused_when_declared() -> None:
    with pytest.raises(ValueError, match=r"notes: a unique key must begin with tenant_id, not \(code\)"):
        tenant_table("notes", Column("code", Text), UniqueConstraint("code"), on=MetaData())
    with pytest.raises(ValueError, match="must begin with tenant_id"):
        tenant_table("notes", Column("code", Text, unique=True), on=MetaData())


def test_a_partner_column_that_does_not_exist_is_refused_when_declared() -> None:
    with pytest.raises(ValueError, match="notes has no column partner"):
        tenant_table("notes", partner_column="partner", on=MetaData())


def test_only_tenant_tables_are_listed() -> None:
    declared = MetaData()
    notes = tenant_table("notes", on=declared)
    assert list(tenant_tables(declared)) == [notes]


def test_a_name_can_be_declared_only_once() -> None:
    declared = MetaData()
    tenant_table("notes", on=declared)
    with pytest.raises(InvalidRequestError):
        tenant_table("notes", on=declared)


def test_every_module_with_tables_is_brought_up_to_date_and_secured() -> None:
    package = Path(headgate.__file__).parent
    files = [file for file in package.rglob("tables.py") if file.parent.name != "store"]
    found = {".".join(("headgate", *file.relative_to(package).with_suffix("").parts)) for file in files}
    assert found == set(wiring.TABLES), "what wiring.TABLES does not name gets no grants and no row-level security"
