"""S-FEEL text to tokens. Names may hold spaces and signs, so the names in scope take part in reading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from headgate.kernel.errors import Unread
from headgate.kernel.phrases import phrase

MAX_LENGTH = 10_000
MAX_TOKENS = 2_000

KEYWORDS = frozenset("true false null and or not if then else between in for some every satisfies return".split())
# Built-in functions whose name has a space or stands for itself; a name in scope of the same spelling wins.
SPACED = (
    "date and time",
    "years and months duration",
    "string length",
    "upper case",
    "lower case",
    "starts with",
    "ends with",
    "substring before",
    "substring after",
    "list contains",
    "round half up",
    "round half down",
    "round up",
    "round down",
    "day of week",
    "day of year",
    "week of year",
    "month of year",
    "instance of",
)


class BadFeel(Unread):
    """The text is not S-FEEL, or beyond what is understood of FEEL; the message says what and where."""

    def __init__(self, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.at = at


class Token(NamedTuple):
    """kind is number, text, name, word (keyword), op or end; `value` is what it means."""

    kind: str
    value: str
    at: int


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<name>[^\W\d]\w*)
    |(?P<op>\*\*|\.\.|<=|>=|!=|[-+*/<>=()\[\],.?@{}:])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)


def tokens(text: str, names: Iterable[str] = ()) -> list[Token]:
    """The tokens with an `end` at the end. Raises `BadFeel` at the first character that fits nothing."""
    if len(text) > MAX_LENGTH:
        raise BadFeel(phrase("the expression is longer than %(most)s characters", most=MAX_LENGTH))
    known = _known(names)
    found: list[Token] = []
    at = 0
    while at < len(text):
        token, at = _next(text, at, known)
        if token is not None:
            found.append(token)
        if len(found) > MAX_TOKENS:
            raise BadFeel(phrase("the expression has more than %(most)s parts", most=MAX_TOKENS), at)
    found.append(Token("end", "", len(text)))
    return found


def _next(text: str, at: int, known: re.Pattern[str]) -> tuple[Token | None, int]:
    name = known.match(text, at)
    if name:
        return Token("name", " ".join(name.group().split()), at), name.end()
    match = _TOKEN.match(text, at)
    if match is None:
        raise BadFeel(phrase("cannot read %(text)s", text=repr(text[at : at + 20])), at)
    kind, piece = str(match.lastgroup), match.group()
    if kind == "space":
        return None, match.end()
    if kind == "text":
        return Token("text", unquoted(piece, at), at), match.end()
    if kind == "name" and piece in KEYWORDS:
        kind = "word"
    return Token(kind, piece, at), match.end()


def _known(names: Iterable[str]) -> re.Pattern[str]:
    listed = sorted({" ".join(n.split()) for n in names if n.strip()} | set(SPACED), key=len, reverse=True)
    spelt = [r"\s+".join(map(re.escape, name.split())) for name in listed if name not in KEYWORDS]
    return re.compile(rf"(?:{'|'.join(spelt)})(?!\w)")


def unquoted(piece: str, at: int = 0) -> str:
    """The text that a quoted literal stands for. Raises `BadFeel` for an unknown escape."""

    def plain(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code:
            if int(code, 16) > 0x10FFFF or 0xD800 <= int(code, 16) <= 0xDFFF:
                raise BadFeel(phrase("%(escape)s is not a character", escape=match[0]), at)
            return chr(int(code, 16))
        if match[3] not in _ESCAPES:
            raise BadFeel(phrase("%(escape)s is not an escape; write \\\\ for a backslash", escape=match[0]), at)
        return _ESCAPES[match[3]]

    return _ESCAPED.sub(plain, piece[1:-1])


def quoted(text: str) -> str:
    """The literal that stands for a text."""
    told = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + told.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
