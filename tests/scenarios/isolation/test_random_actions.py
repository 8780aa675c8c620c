"""Two tenants and their partners do random things by API, console, portal and SQL; nobody is shown what is another's.

Everybody's words bear a mark (marks.py); the ways in come from the application's own lists (doors.py); both tenants
are behind one application, so what it keeps in memory is tried as well. Each step is small numbers, so a failure is
shrunk to the few steps that show it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headgate.kernel.settings import Settings
from headgate.store import Database
from tests.scenarios.isolation.doors import Door
from tests.scenarios.isolation.marks import MARK, words_of
from tests.scenarios.isolation.village import Leak, Resident, Village, open_village

pytestmark = pytest.mark.slow
Action = Callable[[Resident, Random], Any]
STEP = st.tuples(st.integers(0, 5), st.integers(0, 9_999), st.integers(0, 2**32 - 1))
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def village(
    database: Database, cluster: Any, worker_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Village]:
    """Everybody has looked around once."""
    with psycopg.connect(cluster.admin_dsn(worker_database), autocommit=True) as conn:
        made = open_village(database, conn, tmp_path_factory.mktemp("village"))
        look_around(made)
        yield made


def look_around(village: Village) -> None:
    """Everybody opens some lists of theirs, so that there are ids, links and forms to go on with."""
    for who in village.residents:
        for edge, most in (("api", 30), (who.edge, 15)):
            lists = [d for d in village.doors if (d.edge, d.method) == (edge, "GET") and "{" not in d.path]
            for door in Random(1).sample(lists, min(most, len(lists))):
                village.ask(who, door, Random(1))


def actions(village: Village) -> list[Action]:
    """What may come next. Routes are many; what pages offer, statements and orders come again and again."""

    def through(door: Door) -> Action:
        return lambda who, random: village.ask(who, door, random)

    often = [village.follow] * 60 + [village.press] * 60 + [village.query] * 40
    return [*map(through, village.doors), *often, *[village.send_order] * 15, *[village.work] * 15]


def step(village: Village, choices: list[Action], who: int, what: int, seed: int) -> None:
    """One action; now and then somebody of the other house looks at something before and after it."""
    random = Random(seed)
    actor = village.residents[who % len(village.residents)]
    act = choices[what % len(choices)]
    if random.random() < 0.75:
        act(actor, random)
        return
    watchers = [each for each in village.residents if each.owner.house != actor.owner.house]
    watcher, look = random.choice(watchers), random.randrange(2**32)
    before = [watched(village, watcher, look) for _ in range(2)]
    act(actor, random)
    if before[0] == before[1]:  # what shows its own reading, such as the audit log, differs by itself
        after = watched(village, watcher, look)
        if after != before[1]:
            raise Leak(f"{actor.owner} did something and {watcher.owner} saw it: {before[1]!r} became {after!r}")


def watched(village: Village, watcher: Resident, seed: int) -> str:
    """What somebody sees of their own house."""
    random = Random(seed)
    doors = [d for d in village.doors if d.method == "GET" and "{" not in d.path and d.edge in ("api", watcher.edge)]
    answer = village.ask(watcher, random.choice([d for d in doors if not d.path.startswith("/health")]), random)
    return words_of(answer.content) if answer is not None and answer.status_code == 200 else ""


@settings(max_examples=7, derandomize=True, phases=[Phase.generate, Phase.shrink], suppress_health_check=QUIET)
@given(steps=st.lists(STEP, min_size=10, max_size=20))
def test_nobody_is_shown_what_is_anothers_whatever_everybody_does(village: Village, steps: list[Any]) -> None:
    walk(village, steps)


# Where others wait for the answer, the same walks each time; by hand, other ones each time.
@settings(
    max_examples=30,
    derandomize="CI" in os.environ,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=QUIET,
    print_blob=True,
)
@given(steps=st.lists(STEP, min_size=20, max_size=40))
def test_nobody_is_shown_what_is_anothers_on_long_walks(village: Village, steps: list[Any]) -> None:
    walk(village, steps)


def walk(village: Village, steps: list[Any]) -> None:
    """Take some steps, then compare the ids that were told."""
    choices = actions(village)
    for who, what, seed in steps:
        step(village, choices, who, what, seed)
    village.compare_ids()


def test_everybody_was_shown_enough_to_prove_something(village: Village) -> None:
    for who in village.residents:
        assert who.well >= 10, who.owner
        assert who.pool.links, who.owner
        said = [value for values in who.pool.values.values() for value in values] + who.pool.links
        assert any(who.owner.house in mark for value in said for mark in MARK.findall(value)), who.owner


@pytest.mark.parametrize("table", ["orders", "cases", "partners", "case_messages"])
def test_a_table_without_its_row_security_is_noticed(
    table: str, fresh_settings: Settings, fresh_database: Database, cluster: Any, tmp_path: Path
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(fresh_settings.database_url)["dbname"]
    with psycopg.connect(cluster.admin_dsn(str(name)), autocommit=True) as conn:
        village = open_village(fresh_database, conn, tmp_path)
        look_around(village)
        conn.execute(f"alter table {table} disable row level security".encode())
        random = Random(7)
        choices = actions(village)
        with pytest.raises(Leak):
            for _ in range(3000):
                step(village, choices, random.randrange(6), random.randrange(9_999), random.getrandbits(32))
