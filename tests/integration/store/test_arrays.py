"""Lists as parameters come back from the database as they were sent, whichever way they travel."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.store import Database

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
awkward = st.sampled_from(["", "NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", "\n", "é", "日本", "😀", "{a}"])

VALUES: list[tuple[str, list[Any]]] = [
    ("text[]", ["plain", "", "NULL", 'say "yes"', "back\\slash", "a,b", "{x}", "ü"]),
    ("int[]", [0, -1, 2**31 - 1]),
    ("bigint[]", [2**62, -(2**62)]),
    ("numeric[]", [Decimal("1.50"), Decimal("-0.000001"), Decimal("1E+3"), Decimal(0)]),
    ("uuid[]", [UUID(int=0), UUID(int=2**128 - 1)]),
    ("bool[]", [True, False]),
    ("date[]", [date(2026, 3, 1), date(1, 1, 1), date(9999, 12, 31)]),
    ("timestamptz[]", [datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)]),
    ("bytea[]", [b"", b"\x00\xff\\\"'", bytes(range(256))]),
]


@pytest.fixture
def conn(database: Database):
    with database.scan() as connection:
        yield connection


@pytest.mark.parametrize(("type_", "values"), VALUES, ids=[v[0] for v in VALUES])
@pytest.mark.parametrize("gaps", [False, True], ids=["full", "with gaps"])
def test_a_list_of_one_type_survives_the_way_there_and_back(conn, type_, values, gaps):
    sent = [*values, None] if gaps else values
    assert conn.execute(f"select %s::{type_}", (sent,)).fetchone() == (sent,)


@pytest.mark.parametrize("gaps", [False, True], ids=["full", "with gaps"])
def test_texts_survive_in_binary_form_too(conn, gaps):
    sent = ["plain", "", "NULL", 'say "yes"', "back\\slash", "ü", "x" * 100_000] + [None] * gaps
    assert conn.execute("select %b::text[]", (sent,)).fetchone() == (sent,)


@given(sent=st.lists(texts | awkward | st.none(), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
def test_any_texts_survive_both_ways(conn, sent):
    assert conn.execute("select %s::text[], %b::text[]", (sent, sent)).fetchone() == (sent, sent)


def test_json_in_binary_form_can_be_cast(conn):
    sent = ['{"a":"\\"quoted\\""}', '["é"]', None]
    row = conn.execute("select array_length(%b::text[]::jsonb[], 1), (%b::text[]::json[])[1]->>'a'", (sent, sent))
    assert row.fetchone() == (3, '"quoted"')


@pytest.mark.parametrize("placeholder", ["%s", "%b"])
@pytest.mark.parametrize("sent", [["a\0b"], ["a\0b", None], ["a", "\0"]])
def test_a_text_with_nul_is_refused_and_does_not_become_two(conn, placeholder, sent):
    with pytest.raises(psycopg.DataError), conn.transaction():
        conn.execute(f"select {placeholder}::text[]", (sent,))


def test_times_of_other_zones_keep_their_instant(conn):
    berlin = timezone(timedelta(hours=1))
    sent = [datetime(2026, 3, 1, 1, 0, tzinfo=berlin)]
    assert conn.execute("select %s::timestamptz[]", (sent,)).fetchone() == (sent,)


@pytest.mark.parametrize("sent", [[], [None], [None, None]])
def test_lists_without_a_value_are_sent_as_well(conn, sent):
    assert conn.execute("select %s::text[], %s::numeric[], %b::text[]", (sent, sent, sent)).fetchone() == (sent,) * 3


def test_nested_lists_are_left_to_psycopg(conn):
    assert conn.execute("select %s::int[][]", ([[1, 2], [3, 4]],)).fetchone() == ([[1, 2], [3, 4]],)


def test_lists_are_sent_as_what_their_elements_are(conn):
    sent = {
        "numeric[]": [Decimal("1.5"), None],
        "uuid[]": [UUID(int=7)],
        "smallint[]": [1, 2],
        "bigint[]": [10**12],
        "date[]": [None, date(2026, 3, 1)],
        "timestamp with time zone[]": [datetime(2026, 3, 1, tzinfo=UTC)],
        "bytea[]": [b"x"],
        "boolean[]": [True, False],
    }
    asked = "select " + ", ".join(["pg_typeof(%s)::text"] * len(sent))
    for _ in range(2):  # the first time their types are worked out, the second time they are known
        assert conn.execute(asked, list(sent.values())).fetchone() == tuple(sent)
        assert conn.execute("select pg_typeof(%b)::text, pg_typeof(%b)::text", (["x"], [UUID(int=1)])).fetchone() == (
            "text[]",
            "uuid[]",
        )


def test_a_cursor_takes_lists_of_another_type_the_next_time(conn):
    with conn.cursor() as cursor:
        for type_, values in [*VALUES, *reversed(VALUES)]:
            for sent in (values, [], [None], [*values, None]):
                assert cursor.execute(f"select %s::{type_}", (sent,)).fetchone() == (sent,)


@pytest.mark.parametrize("placeholder", ["%s", "%b"])
def test_a_list_that_has_changed_since_the_last_statement_is_looked_at_again(conn, placeholder):
    sent: list[str | None] = ["a", "b"]
    cursor = conn.cursor()
    for change in ("c", None):
        assert cursor.execute(f"select {placeholder}::text[]", [sent]).fetchone() == (sent,)
        sent.append(change)
    assert cursor.execute(f"select {placeholder}::text[]", [sent]).fetchone() == (["a", "b", "c", None],)
