"""The page of promises names tests that exist, and a few promises that are kept by what the code does not contain."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import headgate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/invariants.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\d+)\. (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
NAMED = re.findall(r"^- `(tests/[\w/.]+)::(\w+)`$", PAGE, re.MULTILINE)
# Runs text or bytes as code, or builds objects from them.
RUNNING = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "unsafe_load", "full_load"}


def test_every_promise_stands_on_the_page_with_a_test_or_says_that_it_is_not_built():
    assert [number for number, _, _ in SECTIONS] == [str(n) for n in range(1, 19)]
    bare = [title for _, title, text in SECTIONS if "- `tests/" not in text and "Not built yet" not in text]
    assert bare == []
    assert len(re.findall(r"^- ", PAGE, re.MULTILINE)) == len(NAMED), "a line names no test"


def test_every_test_that_the_page_names_exists():
    missing = []
    for file, name in NAMED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
            missing.append(f"{file}::{name}")
    assert missing == []


def test_nothing_in_the_code_runs_text_as_code():
    found = []
    for file in Path(headgate.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNNING:
                found.append(f"{file.name}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.Import) and RUNNING & {name.name for name in node.names}:
                found.append(f"{file.name}:{node.lineno}")
            if isinstance(node, ast.Attribute) and node.attr in {"unsafe_load", "full_load"}:
                found.append(f"{file.name}:{node.lineno} {node.attr}")
    # A local function of that name compiles policies, not Python.
    assert [place for place in found if "compile" not in place] == []
