"""Migrations that would stop a worker of the release before are refused; those that only add pass."""

from __future__ import annotations

import pytest

from scripts.migration_lint import lint, lint_all


def said(body: str, head: str = "") -> list[str]:
    return [finding.text for finding in lint("0009_x.py", f"{head}\ndef upgrade() -> None:\n    {body}\n")]


def test_the_migrations_of_this_release_keep_the_rules():
    assert [str(finding) for finding in lint_all()] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("op.drop_column('orders', 'note')", "drops a column"),
        ("op.drop_table('orders')", "drops a table"),
        ("op.rename_table('orders', 'sales')", "renames a table"),
        ("op.drop_constraint(op.f('orders_x_key'), 'orders')", "drops a constraint"),
        ("op.alter_column('orders', 'note', nullable=False)", "changes a column of orders"),
        ("op.alter_column('orders', 'note', new_column_name='remark')", "changes a column of orders"),
        ("op.add_column('orders', sa.Column('note', sa.Text(), nullable=False))", "without a default"),
        (
            "op.add_column('orders', sa.Column('n', sa.BigInteger(), sa.Identity(), nullable=False))",
            "rewrites the table",
        ),
        (
            "op.add_column('orders', sa.Column('id', sa.UUID(), server_default=sa.text('gen_random_uuid()')))",
            "differs by row",
        ),
        ("op.create_index('orders_by_note', 'orders', ['tenant_id', 'note'])", "Put it into ONLINE"),
        ("op.create_check_constraint(op.f('orders_c'), 'orders', 'x > 0')", "postgresql_not_valid"),
        ("op.create_foreign_key(op.f('fk'), 'orders', 'partners', ['a'], ['b'])", "postgresql_not_valid"),
        ("op.create_unique_constraint(op.f('u'), 'orders', ['a'])", "unique index in ONLINE"),
        ("op.execute('alter table orders alter column x set not null')", "locks or takes away"),
        ("op.execute(sa.text('lock table orders'))", "locks or takes away"),
    ],
)
def test_what_would_stop_others_is_refused_with_what_to_do_instead(body, expected):
    (only, *_) = said(body)
    assert expected in only


@pytest.mark.parametrize(
    "body",
    [
        "op.add_column('orders', sa.Column('note', sa.Text(), nullable=True))",
        "op.add_column('orders', sa.Column('note', sa.Text(), server_default='', nullable=False))",
        "op.add_column('orders', sa.Column('n', sa.Integer(), server_default=sa.text('0'), nullable=False))",
        "op.create_table('notes', sa.Column('a', sa.Text()))\n    op.create_index('notes_by_a', 'notes', ['a'])",
        "op.create_check_constraint('c', 'orders', 'x > 0', postgresql_not_valid=True)",
        "op.drop_index('orders_by_note', table_name='orders')",
        "op.execute('update orders set note = null where false')",
    ],
)
def test_what_only_adds_passes(body):
    assert said(body) == []


def test_what_is_taken_away_later_says_why_it_can_be():
    drop = "op.drop_column('orders', 'note')"
    assert said(drop, "CONTRACT = 'nothing reads orders.note since 0.3'") == []
    assert said(drop, "CONTRACT = 'unused'") == ["CONTRACT says what reads it no more, and since which release"]


def test_an_index_built_under_a_lock_is_not_excused_by_a_contract():
    assert said("op.create_index('i', 'orders', ['a'])", "CONTRACT = 'nothing reads orders.note since 0.3'")
