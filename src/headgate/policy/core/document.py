"""A policy file as plain values, and plain values as a policy file.

The editor changes a file through here, so what it does not know of a file is kept: unknown keys go through untouched.
Comments and layout are not kept; whoever writes files by hand keeps them by saving text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import yaml

from headgate.policy.core.emitting import WIDTH, PolicyDumper, entry_text, scalar_of
from headgate.policy.core.model import Formula
from headgate.policy.core.source import read_yaml

Document: TypeAlias = dict[str, Any]

# The order in which a file is read; keys that are not named come after.
_TOP = ("policy", "version", "title", "description", "owner", "hit", "aggregate", "inputs", "outputs", "rows")
_LAST = ("default", "tests")
_ROW = ("id", "when", "then", "because", "clause")
_TEST = ("name", "given", "expect", "rows")


def read_document(text: str, file: str = "policy.yaml") -> Document:
    """The file's values by key: texts, numbers (`int` or `Decimal`), booleans, None, lists and mappings.

    Raises `Invalid` with file and line for anything that is not plain, bounded YAML with keys at its top.
    """
    found = read_yaml(text, file).plain()
    return found if isinstance(found, dict) else {}


def write_document(document: Mapping[str, Any]) -> str:
    """The file of these values, to be read back as the same values: rows as blocks, cells and columns on one line."""
    known = [k for k in (*_TOP, *_LAST) if k in document]
    others = [k for k in document if k not in known]
    keys = [k for k in known if k not in _LAST] + others + [k for k in known if k in _LAST]
    return "".join(_part(key, document[key]) for key in keys) if keys else _serialized([])


def _part(key: str, value: object) -> str:
    """What stands below a key at the top; the long lists entry by entry."""
    order = {"rows": _ROW, "tests": _TEST}.get(key)
    if order is None or not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return _serialized([(_scalar(key), _top(key, value))])
    head = f"{key}:\n"
    return head + "".join(
        entry_text(each, order) or _serialized([(_scalar(key), _list([_block(each, order)]))]).removeprefix(head)
        for each in value
    )


def _serialized(items: list[tuple[yaml.Node, yaml.Node]]) -> str:
    root = yaml.MappingNode("tag:yaml.org,2002:map", items, flow_style=False)
    return str(yaml.serialize(root, Dumper=PolicyDumper, width=WIDTH, allow_unicode=True))


def _top(key: str, value: object) -> yaml.Node:
    if key in ("inputs", "outputs") and isinstance(value, Sequence) and not isinstance(value, str):
        return _list([_flow(each) for each in value])
    if key in ("rows", "tests") and value == []:
        return _list([])
    if key == "default" and isinstance(value, Mapping) and "then" in value:
        return _block(value, _ROW)
    return _flow(value)


def _list(nodes: list[yaml.Node]) -> yaml.Node:
    return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, flow_style=not nodes)


def _block(value: object, order: tuple[str, ...]) -> yaml.Node:
    """A mapping with a line per key, and each key's value on that line."""
    if not isinstance(value, Mapping):
        return _flow(value)
    keys = [k for k in order if k in value] + [k for k in value if k not in order]
    items = [(_scalar(k), _flow(value[k])) for k in keys]
    return yaml.MappingNode("tag:yaml.org,2002:map", items, flow_style=not items)


def _flow(value: object) -> yaml.Node:
    if isinstance(value, Mapping):
        items = [(_scalar(k), _flow(v)) for k, v in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", items, flow_style=True)
    if isinstance(value, (list, tuple)):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_flow(v) for v in value], flow_style=True)
    return _scalar(value)


def _scalar(value: object) -> yaml.Node:
    text, tag = scalar_of(value)
    return yaml.ScalarNode(tag, text)


def cell_text(value: object) -> str:
    """A value as a cell shows it: `= …` for a formula, items of a list with commas between, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, Formula):
        return f"= {value.text}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, tuple)):
        return ", ".join(cell_text(v) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {cell_text(v)}" for k, v in value.items())
    return str(value)
