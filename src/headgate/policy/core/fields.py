"""Reads the parts of a policy file and collects what is wrong with them, so that an author mends it in one go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue
from headgate.policy.core.source import Node

MAX_TEXT = 1_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

T = TypeVar("T")


class Fields:
    """Readers of single fields. What is wrong goes to `issues`, and something harmless is read instead."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []

    def wrong(self, node: Node | int, message: str, fix: str = "", row: str = "", column: str = "") -> None:
        """Note a problem of shape at a node or line."""
        line = node if isinstance(node, int) else node.line
        self.issues.append(Issue("shape", "error", message, self.file, line, row, column, fix))

    def mapping(self, node: Node, what: str, keys: Iterable[str] | None = None, row: str = "") -> dict[str, Node]:
        """The names and values of a mapping; with `keys`, others are wrong."""
        if not isinstance(node.value, dict):
            self.wrong(node, phrase("%(what)s is not a mapping of names to values", what=what), row=row)
            return {}
        if keys is not None:
            allowed = sorted(keys)
            for key, value in node.value.items():
                if key not in allowed:
                    self.wrong(
                        value,
                        phrase("unknown key %(key)s in %(what)s", key=key, what=what),
                        phrase("Use %(names)s.", names=", ".join(allowed)),
                        row,
                    )
        return node.value

    def sequence(self, node: Node | None, what: str, limit: int, row: str = "") -> list[Node]:
        """The entries of a list, at most `limit`."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.wrong(node, phrase("%(what)s is not a list", what=what), row=row)
            return []
        if len(node.value) > limit:
            self.wrong(node, phrase("%(what)s has more than %(most)s entries", what=what, most=limit), row=row)
        return node.value[:limit]

    def text(self, parent: dict[str, Node], key: str, line: int, *, default: str | None = None, row: str = "") -> str:
        """A text, or a number as text; without `default` it must be there."""
        node = parent.get(key)
        if node is None or node.value is None:
            if default is None:
                self.wrong(line, phrase("%(key)s is missing", key=key), row=row)
            return default or ""
        if isinstance(node.value, (list, dict, bool)):
            self.wrong(node, phrase("%(key)s is not text", key=key), row=row)
            return ""
        text = str(node.value)
        if len(text) > MAX_TEXT:
            self.wrong(node, phrase("%(key)s is longer than %(most)s characters", key=key, most=MAX_TEXT), row=row)
        return text

    def name(self, parent: dict[str, Node], key: str, line: int, row: str = "") -> str:
        """A name: small letters, digits and underscores."""
        text = self.text(parent, key, line, row=row)
        if text and not _NAME.fullmatch(text):
            self.wrong(
                parent[key],
                phrase("%(key)s %(text)s is not a name", key=key, text=repr(text)),
                phrase("Use small letters, digits and _."),
                row,
            )
        return text

    def choice(
        self, parent: dict[str, Node], key: str, line: int, allowed: Iterable[str], default: str | None = None
    ) -> str:
        """One of a few words."""
        text = self.text(parent, key, line, default=default)
        if text and text not in allowed:
            self.wrong(
                parent[key],
                phrase("%(key)s %(text)s is not known", key=key, text=repr(text)),
                phrase("Use %(names)s.", names=", ".join(sorted(allowed))),
            )
        return text

    def flag(self, parent: dict[str, Node], key: str) -> bool:
        """true or false; false where it is left out."""
        node = parent.get(key)
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.wrong(node, phrase("%(key)s is not true or false", key=key))
            return False
        return node.value

    def number(self, parent: dict[str, Node], key: str) -> Decimal | None:
        """A number, if given."""
        node = parent.get(key)
        if node is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, (int, Decimal)):
            self.wrong(
                node, phrase("%(key)s is not a number", key=key), phrase("Write it without quotes, with a point: 12.5")
            )
            return None
        return Decimal(node.value)

    def unique(self, items: list[T], names: list[str], lines: list[int], what: str) -> tuple[T, ...]:
        """The items, each name of which may stand once."""
        seen: set[str] = set()
        for name, line in zip(names, lines, strict=True):
            if name and name in seen:
                self.wrong(
                    line, phrase("two %(what)s are called %(name)s", what=what, name=name), phrase("Rename one.")
                )
            seen.add(name)
        return tuple(items)
