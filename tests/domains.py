"""A domain name system for tests, and hosts that are proven without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from headgate.access import set_portal_host
from headgate.access.domains import TxtAnswer, trust_domain
from headgate.kernel.context import SYSTEM, Context


@dataclass
class FakeDns:
    """Answers from a table: texts by name; a name without texts is there and has none. `silent` names do not answer,
    and `on_ask` sees every question."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    on_ask: Callable[[str], None] = lambda name: None

    def __call__(self, name: str) -> TxtAnswer:
        self.asked.append(name)
        self.on_ask(name)
        if name in self.silent or "*" in self.silent:
            return TxtAnswer("unreachable")
        if name not in self.texts:
            return TxtAnswer("no_name")
        texts = tuple(self.texts[name])
        return TxtAnswer("found", texts) if texts else TxtAnswer("no_record")


def serve_at(conn: Connection[Any], ctx: Context, host: str) -> None:
    """Let the portal of the transaction's tenant be served at a host that whoever runs the installation trusts."""
    own = Context(ctx.tenant_id, SYSTEM, ctx.now)
    trust_domain(conn, own, host, "a test")
    set_portal_host(conn, own, host)
