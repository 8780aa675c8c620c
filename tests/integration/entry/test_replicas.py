"""Several serving processes under one that watches them: what it does when it is told to stop more than once."""

from __future__ import annotations

import operator
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from headgate.entry import replicas
from headgate.entry.replicas import run_replicas
from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def _own_signals() -> Iterator[None]:
    """What signals do to the run of the tests is as it was afterwards."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    for number, action in zip(SIGNALS, before, strict=True):
        signal.signal(number, action)


@pytest.mark.usefixtures("_own_signals")
def test_who_stops_it_once_more_while_it_ends_writes_into_no_file_of_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "STARTED_SECONDS", 600.0)  # however long a process takes to begin here
    with socket.socket() as bound, pytest.raises(Misconfigured, match="ended with code 0 when it started"):
        run_replicas(settings, bound, 1, operator.is_)  # type: ignore[arg-type]  # a process that is done at once
    for number in SIGNALS:
        os.kill(os.getpid(), number)
