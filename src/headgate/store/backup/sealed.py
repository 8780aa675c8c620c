"""The installation's secrets within a backup, sealed under a passphrase: scrypt (RFC 7914), then AES-256-GCM.

Without them the rows are readable, but what stands sealed in them (signing secrets of sources, targets and
checkpoints) is not.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from headgate.kernel.errors import Conflict, invalid
from headgate.store.secrets import APP_PASSWORD

SHORTEST: Final = 12
_SALT: Final = 16
_NONCE: Final = 12
_WORK: Final = 2**16  # 64 MB and about a fifth of a second
_MARK: Final = b"headgate backup 1"
# It belongs to a role of one server, not to the data; an installation makes its own.
_LEFT_OUT: Final = frozenset({APP_PASSWORD})


def check_passphrase(passphrase: str) -> None:
    """Raise `Invalid` for one that is too short to guard anything."""
    if len(passphrase) < SHORTEST:
        raise invalid("passphrase", "", f"has fewer than {SHORTEST} characters", "Use a longer one.")


def read_secrets(home: Path) -> dict[str, str]:
    """The secrets of an installation that its data needs, by file name."""
    folder = home / "secrets"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    kept = [file for file in files if file.is_file() and not file.name.startswith(".") and file.name not in _LEFT_OUT]
    return {file.name: file.read_text() for file in kept}


def seal(contents: Mapping[str, str], passphrase: str) -> bytes:
    """Salt, nonce and ciphertext."""
    check_passphrase(passphrase)
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, json.dumps(dict(contents)).encode(), _MARK)


def unseal(sealed: bytes, passphrase: str) -> dict[str, str]:
    """The secrets. Raises `Invalid` for a wrong passphrase or an altered text."""
    salt, nonce, text = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
    try:
        contents: dict[str, str] = json.loads(AESGCM(_key(passphrase, salt)).decrypt(nonce, text, _MARK))
    except (InvalidTag, ValueError) as error:
        raise invalid(
            "passphrase", "", "does not open the secrets of this backup", "Give the one it was made with."
        ) from (error)
    return contents


def check_secrets(home: Path, contents: Mapping[str, str]) -> None:
    """Raise `Conflict` when the installation has other secrets under the same names: they are never overwritten."""
    for name, text in contents.items():
        if Path(name).name != name or name.startswith("."):
            raise invalid("FILE", name, "holds a secret under a name that is no file name", "Do not use this backup.")
        path = home / "secrets" / name
        if path.exists() and path.read_text() != text:
            raise Conflict(f"{path} holds another secret than the backup; choose another HEADGATE_HOME or move it away")


def write_secrets(home: Path, contents: Mapping[str, str]) -> None:
    """Write those that are not there, readable by their owner only."""
    folder = home / "secrets"
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, text in contents.items():
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text)


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_WORK, r=8, p=1).derive(passphrase.encode())
