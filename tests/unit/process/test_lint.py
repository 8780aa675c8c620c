"""Lint: every remark has a code, a severity, and the very line and column an editor jumps to."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.process.core.lint import Known, codes, lint_process
from tests.unit.process.test_parse import FAULTS, GOOD, changed, line_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "process-lints.md"
KNOWN = Known(frozenset({"thing.look", "thing.mend"}), frozenset({"matrix"}), frozenset({"workshop", "foreman"}))


@pytest.mark.parametrize(("rule", "old", "new", "line", "words"), FAULTS)
def test_every_fault_has_its_rules_code(rule: str, old: str, new: str, line: str, words: str) -> None:
    found = [i for i in lint_process(changed(old, new), "repair.yaml") if words in i.message]
    assert [i.code for i in found][:1] == [rule.replace("_", "-")]
    assert all(i.severity == "error" and i.line >= 1 and i.column >= 1 for i in found)


@pytest.mark.parametrize(
    ("old", "new", "at", "word"),
    [
        ("run: thing.look", "run: thing.stare", "run: thing.stare", "thing.stare"),
        ("to: mending}", "to: mened}", "to: mened", "mened"),
        ("role: mechanic", "role: wizard", "role: wizard", "wizard"),
    ],
)
def test_line_and_column_are_those_of_the_word_that_is_wrong(old: str, new: str, at: str, word: str) -> None:
    text = changed(old, new)
    (issue,) = [i for i in lint_process(text, "repair.yaml", KNOWN) if word in i.message]
    line = line_of(at, text)
    assert issue.line == line
    assert text.splitlines()[line - 1][issue.column - 1 :].startswith(word)
    assert str(issue).startswith(f"repair.yaml:{line}:{issue.column}: {issue.severity} {issue.code} ")


def test_what_an_installation_does_not_know_is_a_warning() -> None:
    found = lint_process(changed("role: mechanic", "role: foreman"), "repair.yaml", Known(frozenset({"other.act"})))
    assert [(i.code, i.severity) for i in found] == [("unknown-action", "warning")]
    assert "other.act" in found[0].fix
    assert lint_process(GOOD, "repair.yaml") == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: b: c", 1, "is not YAML"),
        ("", 1, "is empty"),
        (GOOD.replace("version: 3", "version: x"), 2, "whole number"),
        (GOOD.replace("    title: Mending", "    titel: Mending"), line_of("title: Mending"), "'titel'"),
        (GOOD.replace("title: Looking at it", "title: &a Looking"), line_of("Looking at it"), "anchor"),
    ],
)
def test_what_the_parser_refuses_is_one_remark_with_its_line(text: str, line: int, said: str) -> None:
    (issue,) = lint_process(text, "repair.yaml")
    assert (issue.code, issue.severity) == ("structure", "error")
    assert issue.line == line
    assert said in issue.message


def test_every_code_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in codes() if f"| `{code}` |" not in page] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "look.broken: [yes",
            "lok.broken: [yes",
            "reads 'lok.broken', but no step keeps anything as lok. Did you mean look?",
        ),
        (
            "closely: true",
            "closely: $lock.depth",
            "reads '$lock.depth', but no step keeps anything as lock. Did you mean look?",
        ),
        ("closely: true", "closely: $case.partnr", "case never has a field partnr. Did you mean partner?"),
        ("closely: true", "closely: {deep: [1], more: $command.statsu}", "Did you mean status?"),
    ],
)
def test_what_reads_a_name_that_nothing_has_is_told_with_the_nearest_one(old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new)
    (issue,) = [i for i in lint_process(text, "repair.yaml") if i.code == "paths"]
    assert said in str(issue)
    assert issue.severity == "error"
    written = new.partition(":")[0] if old.startswith("look") else new[new.index("$") :].rstrip("}")
    assert text.splitlines()[issue.line - 1][issue.column - 1 :].startswith(written)
