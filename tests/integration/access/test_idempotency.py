from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import InProgress, KeyReused, begin_once, forget_keys, keep_answer
from headgate.kernel.canonical import digest
from headgate.kernel.context import Context, Principal
from tests.integration.access.conftest import NOW

ONE, OTHER = digest("one request"), digest("another request")


def test_a_repeat_finds_what_was_answered(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        assert begin_once(conn, ctx, "k", ONE) is None
        keep_answer(conn, ctx, "k", receipt={"seq": 7})
    with database.transaction(tenant) as conn:
        kept = begin_once(conn, ctx, "k", ONE)
        assert kept is not None
        assert (kept.receipt, kept.status, kept.response) == ({"seq": 7}, None, None)
        keep_answer(conn, ctx, "k", status=201, response='{"a":1}')
    with database.transaction(tenant) as conn:
        kept = begin_once(conn, ctx, "k", ONE)
        assert kept is not None
        assert (kept.receipt, kept.status, kept.response) == ({"seq": 7}, 201, '{"a":1}')


def test_a_key_stands_for_one_request(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        begin_once(conn, ctx, "k", ONE)
    with pytest.raises(KeyReused), database.transaction(tenant) as conn:
        begin_once(conn, ctx, "k", OTHER)


def test_a_failed_request_leaves_its_key_free(database, tenant, ctx):
    with pytest.raises(ZeroDivisionError), database.transaction(tenant) as conn:
        begin_once(conn, ctx, "k", ONE)
        raise ZeroDivisionError
    with database.transaction(tenant) as conn:
        assert begin_once(conn, ctx, "k", OTHER) is None


def test_the_same_key_of_somebody_else_or_of_another_tenant_is_another_key(database, tenant, ctx, make_tenant):
    other_tenant = make_tenant()
    other = Context(tenant, Principal("user:other", "person"), NOW)
    with database.transaction(tenant) as conn:
        begin_once(conn, ctx, "k", ONE)
        assert begin_once(conn, other, "k", OTHER) is None
    with database.transaction(other_tenant) as conn:
        assert begin_once(conn, Context(other_tenant, ctx.principal, NOW), "k", OTHER) is None


def test_a_second_request_at_the_same_moment_is_told_to_come_again(database, tenant, ctx):
    with database.transaction(tenant) as first:
        begin_once(first, ctx, "k", ONE)
        with pytest.raises(InProgress), database.transaction(tenant) as second:
            begin_once(second, ctx, "k", ONE)


def test_old_keys_are_forgotten_a_bounded_number_at_a_time(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        for n in range(3):
            begin_once(conn, ctx, f"k{n}", ONE)
        assert forget_keys(conn, NOW) == 0
        assert forget_keys(conn, NOW + timedelta(seconds=1), limit=2) == 2
        assert forget_keys(conn, NOW + timedelta(seconds=1), limit=2) == 1
        assert begin_once(conn, ctx, "k0", OTHER) is None
