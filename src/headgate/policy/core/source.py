"""YAML text to plain values that remember their line.

Built on the parser's events, so nothing in a file can construct objects, expand aliases or nest without bound.
Scalars follow YAML 1.2's JSON-like core (`yes`, `on` and dates stay text); a number with decimals is a `Decimal`,
never a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

import yaml

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase, worded
from headgate.policy.core.model import Issue, refuse

MAX_BYTES = 2_000_000
MAX_DEPTH = 12
MAX_NODES = 400_000
# A file of this size or less is remembered once it is read: installing and checking read the same few texts over and
# over, and reading one takes as long as a dozen statements of the database.
_SMALL = 32_000
_REMEMBERED = 64

# libyaml's parser where it was built in: ten times faster, the same events.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,12}")

Content: TypeAlias = "str | int | bool | Decimal | list[Node] | dict[str, Node] | None"


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value and the line it starts on."""

    value: Content
    line: int

    def plain(self) -> object:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value


def read_yaml(text: str, file: str) -> Node:
    """The file's one document, to be looked at and not changed: who asks again may get the same one.

    Raises `Invalid` with file and line for anything that is not plain, bounded YAML.
    """
    if len(text) <= _SMALL:
        return _remembered(text, file)
    if len(text.encode()) > MAX_BYTES:
        raise _broken(
            file,
            0,
            phrase("is larger than %(most)s bytes", most=f"{MAX_BYTES:,}"),
            phrase("Split it into several policies."),
        )
    return _read(text, file)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(text: str, file: str) -> Node:
    return _read(text, file)


def _read(text: str, file: str) -> Node:
    try:
        return _build(text, file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _broken(
            file, line, phrase("is not YAML: %(problem)s", problem=worded(error.problem or error.context or ""))
        ) from None
    except yaml.YAMLError as error:
        raise _broken(file, 0, phrase("is not YAML: %(problem)s", problem=worded(str(error).splitlines()[0]))) from None


def _build(text: str, file: str) -> Node:
    stack: list[tuple[Node, Node | None]] = []  # an open collection and, in a mapping, the key that waits for its value
    root: Node | None = None
    count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(
            event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        ):
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _broken(
                    file,
                    event.start_mark.line + 1 if event.start_mark else 0,
                    phrase("holds a second document"),
                    phrase("Keep one policy per file."),
                )
            continue
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            stack.pop()
            continue
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _broken(file, line, phrase("uses a YAML anchor or alias"), phrase("Write the value out."))
        count += 1
        if count > MAX_NODES:
            raise _broken(
                file,
                line,
                phrase("has more than %(most)s values", most=f"{MAX_NODES:,}"),
                phrase("Split it into several policies."),
            )
        node = _node(event, line, file)
        if not stack:
            root = node
        else:
            _place(stack, node, file)
        if not isinstance(event, yaml.ScalarEvent):
            if len(stack) >= MAX_DEPTH:
                raise _broken(file, line, phrase("nests deeper than %(most)s levels", most=MAX_DEPTH))
            stack.append((node, None))
    if root is None:
        raise _broken(file, 0, phrase("is empty"))
    return root


def _node(event: yaml.Event, line: int, file: str) -> Node:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!"):
        raise _broken(file, line, phrase("uses the YAML tag %(tag)s", tag=tag), phrase("Write a plain value."))
    if isinstance(event, yaml.MappingStartEvent):
        return Node({}, line)
    if isinstance(event, yaml.SequenceStartEvent):
        return Node([], line)
    assert isinstance(event, yaml.ScalarEvent)
    return Node(event.value if event.style else _scalar(event.value), line)


def _scalar(text: str) -> Content:
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


def _place(stack: list[tuple[Node, Node | None]], node: Node, file: str) -> None:
    parent, key = stack[-1]
    if isinstance(parent.value, list):
        parent.value.append(node)
        return
    assert isinstance(parent.value, dict)
    if key is None:
        if not isinstance(node.value, (str, int, bool)):
            raise _broken(file, node.line, phrase("has a key that is not text"))
        name = node.value if isinstance(node.value, str) else str(node.value).lower()
        if name in parent.value:
            raise _broken(file, node.line, phrase("gives %(name)s twice", name=name), phrase("Keep one of the two."))
        stack[-1] = (parent, Node(name, node.line))
        return
    parent.value[str(key.value)] = node
    stack[-1] = (parent, None)


def _broken(file: str, line: int, message: str, fix: str = "") -> Invalid:
    return refuse([Issue("file", "error", message, file, line, fix=fix)])
