"""The real identity provider on a port of its own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.provider import ADVICE, PROGRAM, find_provider

TRIES = 3


@contextmanager
def real_provider(back: str) -> Iterator[str]:
    """Its issuer, while it runs; `back` is the redirect address that it knows. Skips without node."""
    node = find_provider()
    if node is None:
        pytest.skip(ADVICE)
    for _ in range(TRIES):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with _begun([node, str(PROGRAM), str(port), back]) as is_ready:
            if is_ready:
                yield f"http://127.0.0.1:{port}"
                return
    raise AssertionError("the provider did not start")


@contextmanager
def _begun(command: list[str]) -> Iterator[bool]:
    """Whether it serves; it does not when its port was taken by somebody in the meantime."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROGRAM.parent
    )
    try:
        assert process.stdout is not None
        yield any("ready" in line for line in process.stdout)
    finally:
        process.kill()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
