"""Argon2id hashes of passwords (RFC 9106, the low-memory profile of argon2-cffi)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to be stored; takes some tens of milliseconds by design."""
    return _HASHER.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Takes as long when there is none, so that time tells nothing."""
    try:
        _HASHER.verify(stored or _nobodys(), password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def rehashed(stored: str, password: str) -> str | None:
    """A new hash, when the stored one was made with weaker parameters than today's."""
    return _HASHER.hash(password) if _HASHER.check_needs_rehash(stored) else None


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of nobody at all")
