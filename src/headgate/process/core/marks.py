"""Where in a process file something stands: line and column of stages, events, and the words a finding quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

_QUOTED = re.compile(r"'([^']+)'")
# libyaml's parser where it was built in, as the reader of files uses it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[int, int]  # line and column, both from 1


@dataclass(frozen=True, slots=True)
class Marks:
    """The places of one file. Make it with `marks_of` from text that `read_yaml` has taken: plain and bounded."""

    stages: dict[str, yaml.Node]
    events: dict[str, yaml.Node]
    anywhere: yaml.Node | None

    def place(self, where: str, message: str) -> Place:
        """The place of the first word quoted in `message` that stands in the stage or event `where`; else its own."""
        base = self.stages.get(where) or self.events.get(where)
        for word in _QUOTED.findall(message):
            for part in (base, self.anywhere):
                found = next((n for n in _scalars(part) if n.value == word), None) if part is not None else None
                if found is not None and word != where:
                    return _place(found)
        return _place(base) if base is not None else (1, 1)


def marks_of(text: str) -> Marks:
    """The places of a process file."""
    root = yaml.compose(text, Loader=_LOADER)
    top = {key.value: value for key, value in _pairs(root)}
    stages: dict[str, yaml.Node] = {}
    for stage in _items(top.get("stages")):
        name = next((value.value for key, value in _pairs(stage) if key.value == "id"), None)
        if isinstance(name, str):
            stages.setdefault(name, stage)
    events = {str(key.value): key for key, _ in _pairs(top.get("events"))}
    return Marks(stages, events, top.get("anywhere"))


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Keys and values below a node, in the order of the file."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    for key, value in _pairs(node):
        yield from _scalars(key)
        yield from _scalars(value)
    for item in _items(node):
        yield from _scalars(item)


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
