"""How passwords are hashed: strong enough in the product, and made stronger when somebody signs in."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, Type

from headgate.access import hashing


def test_the_product_hashes_with_no_less_than_is_recommended(passwords: PasswordHasher) -> None:
    """OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB and two passes, or 46 MiB and one."""
    assert passwords.type is Type.ID
    assert passwords.memory_cost >= 47_104 or (passwords.memory_cost >= 19_456 and passwords.time_cost >= 2)
    assert (passwords.salt_len, passwords.hash_len) >= (16, 16)


def test_a_hash_made_with_less_work_is_made_anew(monkeypatch: pytest.MonkeyPatch, passwords: PasswordHasher) -> None:
    weak = hashing.hash_password("correct horse")
    assert hashing.rehashed(weak, "correct horse") is None
    monkeypatch.setattr(hashing, "_HASHER", passwords)
    again = hashing.rehashed(weak, "correct horse")
    assert again is not None
    assert hashing.password_fits(again, "correct horse")
    assert not hashing.password_fits(again, "wrong horse")
    assert hashing.rehashed(again, "correct horse") is None


def test_nobodys_password_fits_nothing() -> None:
    assert not hashing.password_fits(None, "the password of nobody at all")
    assert not hashing.password_fits("no hash", "x")
