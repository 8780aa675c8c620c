"""`headgate policies import` and `export`: policies in the files of other tools."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headgate.cli.session import acting, print_json, say, session
from headgate.kernel.errors import invalid
from headgate.policy.bringing_in import Looked, draft_all, export, look_into
from headgate.policy.exchange import MAX_FILE


def bring_in(file: Path, by: str, policy: str, decision: str, tenant: str, *, check: bool, json: bool) -> None:
    """Draft the policies in a file, or say what would come of it. Leaves with exit code 1 where one is not sound."""
    if not check and not by:
        raise invalid("--as", by, "is missing", "Name who drafts it, or only look with --check.")
    if file.stat().st_size > MAX_FILE:
        raise invalid("file", file.name, f"is larger than {MAX_FILE // 1_000_000} MB", "Split it into several.")
    data = file.read_bytes()
    with session(tenant) as s, s.transaction(read_only=check) as (conn, ctx):
        author = None if check else acting(conn, ctx, by, "policies.author")
        looked = look_into(s.app.policies, conn, data, file.name, policy=policy, decision=decision)
        drafted = [] if author is None else draft_all(s.app.policies, conn, author, looked)
    if json:
        print_json({"policies": [_told(item) for item in looked], "drafted": [asdict(v) for v in drafted]})
    else:
        for item in looked:
            _say(item, drafted=bool(drafted))
    if not all(item.sound for item in looked):
        sys.exit(1)


def take_out(policy: str, form: str, out: Path | None, version: int, tenant: str) -> None:
    """Write a policy version to a file and say what that cannot hold."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = export(s.app.policies, conn, policy, form, version)
    target = out or Path(f"{policy}.{found.suffix}")
    target.write_bytes(found.data)
    say(f"wrote {target} ({len(found.data)} bytes)", wrap=False)
    for notice in found.notices:
        say(str(notice), indent=2, wrap=False)


def _say(item: Looked, *, drafted: bool) -> None:
    table = item.policy
    state = "drafted" if drafted else "would be drafted" if item.sound else "cannot be drafted as it is"
    tests = f", {sum(t.passed for t in item.tests)} of {len(item.tests)} tests pass" if item.tests else ""
    say(f"{table.policy}@{table.version}: {len(table.rows)} rows, {table.hit}{tests}; {state}", wrap=False)
    for line in [*item.notices, *item.issues]:
        say(str(line), indent=2, wrap=False)
    for test in item.tests:
        for problem in test.problems:
            say(f"{test.name}: {problem}", indent=2, wrap=False)


def _told(item: Looked) -> dict[str, Any]:
    return {
        "policy": item.policy.policy,
        "version": item.policy.version,
        "rows": len(item.policy.rows),
        "sound": item.sound,
        "notices": [asdict(n) for n in item.notices],
        "issues": [asdict(i) for i in item.issues],
        "tests": [t.as_json() for t in item.tests],
        "text": item.text,
    }
