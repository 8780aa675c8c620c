"""Build the image of deploy/Dockerfile with whichever tool this machine has, and try it.

    python scripts/image.py                                  # build headgate:dev with docker, podman or buildah
    python scripts/image.py --tag registry.example/headgate:0.1.0 --python registry.example/python@sha256:…
    python scripts/image.py --try                            # and run it until it says that it is ready
    python scripts/image.py -- --network host                # what follows -- goes to the build

`--try` starts an embedded PostgreSQL in a temporary folder, migrates it from the image, and runs a server as Compose
and Kubernetes do: not as root, without capabilities, on a read-only file system. It ends when /health/ready has
answered and takes away all that it started. Docker and podman run it themselves; where podman cannot (in a sandbox
without control groups) and with buildah, bubblewrap (`bwrap`) runs the image's file system under the same bounds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from headgate.store import embedded
from headgate.store.security import APP_ROLE

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORED = ROOT / "deploy" / "Dockerfile.dockerignore"
READY_SECONDS = 90
USER = 10001
NO_TOOL = "nothing here can build an image: install docker (with its daemon running), podman or buildah"
NO_RUNNER = "nothing here can run the image: start docker's daemon, or install podman, or bubblewrap beside buildah"


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that builds images."""

    name: str

    def build(self, tag: str, python: str, more: Sequence[str]) -> list[str]:
        """The command that builds the image."""
        # Docker finds the ignore file by its name beside the Dockerfile, the others have to be told.
        ignored = [] if self.name == "docker" else ["--ignorefile", str(IGNORED)]
        chosen = ["--build-arg", f"PYTHON_IMAGE={python}"] if python else []
        return [self.name, "build", "--file", str(DOCKERFILE), *ignored, *chosen, "--tag", tag, *more, str(ROOT)]

    def run(self, tag: str, arguments: Sequence[str], settings: Mapping[str, str]) -> list[str]:
        """The command that runs a command of the image under the bounds of the manifests."""
        environment = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
        bounds = ["--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--user", f"{USER}:{USER}"]
        places = ["--tmpfs", "/tmp", "--tmpfs", "/var/lib/headgate:mode=0777", "--network", "host"]
        return [self.name, "run", "--rm", *bounds, *places, *environment, tag, *arguments]


@dataclass(frozen=True, slots=True)
class Tree:
    """The file system of an image, with what it says of itself; bubblewrap runs it."""

    root: str
    config: Mapping[str, list[str]]

    def run(self, _: str, arguments: Sequence[str], settings: Mapping[str, str]) -> list[str]:
        """The same command under the same bounds."""
        own = dict(each.split("=", 1) for each in self.config["Env"])
        environment = [part for key, value in {**own, **settings}.items() for part in ("--setenv", key, value)]
        bounds = ["--unshare-all", "--share-net", "--cap-drop", "ALL", "--clearenv", "--die-with-parent"]
        own_home = ["--perms", "0700", "--tmpfs", own["HEADGATE_HOME"]]
        places = ["--ro-bind", self.root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *own_home]
        user = ["--unshare-user", "--uid", str(USER), "--gid", str(USER)]
        return ["bwrap", *bounds, *user, *places, *environment, "--", *self.config["Entrypoint"], *arguments]


def find_tool() -> Tool | None:
    """The first tool that is there and answers; a docker client without its daemon does not."""
    tools = (Tool(name) for name in ("docker", "podman", "buildah"))
    return next((tool for tool in tools if shutil.which(tool.name) and succeeds(tool.name, "info")), None)


def succeeds(*command: str) -> bool:
    """Whether a command ends well; what it says is not shown."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 when the image was built (and has answered)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", default="headgate:dev")
    parser.add_argument("--python", default="", help="base image, instead of the one that the Dockerfile names")
    parser.add_argument("--try", action="store_true", dest="tried", help="run it until /health/ready answers")
    given = list(sys.argv[1:] if arguments is None else arguments)
    at = given.index("--") if "--" in given else len(given)
    options, more = parser.parse_args(given[:at]), given[at + 1 :]
    tool = find_tool()
    if tool is None:
        print(NO_TOOL, file=sys.stderr)
        return 3
    done = subprocess.run(tool.build(options.tag, options.python, more), check=False).returncode
    if done:
        return done
    print(f"built {options.tag} with {tool.name}")
    if not options.tried:
        return 0
    with runner(tool, options.tag) as found:
        if found is None:
            print(NO_RUNNER, file=sys.stderr)
            return 3
        print(f"running it with {found.name if isinstance(found, Tool) else 'bubblewrap'}")
        return try_image(found, options.tag)


@contextmanager
def runner(tool: Tool, tag: str) -> Iterator[Tool | Tree | None]:
    """What can run the image here."""
    if tool.name != "buildah" and succeeds(*tool.run(tag, ["--version"], {})):
        yield tool
    elif tool.name != "docker" and shutil.which("bwrap") and shutil.which("buildah"):
        container = _said("buildah", "from", tag)
        try:
            described = json.loads(_said("buildah", "inspect", container))["OCIv1"]["config"]
            yield Tree(_said("buildah", "mount", container), described)
        finally:
            succeeds("buildah", "rm", container)
    else:
        yield None


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def try_image(found: Tool | Tree, tag: str) -> int:
    """Migrate a database from the image, serve, and wait until it says that it is ready."""
    with database() as port:
        owner, app = (
            f"postgresql://{user}@127.0.0.1:{port}/{embedded.DATABASE}" for user in (embedded.OWNER, APP_ROLE)
        )
        migrating = {"HEADGATE_DATABASE_URL": owner, "HEADGATE_APP_DATABASE_URL": app}
        subprocess.run(found.run(tag, ["migrate"], migrating), check=True)
        serving, metrics = free_port(), free_port()
        settings = {"HEADGATE_APP_DATABASE_URL": app, "HEADGATE_METRICS_PORT": str(metrics)}
        command = ["serve", "--host", "127.0.0.1", "--port", str(serving), "--no-work"]
        server = subprocess.Popen(found.run(tag, command, settings))
        try:
            answer = ready(f"http://127.0.0.1:{serving}/health/ready", server)
        finally:
            server.terminate()
            server.wait(60)
    print(f"/health/ready of the container answered: {answer}")
    return 0


@contextmanager
def database() -> Iterator[int]:
    """An embedded PostgreSQL of this run's own; the port of this machine under which it is reached meanwhile.

    It listens on a socket in a folder that only its owner may enter, so connections are handed on to it.
    """
    with tempfile.TemporaryDirectory(prefix="headgate-image-") as home:
        Path(home).chmod(0o711)
        server = embedded.start(Path(home) / "home", durable=False)
        try:
            with socket.create_server(("127.0.0.1", 0)) as listening:
                threading.Thread(target=_hand_on, args=(listening, server.sockets), daemon=True).start()
                yield int(listening.getsockname()[1])
        finally:
            server.release()


def _hand_on(listening: socket.socket, sockets: Path) -> None:
    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(sockets / ".s.PGSQL.5432"))
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def ready(url: str, server: subprocess.Popen[bytes]) -> str:
    """What the server says when it is ready. Raises SystemExit when it ends, or is not ready in time."""
    for _ in range(READY_SECONDS * 4):
        if server.poll() is not None:
            raise SystemExit(f"the container ended with {server.returncode} before it was ready")
        try:
            answer = httpx2.get(url, timeout=2)
            if answer.status_code == 200:
                return answer.text
        except httpx2.TransportError:
            pass
        time.sleep(0.25)
    raise SystemExit(f"{url} did not answer well within {READY_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
