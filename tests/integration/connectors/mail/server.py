"""A mail server of aiosmtpd on whichever port is free, however long a busy machine takes to start it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

PATIENCE = 60.0


class _Anywhere(Controller):
    """Chosen beforehand, a port may be taken by somebody else before the server has it."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(mailbox: Any, **how: Any) -> Iterator[int]:
    """A server on this machine that gives what comes to the mailbox; its port."""
    server = _Anywhere(mailbox, hostname="127.0.0.1", port=0, ready_timeout=PATIENCE, **how)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()
