"""The embedded server with several processes in one home, any of them killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from headgate.kernel.errors import Misconfigured
from headgate.store import embedded
from headgate.store.tuning import server_settings

pytestmark = pytest.mark.slow

USE = """
import sys
import tempfile
from pathlib import Path
from headgate.store import embedded
server = embedded.start(Path(sys.argv[1]), durable=False)
print("started", flush=True)
sys.stdin.readline()
server.release()
"""


class User:
    """Another process that uses the server of a home."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait_until_started(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "started\n"

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def user(home: Path) -> Iterator[Callable[[], User]]:
    """Starts further processes on the home, and ends them with the test."""
    users: list[User] = []

    def begin() -> User:
        users.append(User(home))
        return users[-1]

    yield begin
    for one in users:
        one.kill()


@pytest.fixture(scope="module")
def initialised(run_folder: Path) -> Path:
    """A home whose server was started and stopped once."""
    home = Path(tempfile.mkdtemp(dir=run_folder))
    embedded.start(home, durable=False).release()
    return home


@pytest.fixture
def home(initialised: Path) -> Iterator[Path]:
    """The initialised home, its server stopped before and after the test."""
    yield initialised
    embedded.start(initialised, durable=False).release()
    assert not answers(initialised)


def answers(home: Path) -> bool:
    try:
        psycopg.connect(host=str(home / "pgdata"), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(home: Path) -> int:
    return int((home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def test_the_last_process_to_leave_stops_the_server(home: Path, user: Callable[[], User]) -> None:
    first, second = user(), user()
    first.wait_until_started()
    second.wait_until_started()
    first.leave()
    assert answers(home)
    second.leave()
    assert not answers(home)


def test_processes_that_start_at_once_in_an_empty_home_share_one_server(server_home: Path) -> None:
    users = [User(server_home / "home") for _ in range(3)]
    for one in users:
        one.wait_until_started()
    assert answers(server_home / "home")
    for one in users:
        one.leave()
    assert not answers(server_home / "home")


def test_a_killed_process_leaves_the_server_to_the_next(home: Path, user: Callable[[], User]) -> None:
    victim = user()
    victim.wait_until_started()
    before = postmaster(home)
    victim.kill()
    assert answers(home)
    heir = user()
    heir.wait_until_started()
    assert postmaster(home) == before
    heir.leave()
    assert not answers(home)


def test_a_killed_server_recovers_what_was_committed(home: Path) -> None:
    server = embedded.start(home, durable=False)
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("drop table if exists kept")
        conn.execute("create table kept as select 42 as answer")
    os.kill(postmaster(home), signal.SIGKILL)
    again = embedded.start(home, durable=False)
    with psycopg.connect(again.dsn()) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)
    server.release()
    assert answers(home)
    again.release()


def test_a_stale_pid_file_that_names_a_strangers_process_is_no_obstacle(home: Path) -> None:
    stranger = os.getppid()
    (home / "pgdata" / "postmaster.pid").write_text(f"{stranger}\n{home / 'pgdata'}\n1\n5432\n\n\n0 0\nready\n")
    server = embedded.start(home, durable=False)
    assert answers(home)
    assert postmaster(home) != stranger
    server.release()


def test_an_initialisation_that_was_killed_halfway_is_begun_again(server_home: Path) -> None:
    half = server_home / "home" / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = embedded.start(server_home / "home", durable=False)
    assert answers(server_home / "home")
    server.release()


def test_releasing_twice_does_nothing(home: Path) -> None:
    server = embedded.start(home, durable=False)
    other = embedded.start(home, durable=False)
    server.release()
    server.release()
    assert answers(home)
    other.release()
    assert not answers(home)


def test_a_home_with_a_long_path_works_through_a_short_socket_path(server_home: Path) -> None:
    home = server_home / ("long" * 25)
    server = embedded.start(home, durable=False)
    assert not str(server.sockets).startswith(str(home))
    assert server.sockets.stat().st_mode & 0o077 == 0
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("select current_user").fetchone() == (embedded.OWNER,)
    server.release()
    server.sockets.rmdir()


def test_data_of_another_major_version_is_refused_with_the_way_out(server_home: Path) -> None:
    data = server_home / "pgdata"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(Misconfigured, match="holds PostgreSQL 15 data and this Headgate brings 18"):
        embedded.start(server_home, durable=False)


def test_a_folder_that_is_not_a_database_is_left_alone(server_home: Path) -> None:
    (server_home / "pgdata").mkdir()
    (server_home / "pgdata" / "diary.txt").write_text("mine")
    with pytest.raises(Misconfigured, match="is not a PostgreSQL data folder"):
        embedded.start(server_home, durable=False)
    assert (server_home / "pgdata" / "diary.txt").read_text() == "mine"


def test_only_this_account_can_reach_the_server_and_commits_are_durable(home: Path) -> None:
    server = embedded.start(home)
    with psycopg.connect(server.admin_dsn()) as conn:
        shown = {name: conn.execute(f"show {name}".encode()).fetchone() for name in server_settings(home, durable=True)}
        assert conn.execute("show fsync").fetchone() == ("on",)
    assert shown["listen_addresses"] == ("",)
    assert shown["unix_socket_permissions"] == ("0700",)
    assert shown["synchronous_commit"] == ("on",)
    assert shown["max_connections"] == ("200",)
    assert (home / "pgdata").stat().st_mode & 0o077 == 0
    server.release()


def test_the_owner_is_an_ordinary_role(home: Path) -> None:
    server = embedded.start(home, durable=False)
    with psycopg.connect(server.dsn()) as conn:
        row = conn.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user").fetchone()
    assert row == (False, False)
    server.release()
