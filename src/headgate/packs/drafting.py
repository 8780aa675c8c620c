"""A pack from a folder: its policies go through review like anybody's, its processes follow when they may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict
from headgate.packs.loader import Pack
from headgate.policy import PolicyService
from headgate.policy.core import parse_policy
from headgate.process import install, replace_in_turn
from headgate.process.core.signature import Signature


def draft_pack(
    conn: Connection[Any], ctx: Context, pack: Pack, policies: PolicyService, actions: Mapping[str, Signature]
) -> list[str]:
    """Draft and submit the policies that the tenant does not have, and install the processes once all are in force.

    Answers with the policies that still wait (`name@version`); the processes are left until there is none. Raises
    Conflict where the tenant has that version with another text, and as `install` does.
    """
    label = f"{pack.name}@{pack.version}"
    replace_in_turn(conn)
    waiting = []
    for file, text in pack.policies:
        table = parse_policy(text, file)
        known = {v.version: v for v in policies.versions(conn, table.policy)}
        mine = known.get(table.version)
        if mine is not None and mine.digest != table.digest:
            raise Conflict(f"{file}: {table.policy} version {table.version} is there with another text; number it anew")
        if mine is None:
            policies.draft(conn, ctx, text, file=file, pack=label)
            policies.submit(conn, ctx, table.policy, table.version)
        if mine is None or mine.status != "active":
            waiting.append(f"{table.policy}@{table.version}")
    if not waiting:
        for file, text in pack.processes:
            install(conn, ctx, text, file, policies, actions, label)
    return waiting
