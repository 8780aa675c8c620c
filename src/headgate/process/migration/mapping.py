"""The file that says what is called otherwise in the new version, checked against both versions."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.phrases import phrase
from headgate.policy.core.source import Node, read_yaml
from headgate.process.core.definition import Definition
from headgate.process.core.moving import Renaming
from headgate.process.core.rules.finding import steps_of

_KEYS = ("stages", "data", "keep")


def parse_renaming(text: str, file: str) -> Renaming:
    """A mapping file (YAML): `stages` and `data` by old name, `keep` a list. Raises `Invalid` with file and line."""
    root = read_yaml(text, file)
    if not isinstance(root.value, dict):
        raise _wrong(file, root, "should be a mapping with stages, data and keep")
    for name, node in root.value.items():
        if name not in _KEYS:
            raise _wrong(file, node, f"'{name}' is not a known key", f"Known here: {', '.join(_KEYS)}.")
    return Renaming(
        _names(file, root.value.get("stages"), "stages"),
        _names(file, root.value.get("data"), "data"),
        frozenset(_list(file, root.value.get("keep"))),
    )


def check_renaming(renaming: Renaming, olds: Mapping[int, Definition], new: Definition) -> None:
    """Raises `Invalid` for names that neither version has: most likely a slip of the pen."""
    known = {stage for old in olds.values() for stage in old.stages}
    kept = {s.id for old in olds.values() for stage in old.stages.values() for s in steps_of(stage)}
    problems = [
        *(Problem(f"stages.{a}", a, "is a stage of no older version", "") for a in renaming.stages if a not in known),
        *(
            Problem(
                f"stages.{a}",
                b,
                phrase("is not a stage of version %(version)s", version=new.version),
                phrase("Use one of %(names)s.", names=", ".join(new.stages)),
            )
            for a, b in renaming.stages.items()
            if b not in new.stages
        ),
        *(
            Problem(f"data.{a}", a, "is kept by no step of an older version", "")
            for a in renaming.data
            if a not in kept
        ),
    ]
    if problems:
        raise Invalid("; ".join(map(str, problems)), problems=problems)


def _names(file: str, node: Node | None, key: str) -> dict[str, str]:
    if node is None or node.value is None:
        return {}
    if not isinstance(node.value, dict) or not all(isinstance(n.value, str) for n in node.value.values()):
        raise _wrong(file, node, f"'{key}' should say for each old name the new one, as text")
    return {name: str(inner.value) for name, inner in node.value.items()}


def _list(file: str, node: Node | None) -> list[str]:
    if node is None or node.value is None:
        return []
    if not isinstance(node.value, list) or not all(isinstance(n.value, str) for n in node.value):
        raise _wrong(file, node, "'keep' should be a list of names")
    return [str(inner.value) for inner in node.value]


def _wrong(file: str, node: Node, message: str, fix: str = "") -> Invalid:
    problem = Problem(f"{file}:{node.line}", "", message, fix)
    return Invalid(str(problem), problems=(problem,))
