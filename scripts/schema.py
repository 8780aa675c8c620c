"""Migrations in step with the tables: `check` compares them, `new MESSAGE` writes the next one.

Both work on an embedded server of their own, which is thrown away.
"""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import MetaData

import headgate
from headgate.store import embedded, metadata
from headgate.store.migrate import differences, new_revision

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.migration_lint import lint_all


def load_tables(*, keep_going: bool = False) -> MetaData:
    """Import every `tables.py` of the package, found by name so that none is forgotten.

    With `keep_going`, a module that cannot be imported is left out.
    """
    root = Path(headgate.__file__).parent
    for file in sorted(root.rglob("tables.py")):
        with contextlib.suppress(*[Exception] * keep_going):
            importlib.import_module(".".join(("headgate", *file.relative_to(root).with_suffix("").parts)))
    return metadata


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check"] | ["new", _]:
            pass
        case _:
            print('usage: schema.py check | schema.py new "what changes"', file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
        server = embedded.start(Path(folder) / "home", durable=False)
        try:
            if arguments[0] == "new":
                made = new_revision(server.dsn(), load_tables, arguments[1])
                for tidy in (["check", "--fix-only"], ["format"]):
                    subprocess.run([sys.executable, "-m", "ruff", *tidy, "--quiet", str(made)], check=True)
                print(made)
                return 0
            found = differences(server.dsn(), load_tables)
        finally:
            server.release()
    forbidden = lint_all()
    for finding in forbidden:
        print(finding)
    if forbidden:
        print("These migrations would stop the release before while it still works: docs/operations/upgrading.md.")
    for item in found:
        print(item)
    if found:
        print(f"The migrations differ from the tables in {len(found)} places. Run: make migration m='what changes'")
        return 1
    print("Migrations and tables are in step.")
    return 1 if forbidden else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
