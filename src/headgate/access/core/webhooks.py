"""Webhook signatures as Standard Webhooks 1.0 has them (https://www.standardwebhooks.com), symmetric scheme `v1`.

The signature is the Base64 of HMAC-SHA-256 over `<webhook-id>.<webhook-timestamp>.<body>` under the bytes that the
secret `whsec_<Base64>` stands for. The public library cannot be told the time, so the scheme is implemented here;
tests hold it against the library in both directions.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from headgate.kernel.errors import Unauthenticated, invalid

PREFIX = "whsec_"
SHORTEST_KEY = 24
LONGEST_KEY = 64
MOST_SIGNATURES = 20

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def encode_secret(key: bytes) -> str:
    """The text of a secret from its 24 to 64 bytes."""
    return PREFIX + base64.b64encode(key).decode()


def decode_secret(secret: str) -> bytes:
    """The bytes of a secret. Raises `Invalid` for anything but `whsec_` and Base64 of 24 to 64 bytes."""
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise invalid("secret", "", "is not a webhook secret", "Use whsec_ and the Base64 of 24 to 64 random bytes.")
    return key


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """The `webhook-signature` of a message sent at `at`."""
    return "v1," + base64.b64encode(_mac(decode_secret(secret), message_id, str(int(at.timestamp())), body)).decode()


def verify_webhook(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, tolerance: timedelta
) -> str:
    """The message id, when the body was signed with one of the secrets not longer than `tolerance` ago (or ahead).

    Raises `Unauthenticated` otherwise. Every secret is compared with every signature, whichever fits.
    """
    return verify_with_keys(body, headers, [decode_secret(secret) for secret in secrets], now, tolerance)


def verify_with_keys(
    body: bytes, headers: Mapping[str, str], keys: Sequence[bytes], now: datetime, tolerance: timedelta
) -> str:
    """`verify_webhook` with secrets that are decoded already."""
    plain = {name.lower(): value for name, value in headers.items()}
    message_id = plain.get("webhook-id", "")
    timestamp = plain.get("webhook-timestamp", "")
    signatures = plain.get("webhook-signature", "")
    if not (message_id and timestamp and signatures):
        raise Unauthenticated("unsigned: webhook-id, webhook-timestamp and webhook-signature are needed")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise Unauthenticated("webhook-timestamp is not a number of seconds since 1970")
    age = now.timestamp() - int(timestamp)
    if age > tolerance.total_seconds():
        raise Unauthenticated("webhook-timestamp is too old; sign each attempt anew and check the sender's clock")
    if -age > tolerance.total_seconds():
        raise Unauthenticated("webhook-timestamp is in the future; check the sender's clock")
    sent = [_signature(text) for text in signatures.split()[:MOST_SIGNATURES]]
    fits = False
    for key in keys:
        expected = _mac(key, message_id, timestamp, body)
        for signature in sent:
            fits |= hmac.compare_digest(expected, signature)
    if not fits:
        raise Unauthenticated("webhook-signature does not fit the body and a secret of this source")
    return message_id


def may_send(types: Sequence[str], event_type: str) -> bool:
    """Whether a source with these types may send this one; `order.*` covers a family, no types at all means any."""
    return not types or any(
        event_type == allowed or (allowed.endswith(".*") and event_type.startswith(allowed[:-1])) for allowed in types
    )


def _mac(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")


def _signature(text: str) -> bytes:
    version, _, encoded = text.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
