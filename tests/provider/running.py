"""The real identity provider on a port of its own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.provider import ADVICE, PROGRAM, find_provider


@contextmanager
def real_provider(back: str) -> Iterator[str]:
    """Its issuer, while it runs; `back` is the redirect address that it knows. Skips without node."""
    node = find_provider()
    if node is None:
        pytest.skip(ADVICE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [node, str(PROGRAM), str(port), back],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROGRAM.parent,
    )
    try:
        assert process.stdout is not None
        assert any("ready" in line for line in process.stdout), "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
