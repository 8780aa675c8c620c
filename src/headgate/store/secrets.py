"""Generated secrets in `HEADGATE_HOME/secrets`, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import secrets as random
from pathlib import Path

APP_PASSWORD = "app_role_password"  # noqa: S105 (the name of a file)


def local_secret(home: Path, name: str) -> str:
    """The secret of this name, made at the first call. Processes that ask together get the same one."""
    folder = home / "secrets"
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        making = folder / f".{name}.{os.getpid()}.{random.token_hex(4)}"
        handle = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(random.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: it refuses to replace what another process made a moment before.
        with contextlib.suppress(FileExistsError):
            os.link(making, path)
        making.unlink()
    return path.read_text()
