"""Secrets at rest: each under a key of its own, that key under the installation's (envelope encryption, AES-256-GCM).

A sealed text is `hg1.<id of the installation's key>.<wrapped key>.<secret>`, the last two Base64 of nonce and
ciphertext. What the secret belongs to is authenticated with it, so that a sealed text cannot be moved to another
tenant or record.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headgate.kernel.errors import Misconfigured

_VERSION = "hg1"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens. The first key seals; further ones only open, while a key is being replaced."""

    keys: Sequence[bytes]

    def seal(self, secret: str, context: str) -> str:
        """The sealed text of a secret that belongs to `context`."""
        key = secrets.token_bytes(32)
        wrapped = _encrypt(self.keys[0], key, context)
        return ".".join((_VERSION, _key_id(self.keys[0]), wrapped, _encrypt(key, secret.encode(), context)))

    def open(self, sealed: str, context: str) -> str:
        """The secret. Raises `Misconfigured` when no key of the installation opens it in this context."""
        version, _, rest = sealed.partition(".")
        key_id, _, rest = rest.partition(".")
        wrapped, _, encrypted = rest.partition(".")
        found = next((key for key in self.keys if _key_id(key) == key_id), None)
        if version != _VERSION or found is None:
            raise Misconfigured(
                "a stored secret was sealed with another key; restore the installation's secrets folder"
            )
        try:
            return _decrypt(_decrypt(found, wrapped, context), encrypted, context).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise Misconfigured("a stored secret was altered or moved and cannot be opened; set a new one") from None


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"headgate key id" + key).hexdigest()[:16]


def _encrypt(key: bytes, plain: bytes, context: str) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, plain, context.encode())).decode()


def _decrypt(key: bytes, text: str, context: str) -> bytes:
    raw = base64.b64decode(text, altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).decode() != text:
        raise ValueError("the last character has bits that mean nothing")
    return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode())
