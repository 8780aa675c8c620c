"""Token buckets: how fast somebody may go, for many somebodies in bounded memory.

A bucket holds up to `burst` tokens and fills at `per_second`. Whoever finds a whole token in it may go, and takes what
the request costs, even if that leaves it below zero: a large batch passes whole, and the debt is waited off afterwards,
so that the long run keeps to the rate. Times are seconds of a clock that never goes back (`time.monotonic`), given by
the caller.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` in the long run, `burst` at once after a rest. Both above zero."""

    per_second: float
    burst: float


def client_network(host: str) -> str:
    """A client's address as it is counted: of IPv6 the /64, for whoever has one address there has them all."""
    if ":" not in host:
        return host
    try:
        return str(ipaddress.IPv6Network((host.partition("%")[0], 64), strict=False))
    except ValueError:
        return host


class Buckets:
    """Buckets by key, the `most` last used of them. One that is forgotten is full when its key comes back, which it
    would be by itself after a rest; so `most` should be well above the number of keys that are busy at once."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, key: Hashable, rate: Rate, at: float) -> float:
        """Seconds until the key may go; 0.0 when it may now. Takes nothing."""
        with self._lock:
            return self._short(self._level(key, rate, at), rate)

    def take(self, key: Hashable, rate: Rate, cost: float, at: float) -> float:
        """0.0 when the key may go, having taken `cost`; else the seconds until it may, having taken nothing."""
        with self._lock:
            level = self._level(key, rate, at)
            short = self._short(level, rate)
            self._keep(key, level if short else level - cost, at)
            return short

    def charge(self, key: Hashable, rate: Rate, cost: float, at: float) -> None:
        """Take `cost` in any case: what was let in has turned out to cost more."""
        with self._lock:
            self._keep(key, self._level(key, rate, at) - cost, at)

    def _level(self, key: Hashable, rate: Rate, at: float) -> float:
        level, since = self._levels.get(key, (rate.burst, at))
        return min(rate.burst, level + max(0.0, at - since) * rate.per_second)

    @staticmethod
    def _short(level: float, rate: Rate) -> float:
        enough = min(1.0, rate.burst)
        return 0.0 if level >= enough else (enough - level) / rate.per_second

    def _keep(self, key: Hashable, level: float, at: float) -> None:
        self._levels[key] = (level, at)
        self._levels.move_to_end(key)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
