"""Write docs/reference/schemas/*.json from the code: `python scripts/schemas.py`, or `… check` to compare."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headgate.policy.core.schema import policy_schema
from headgate.process.core.schema import process_schema

FOLDER = Path(__file__).parents[1] / "docs" / "reference" / "schemas"
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "process.schema.json": process_schema,
    "policy.schema.json": policy_schema,
}


def render(name: str) -> str:
    """One schema as text."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["check"]):
        print("usage: schemas.py [check]", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    stale = []
    for name in SCHEMAS:
        file = FOLDER / name
        if arguments:
            if not file.exists() or file.read_text(encoding="utf-8") != render(name):
                stale.append(name)
        else:
            file.write_text(render(name), encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)} is not what the code says: python scripts/schemas.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
