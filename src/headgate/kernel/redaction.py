"""What must never stand in a log: secrets by name and by shape, personal data by declared name and by shape.

Used for every line that leaves the process, whoever wrote it. It errs on the side of hiding: a log is read by more
people, kept longer and copied further than the data it speaks of; who did what stands in the audit chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

SECRET: Final = "[secret]"  # noqa: S105 (what stands instead of one)
PERSONAL: Final = "[personal]"
MOST_TEXT: Final = 20_000
_DEEPEST: Final = 6

# Fields that hold secrets, by a word of their name: `signing_secret`, `X-Api-Key`, `sessionToken`.
_SECRET_WORDS: Final = (
    "password passwd passphrase secret token authorization authentication cookie credential apikey api_key private_key "
    "signature csrf dsn database_url envelope salt otp session_id"
).split()
# Fields that hold personal data wherever they appear. Floors above add what they declare (`declare_personal`).
_PERSONAL: set[str] = set(
    "email e_mail phone telephone mobile fax contact address street postcode zip iban birthday date_of_birth "
    "first_name last_name full_name given_name family_name client_ip remote_addr".split()
)

# In texts, first match first. Each says what a leak looks like that was seen or is likely.
_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # The rows PostgreSQL quotes in errors: 'DETAIL:  Key (email)=(ana@…) already exists.'
    (re.compile(r"^(\s*DETAIL:).*$", re.MULTILINE), r"\1 [left out]"),
    (re.compile(r"^(\s*CONTEXT:\s+COPY [^,\n]+, line \d+).*$", re.MULTILINE), r"\1 [left out]"),
    # What validation libraries repeat of the input.
    (re.compile(r"input_value=.*?(, input_type=|\]|$)", re.MULTILINE), rf"input_value={PERSONAL}\1"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), SECRET),
    # Passwords within addresses, and queries, which carry tokens.
    (re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]*@", re.IGNORECASE), rf"\1{SECRET}@"),
    (re.compile(r"((?:\s|\bhttps?:/)/[^\s?\"']*)\?[^\s\"']+(?=\s|\"|'|$)"), r"\1?[query]"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (re.compile(r"\b(hgk_|whsec_|whsk_|sk-|ghp_|xox[abp]-)[A-Za-z0-9_+/=-]{6,}"), rf"\1{SECRET}"),
    (re.compile(r"\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}"), SECRET),  # our session tokens
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), SECRET),  # JSON web tokens
    (re.compile(r"\bv1a?,[A-Za-z0-9+/=]{20,}"), SECRET),  # webhook signatures
    (
        re.compile(
            r"(?i)([\"']?\b[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie)[\w.-]*"
            r"[\"']?\s*[=:]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&)}\]\"']+)"
        ),
        rf"\1{SECRET}",
    ),
    (re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "[e-mail]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), "[IBAN]"),
)


def declare_personal(names: Iterable[str]) -> None:
    """Let these field names be hidden from now on, in logs of this process."""
    _PERSONAL.update(_plain(name) for name in names)


def redact(name: str, value: Any) -> Any:
    """A value as it may be logged under this name: of the same shape, with what must not be told replaced."""
    return _redact(name, value, 0)


def redact_text(text: str) -> str:
    """A text with everything that looks like a secret or like personal data replaced, cut at `MOST_TEXT` characters."""
    if len(text) > MOST_TEXT:
        text = text[:MOST_TEXT] + " … [cut]"
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _redact(name: str, value: Any, depth: int) -> Any:
    plain = _plain(name)
    if value is None or isinstance(value, (bool, int, float)):
        return SECRET if _is_secret(plain) and value is not None and not isinstance(value, bool) else value
    if _is_secret(plain):
        return SECRET
    if plain in _PERSONAL:
        return PERSONAL
    if depth >= _DEEPEST:
        return "[deeper]"
    if isinstance(value, Mapping):
        return {str(key): _redact(str(key), each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redact("", each, depth + 1) for each in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{len(value)} bytes]"
    return redact_text(value if isinstance(value, str) else str(value))


def _plain(name: str) -> str:
    """`X-Api-Key`, `apiKey` and `api_key` as one name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_").lower()


def _is_secret(plain: str) -> bool:
    return any(word in plain for word in _SECRET_WORDS)
