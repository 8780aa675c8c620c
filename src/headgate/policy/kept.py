"""Compiled policies, kept by the digest of their text and shared by all tenants."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import TypeVar

from psycopg import Connection

from headgate.policy import repo
from headgate.policy.core.compile import CompiledPolicy, compile_policy
from headgate.policy.core.parse import parse_policy
from headgate.policy.core.policy_set import PolicySet

MOST_KEPT = 512  # compiled texts, and sets of them

K = TypeVar("K")
V = TypeVar("V")


class Kept:
    """What was compiled lately, and the sets it was asked for in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: OrderedDict[bytes, CompiledPolicy] = OrderedDict()
        self._sets: OrderedDict[tuple[bytes, ...], PolicySet] = OrderedDict()

    def set_of(self, conn: Connection, key: tuple[bytes, ...]) -> PolicySet:
        """The policies of these texts, together."""
        with self._lock:
            made = self._sets.get(key)
            if made is not None:
                self._sets.move_to_end(key)
                return made
        compiled = self.known(conn, key)
        made = PolicySet({compiled[digest].policy: compiled[digest] for digest in key})
        with self._lock:
            _keep(self._sets, key, made)
        return made

    def known(self, conn: Connection, digests: Collection[bytes]) -> dict[bytes, CompiledPolicy]:
        """The compiled texts of these digests, read in one query where they are not kept."""
        with self._lock:
            compiled = {digest: self._compiled[digest] for digest in digests if digest in self._compiled}
        missing = [digest for digest in digests if digest not in compiled]
        if missing:
            rows = conn.execute(repo.BODIES, {"digests": missing}).fetchall()
            compiled |= self.compile({bytes(digest): body for digest, body in rows})
        return compiled

    def compile(self, texts: Mapping[bytes, str]) -> dict[bytes, CompiledPolicy]:
        """These texts by digest, compiled where they are not kept."""
        found: dict[bytes, CompiledPolicy] = {}
        for digest, text in texts.items():
            with self._lock:
                compiled = self._compiled.get(digest)
            if compiled is None:
                compiled = compile_stored(text)
                with self._lock:
                    _keep(self._compiled, digest, compiled)
            found[digest] = compiled
        return found


def compile_stored(text: str) -> CompiledPolicy:
    """A stored text, ready to evaluate."""
    return compile_policy(parse_policy(text, "stored policy"))


def _keep(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > MOST_KEPT:
        cache.popitem(last=False)
