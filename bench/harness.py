"""What benches share: a durable server of their own, databases copied from a template, meters, and the report."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from headgate.store import Database, create_schema, embedded
from headgate.store.security import APP_ROLE
from headgate.wiring import load_tables

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How much work a bench does. `quick` is for seeing that it runs; its figures mean nothing."""

    quick: bool = False
    say: Say = field(default=lambda _: None)

    def size(self, full: int, quick: int) -> int:
        """The one or the other."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Report:
    """What a bench found: medians over its rounds, ratios within the run, and remarks."""

    bench: str
    title: str
    figures: dict[str, float]
    ratios: dict[str, float]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One object, numbers with four significant digits."""
        return {
            "bench": self.bench,
            "title": self.title,
            "cores": os.cpu_count() or 1,
            "figures": {name: rounded(value) for name, value in self.figures.items()},
            "ratios": {name: rounded(value) for name, value in self.ratios.items()},
            "notes": list(self.notes),
        }


def rounded(value: float) -> float:
    """Four significant digits; whole numbers stay whole."""
    return value if isinstance(value, int) else float(f"{value:.4g}")


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return statistics.median(values)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took, in seconds: by the clock, of processor time here, and in PostgreSQL's processes."""

    wall: float
    python: float
    postgres: float

    @property
    def processor(self) -> float:
        """Processor time in all."""
        return self.python + self.postgres

    def each(self, count: int) -> Cost:
        """The cost of one of `count` equal pieces."""
        return Cost(self.wall / count, self.python / count, self.postgres / count)


class Server:
    """An embedded server of the bench's own, as durable as an installation's: fsync and synchronous_commit are on."""

    def __init__(self, home: Path) -> None:
        self._server = embedded.start(home, durable=True)
        self._postmaster = psutil.Process(
            int((home / "pgdata" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        )

    def owner_dsn(self, name: str) -> str:
        """The connection string of the role that owns a database."""
        return self._server.dsn(database=name)

    def app_dsn(self, name: str) -> str:
        """The connection string of the application's role."""
        return self._server.dsn(user=APP_ROLE, database=name)

    def admin_dsn(self, name: str) -> str:
        """The connection string of the cluster's superuser, whom row-level security does not bind."""
        return self._server.admin_dsn(name)

    def create(self, name: str, *, template: str = "template1") -> str:
        """A database, empty or a copy of another one, to which nobody may be connected; returns its name."""
        self._admin("create database {} template {} owner {}", name, template, embedded.OWNER)
        return name

    def drop(self, name: str) -> None:
        """Drop a database."""
        self._admin("drop database if exists {} with (force)", name)

    def with_schema(self, name: str) -> str:
        """A database with Headgate's tables; returns its name."""
        self.create(name)
        create_schema(self.owner_dsn(name), load_tables())
        return name

    def settle(self, name: str) -> None:
        """Bring statistics up to date and write everything out, so that no measurement pays for what came before."""
        with psycopg.connect(self._server.admin_dsn(name), autocommit=True) as conn:
            conn.execute("vacuum (analyze)")
            conn.execute("checkpoint")

    @contextmanager
    def open(self, name: str) -> Iterator[Database]:
        """A database as the application sees it."""
        database = Database(self.app_dsn(name), pool_size=4)
        try:
            yield database
        finally:
            database.close()

    def meter(self, work: Callable[[], object]) -> Cost:
        """Do the work and say what it took."""
        server, wall, python = self._processor_seconds(), time.perf_counter(), time.process_time()
        work()
        wall, python = time.perf_counter() - wall, time.process_time() - python
        after = self._processor_seconds()
        return Cost(wall, python, sum(after.values()) - sum(server.get(pid, 0.0) for pid in after))

    def stop(self) -> None:
        """Stop the server."""
        self._server.release()

    def _processor_seconds(self) -> dict[int, float]:
        """By process; one that ended meanwhile (a vacuum worker) drops out."""
        found = {}
        for process in (self._postmaster, *self._postmaster.children()):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            found[process.pid] = times.user + times.system
        return found

    def _admin(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server.admin_dsn(), autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def server() -> Iterator[Server]:
    """A server in a temporary folder that goes away with it."""
    home = Path(tempfile.mkdtemp(prefix="headgate-bench-"))
    started = None
    try:
        started = Server(home)
        yield started
    finally:
        if started is not None:
            started.stop()
        shutil.rmtree(home, ignore_errors=True)
