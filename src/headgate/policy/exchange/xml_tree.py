"""XML within bounds: no document type, no entities, no external anything; elements remember their line.

Built on Expat's own events, the way `core/source.py` reads YAML: what can attack is refused when the parser announces
it, before it is expanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase, worded
from headgate.policy.exchange.notice import refusal

MAX_DEPTH = 64
MAX_ELEMENTS = 400_000
MAX_TEXT = 100_000
_SEPARATOR = "\x1f"

Seen = Callable[[str, dict[str, str]], None]
# What the parser says most often is known by the catalogues.
_SAID: Final = (
    phrase("syntax error"),
    phrase("no element found"),
    phrase("not well-formed (invalid token)"),
    phrase("unclosed token"),
    phrase("mismatched tag"),
    phrase("duplicate attribute"),
    phrase("junk after document element"),
    phrase("undefined entity"),
    phrase("unknown encoding"),
    phrase("unbound prefix"),
)


@dataclass(slots=True)
class Element:
    """An XML element: namespace and local name apart, its own text joined, its line in the file."""

    space: str
    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """The children of that name in the element's own namespace."""
        return [c for c in self.children if c.name == name and c.space == self.space]

    def one(self, name: str) -> Element | None:
        """The first child of that name."""
        return next(iter(self.all(name)), None)

    def get(self, name: str, default: str = "") -> str:
        """An attribute without namespace."""
        return self.attributes.get(name, default)

    def walk(self) -> Iterator[Element]:
        """The element and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_xml(data: bytes, file: str) -> Element:
    """The document's root. Raises `Invalid` with the line for broken, deep, huge or dangerous XML."""
    builder = _Builder(file)
    parser = _guarded(file, namespaces=True)
    parser.StartElementHandler = lambda name, attributes: builder.start(name, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = lambda _: builder.end()
    parser.CharacterDataHandler = builder.characters
    _run(parser, data, file)
    assert builder.root is not None, "expat refuses a document without an element"
    return builder.root


def scan_xml(data: bytes, file: str, seen: Seen) -> None:
    """Walk the document without keeping it; `seen` gets each element's local name and attributes."""
    parser = _guarded(file, namespaces=False)
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise refusal(
                file,
                phrase("line %(line)s", line=parser.CurrentLineNumber),
                phrase("nests deeper than %(most)s levels", most=MAX_DEPTH),
            )
        seen(name.rpartition(":")[2], attributes)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    _run(parser, data, file)


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise refusal(
                self.file,
                phrase("line %(line)s", line=line),
                phrase("has more than %(most)s elements", most=MAX_ELEMENTS),
            )
        if len(self.open) >= MAX_DEPTH:
            raise refusal(
                self.file,
                phrase("line %(line)s", line=line),
                phrase("nests deeper than %(most)s levels", most=MAX_DEPTH),
            )
        space, _, local = name.rpartition(_SEPARATOR)
        element = Element(space, local, attributes, line)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        element = self.open[-1]
        if len(element.text) + len(text) > MAX_TEXT:
            raise refusal(
                self.file,
                phrase("line %(line)s", line=element.line),
                phrase("has a text longer than %(most)s characters", most=MAX_TEXT),
            )
        element.text += text


def _guarded(file: str, *, namespaces: bool) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR) if namespaces else expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        fix = phrase("Remove <!DOCTYPE …>: models need no document type, and entities could read other files.")
        raise refusal(
            file,
            phrase("line %(line)s", line=parser.CurrentLineNumber),
            phrase("has a document type or entity"),
            fix,
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]  # it never returns
    return parser


def _run(parser: expat.XMLParserType, data: bytes, file: str) -> None:
    try:
        parser.Parse(data, True)
    except Invalid:
        raise
    except expat.ExpatError as error:
        place = phrase("line %(line)s, column %(column)s", line=error.lineno, column=error.offset + 1)
        raise refusal(
            file, place, phrase("is not XML: %(error)s", error=worded(expat.ErrorString(error.code)))
        ) from None
    except (ValueError, LookupError):  # an encoding that is unknown or needs several bytes
        raise refusal(
            file,
            phrase("the file"),
            phrase("is not XML, or of an encoding that is not known"),
            phrase("Save it as UTF-8."),
        ) from None
