"""The key under which this installation seals secrets."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from headgate.access.seal import Sealer
from headgate.store import local_secret

_NAME = "envelope_key"


@dataclass(frozen=True, slots=True)
class Envelope(Sealer):
    """Seals secrets with a key from `HEADGATE_HOME/secrets`. Machines that share a database must share that file."""

    @classmethod
    def from_home(cls, home: Path) -> Envelope:
        """With the installation's key, made at the first call; files `envelope_key.old*` hold former ones."""
        texts = [local_secret(home, _NAME)]
        texts += [path.read_text() for path in sorted((home / "secrets").glob(f"{_NAME}.old*"))]
        return cls(tuple(base64.urlsafe_b64decode(text.strip() + "=") for text in texts))
