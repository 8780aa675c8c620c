"""The JSON Schema (2020-12) of a policy file: its shape, as an editor checks it. What cells mean is for the lints."""

from __future__ import annotations

from typing import Any, Final

from headgate.policy.core.model import AGGREGATES, HITS, INPUT_TYPES, OUTPUT_TYPES

_NAME: Final = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
_TEXT: Final = {"type": ["string", "number", "null"], "maxLength": 1000}
_CELL: Final = {"type": ["string", "number", "boolean", "null"]}
_COLUMN: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "name": ("How rows, tests and conditions call it.", _NAME),
    "type": ("What its cells hold.", {"enum": sorted(INPUT_TYPES)}),
    "label": ("How people read it.", _TEXT),
    "values": ("What an enum, a list or a number may be.", {"type": "array", "items": _CELL}),
    "min": ("The least it can be: what lies below is not a gap.", _CELL),
    "max": ("The most it can be.", _CELL),
    "nullable": ("Whether it may be missing.", {"type": "boolean"}),
    "default": ("What it is where nothing is given.", {}),
    "currency": ("The currency of type money, ISO 4217.", {"type": "string"}),
    "from": ("Another policy's output, as policy.output.", {"type": "string"}),
}


def policy_schema() -> dict[str, Any]:
    """The schema as a JSON value; the same every time."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headgate policy",
        "description": "A versioned decision table with an owner and tests.",
        **_object(_file(), ("policy", "title", "owner", "hit", "inputs", "outputs", "rows")),
        "$defs": {
            "input": _object(_columns(_COLUMN), ("name", "type")),
            "output": _object(
                _columns({k: v for k, v in _COLUMN.items() if k not in ("min", "max", "from")})
                | {"type": {"description": "What its cells hold.", "enum": sorted(OUTPUT_TYPES)}},
                ("name", "type"),
            ),
            "row": _row(),
            "test": _test(),
        },
    }


def _file() -> dict[str, Any]:
    return {
        "policy": _said("Its name: small letters, digits, _.", _NAME),
        "version": _said("Raised with every change.", {"type": "integer", "minimum": 1}),
        "title": _said("What people call it.", _TEXT),
        "description": _said("What it is for.", _TEXT),
        "owner": _said("The role that answers for it.", _TEXT),
        "hit": _said("What happens when several rows fit.", {"type": "string", "pattern": _hits()}),
        "aggregate": _said("How collected outputs come together.", {"enum": sorted(AGGREGATES)}),
        "inputs": _said("What it is asked with.", _list("input", 64)),
        "outputs": _said("What it answers.", _list("output", 64)),
        "rows": _said("The rules, in order.", _list("row", 5000)),
        "default": _said("The answer where no row fits.", {"type": ["object", "null"]}),
        "tests": _said("Cases that must come out as written.", _list("test", 1000) | {"minItems": 0}),
    }


def _hits() -> str:
    """Hit policies in any case, with blanks, - or _ between their words."""
    names = ("[ _-]".join("".join(f"[{c}{c.upper()}]" for c in word) for word in h.split("_")) for h in sorted(HITS))
    return f"^({'|'.join(names)})$"


def _row() -> dict[str, Any]:
    return _object(
        {
            "id": _said("Its name: decisions tell it.", _NAME | {"not": {"const": "default"}}),
            "when": _said("Input to condition; an input left out may be anything.", _cells()),
            "then": _said("Output to value; '=' begins a formula.", {"type": "object"}),
            "because": _said("The reason people read; {input} is filled in.", _TEXT),
            "clause": _said("Which rule of the house or contract this is.", _TEXT),
        },
        ("id", "then"),
    )


def _test() -> dict[str, Any]:
    return _object(
        {
            "name": _said("What it shows.", _TEXT),
            "given": _said("The inputs.", {"type": "object"}),
            "expect": _said("The outputs that must come.", {"type": "object"}),
            "rows": _said("The rows that must fit.", {"type": "array"}),
        },
        ("given", "expect"),
    )


def _cells() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _CELL}


def _list(what: str, most: int) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": {"$ref": f"#/$defs/{what}"}}


def _columns(parts: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {name: _said(text, shape) for name, (text, shape) in parts.items()}


def _said(description: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, **shape}


def _object(properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
