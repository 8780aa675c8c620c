"""One-time codes (RFC 6238: SHA-1, six digits, 30 seconds) and recovery codes."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

SECRET_BYTES = 20
# One step before and after: clocks differ and people type slowly (RFC 6238, section 5.2).
WINDOW = 1
RECOVERY_CODES = 10
_CODE = re.compile(r"\d{6}")
_RECOVERY = re.compile(r"[a-z2-7]{16}")


def new_secret() -> str:
    """A fresh secret in Base32: 160 bits, the length of the hash (RFC 4226, section 4)."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def address(secret: str, account: str, issuer: str) -> str:
    """The `otpauth` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer.replace(":", " "))


def step_of(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step whose code this is, if it is one around now that comes after the last one used; else None."""
    digits = "".join(code.split())
    if not _CODE.fullmatch(digits):
        return None
    try:
        step = pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None
    return step if step > last_step else None


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes of 80 bits each, in groups of four that can be written down."""
    return tuple(_new_code() for _ in range(RECOVERY_CODES))


def recovery_hash(principal: str, code: str) -> bytes | None:
    """What is stored of a recovery code; None for what is none. 80 random bits need no slow hash."""
    plain = code.lower().replace("-", "").replace(" ", "").strip()
    if not _RECOVERY.fullmatch(plain):
        return None
    return hashlib.sha256(f"headgate recovery {principal} {plain}".encode()).digest()


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[n : n + 4] for n in range(0, 16, 4))
