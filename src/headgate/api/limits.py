"""How fast somebody may go at this process: tenants, sources and keys in events, keys in requests, addresses in wrong
proofs. Everything is counted in bounded memory; times come from a clock that is never set."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from time import monotonic

from fastapi import Request

from headgate.access import Sender
from headgate.kernel import telemetry
from headgate.kernel.buckets import Buckets, Rate, client_network
from headgate.kernel.errors import Busy
from headgate.kernel.settings import Settings

LONGEST_WAIT = 3600


@dataclass(slots=True, eq=False)
class Limits:
    """The buckets of one process."""

    settings: Settings
    _events: Buckets = field(default_factory=Buckets)
    _requests: Buckets = field(default_factory=Buckets)
    _refusals: Buckets = field(default_factory=Buckets)

    def let_in(self, sender: Sender) -> None:
        """Raises `Busy` when the tenant or the source has sent too fast and has to rest. Takes nothing."""
        at = monotonic()
        for who, key, rate in self._rates(sender):
            if wait := self._events.wait(key, rate, at):
                raise _busy(f"{who} sends more than {rate.per_second:.0f} events per second", wait, f"{who}_rate")

    def count(self, sender: Sender, events: int) -> None:
        """Take what a sender that was let in has brought."""
        at = monotonic()
        for _, key, rate in self._rates(sender):
            self._events.charge(key, rate, max(1, events), at)

    def ask(self, key: object) -> None:
        """Count a request of an API key. Raises `Busy` above the rate."""
        rate = Rate(self.settings.api_rate, 2 * self.settings.api_rate)
        if wait := self._requests.take(key, rate, 1, monotonic()):
            raise _busy(f"this key asks more than {self.settings.api_rate} times per second", wait, "key_rate")

    def unproven(self, request: Request) -> None:
        """Raises `Busy` when too many wrong proofs came from this address. Before anything is looked up."""
        if wait := self._refusals.wait(address_of(request), self._refusal_rate, monotonic()):
            raise _busy("too many wrong keys or signatures came from this address", wait, "address_rate")

    def refused(self, request: Request) -> None:
        """Count a wrong proof."""
        self._refusals.charge(address_of(request), self._refusal_rate, 1, monotonic())

    @property
    def _refusal_rate(self) -> Rate:
        most = self.settings.refusals_per_minute
        return Rate(most / 60, most)

    def _rates(self, sender: Sender) -> tuple[tuple[str, object, Rate], ...]:
        settings = self.settings
        tenant = min(sender.tenant_rate or settings.tenant_rate, settings.tenant_rate_most)
        own = min(sender.rate or settings.source_rate, tenant)
        # A second's worth at once: senders are not metronomes.
        return (
            ("tenant", sender.tenant_id, Rate(tenant, tenant)),
            ("source", (sender.tenant_id, sender.kind, sender.name), Rate(own, own)),
        )


def address_of(request: Request) -> str:
    """The client's address as it is counted."""
    return client_network(request.client.host) if request.client else ""


def _busy(why: str, wait: float, reason: str) -> Busy:
    telemetry.http_refused.inc(reason=reason)
    return Busy(f"{why}; send it again after Retry-After seconds", retry_after=min(LONGEST_WAIT, math.ceil(wait)))
