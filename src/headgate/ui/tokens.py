"""The design tokens as the stylesheet states them, so that their documentation cannot drift from what is served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from headgate.ui.assets import STATIC

_ROOT = re.compile(r":root \{(.*?)\n\}", re.DOTALL)
_LINE = re.compile(r"/\* (?P<group>.+?) \*/|--(?P<name>[a-z0-9-]+): (?P<value>[^;]+);")
_SCHEMES = re.compile(r"light-dark\((#[0-9a-f]{6,8}), (#[0-9a-f]{6,8})\)")
# Where the stylesheet leaves a blank line without a heading.
_SHAPES = "Shape, elevation and motion"
_FIRST_SHAPE = "corner"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its name without dashes, its value as written, and for a colour what it is in light and in dark."""

    name: str
    value: str
    light: str = ""
    dark: str = ""


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """Tokens under the comment that heads them in the stylesheet."""

    title: str
    tokens: tuple[Token, ...]


@lru_cache(maxsize=1)
def token_groups() -> tuple[TokenGroup, ...]:
    """Every token of `tokens.css` in its order."""
    body = _ROOT.search((STATIC / "css" / "tokens.css").read_text(encoding="utf-8"))
    assert body is not None, "tokens.css declares :root"
    groups: dict[str, list[Token]] = {}
    title = ""
    for found in _LINE.finditer(body[1]):
        if found["group"]:
            title = found["group"].split(":")[0]
            title = title[:1].upper() + title[1:]
            continue
        if found["name"] == _FIRST_SHAPE:
            title = _SHAPES
        if title:
            groups.setdefault(title, []).append(_token(found["name"], found["value"]))
    return tuple(TokenGroup(name, tuple(tokens)) for name, tokens in groups.items())


def _token(name: str, value: str) -> Token:
    schemes = _SCHEMES.fullmatch(value)
    return Token(name, value, schemes[1], schemes[2]) if schemes else Token(name, value)
