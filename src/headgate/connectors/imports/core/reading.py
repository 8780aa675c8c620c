"""Small readers for parsed YAML. Each says what is wrong and returns something of the right type, so that reading goes
on and an author sees everything together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from headgate.connectors.imports.core.expressions import alias, names_in, syntax_error
from headgate.kernel.errors import Problem, shorten


class Reading:
    """Collects what is wrong with one mapping; paths are those in the file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.columns: tuple[str, ...] = ()
        self.aliases: frozenset[str] = frozenset()

    def take_columns(self, value: object) -> tuple[str, ...]:
        """The declared columns; expressions and fields read after this are checked against them."""
        self.columns = tuple(self.texts("columns", value))
        self.aliases = frozenset(alias(c) for c in self.columns)
        if len(self.aliases) < len(self.columns):
            self.say("columns", ", ".join(self.columns), "has two columns that expressions cannot tell apart")
        return self.columns

    def say(self, path: str, value: object, message: str, fix: str = "") -> None:
        where = f"{self.file}: {path}" if path else self.file
        self.problems.append(Problem(where, shorten(value) if value is not None else "", message, fix))

    def known(self, path: str, given: Mapping[Any, Any], known: Iterable[str]) -> None:
        names = sorted(known)
        for key in given:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, 1)
                fix = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(names)}."
                self.say(f"{path}.{key}" if path else str(key), None, "is not a known key", fix)

    def block(self, path: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return {str(k): v for k, v in value.items()}
        self.say(path, value, "must be a block of keys and values")
        return {}

    def sequence(self, path: str, value: object) -> list[Any]:
        if isinstance(value, list):
            return value
        self.say(path, value, "must be a list")
        return []

    def text(self, path: str, value: object, *, required: bool = False) -> str:
        if value is None and not required:
            return ""
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
            return str(value)
        if value == "" and not required:
            return ""
        self.say(path, value, "is missing" if value is None else "must be a text")
        return ""

    def texts(self, path: str, value: object) -> list[str]:
        return [self.text(f"{path}[{i}]", v, required=True) for i, v in enumerate(self.sequence(path, value))]

    def whole(self, path: str, value: object, low: int, high: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.say(path, value, f"must be a whole number from {low} to {high}")
        return high

    def timezone(self, value: object) -> str:
        name = self.text("timezone", value, required=True)
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.say("timezone", name, "is not a time zone", "Use an IANA name such as Europe/London.")
        return name

    def column(self, path: str, value: object) -> str:
        name = self.text(path, value, required=True)
        if name and self.columns and name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, 1)
            fix = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(self.columns)}."
            self.say(path, name, "is not a column of the file", fix)
        return name

    def expression(self, path: str, value: object) -> str:
        text = self.text(path, value, required=True)
        error = syntax_error(text) if text else None
        if error is not None:
            self.say(path, text, f"does not parse: {error}")
            return text
        names, whole = names_in(text)
        if whole:
            self.say(path, text, "reads the whole row", "Name the columns it needs.")
        for name in sorted(names - self.aliases) if self.columns else ():
            near = difflib.get_close_matches(name, sorted(self.aliases), 1)
            fix = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(sorted(self.aliases))}."
            self.say(path, text, f"names {name!r}, which is not a column of the file", fix)
        return text
