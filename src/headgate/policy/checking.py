"""A text's table and what the lints say about it, its own examples among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.examples import ExampleResult
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.parse import parse_document, parse_policy
from headgate.policy.core.reading import read_table
from headgate.policy.lint import lint_subject
from headgate.policy.lint.subject import Subject

FILE = "policy.yaml"


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that can be read as a table, and everything worth telling its author. `compiled` is None while a cell
    cannot be understood; then there are no results either."""

    table: PolicyTable
    issues: tuple[Issue, ...]
    compiled: CompiledPolicy | None
    results: tuple[ExampleResult, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """What keeps it from being reviewed: errors of the lints, failing examples among them."""
        return tuple(i for i in self.issues if i.severity == "error")

    @property
    def remarks(self) -> tuple[Issue, ...]:
        """What stops nothing."""
        return tuple(i for i in self.issues if i.severity != "error")


@lru_cache(maxsize=64)
def check_text(text: str, file: str = FILE) -> Checked:
    """Read, lint and try a text. The same for every tenant, so it is kept. Raises `Invalid` when it is no table."""
    return _checked(parse_policy(text, file))


def check_document(document: Mapping[str, Any]) -> Checked:
    """The same of a file that was read already: without lines, and not kept. For a long table that is being edited it
    saves the writing and the reading of its text."""
    return _checked(parse_document(document))


def _checked(table: PolicyTable) -> Checked:
    subject = Subject(read_table(table))
    issues = tuple(lint_subject(subject))
    if not subject.reading.sound:
        return Checked(table, issues, None, ())
    return Checked(table, issues, subject.compiled, subject.results)


def expect_clean(text: str, file: str = FILE) -> Checked:
    """The same, for a text that must be fit for review. Raises `Invalid` listing every error, also of examples."""
    checked = check_text(text, file)
    if checked.errors:
        raise refuse(list(checked.errors))
    return checked
