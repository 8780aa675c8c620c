"""The first bytes of an answer, without what should not be kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 300
HIDDEN: Final = "[hidden]"

_NAMED = re.compile(
    r"""(?ix) (["']? [\w-]* (?:password|passwd|secret|token|api[_-]?key|authorization|credential|cookie|session)
    [\w-]* ["']? \s* [:=] \s* ) (?: "[^"]*" | '[^']*' | [^\s,;&}<]+ )"""
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9+/._~=-]{8,}")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_LONG = re.compile(r"\b(?=[A-Za-z0-9+/_-]*[0-9])(?=[A-Za-z0-9+/_-]*[A-Za-z])[A-Za-z0-9+/_-]{32,}={0,2}")


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """At most 300 characters of an answer, on one line, for a person to read.

    Hidden are our own secrets where a receiver echoes them, values that are named like secrets, credentials, long
    keys, and mail addresses. What is not text is only counted.
    """
    try:
        text = body[: LONGEST * 8].decode("utf-8", errors="strict" if len(body) <= LONGEST * 8 else "ignore")
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are not text)" if body else ""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    text = _SCHEME.sub(HIDDEN, text)
    text = _NAMED.sub(lambda m: f"{m[1]}{HIDDEN}", text)
    text = _EMAIL.sub(HIDDEN, text)
    # Ids in the form of a UUID help and harm nobody.
    text = _LONG.sub(
        lambda m: m[0] if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", m[0]) else HIDDEN, text
    )
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
