"""The tenant's domains: what to set in the domain name system, and how each stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain. `reads`: the same in its own script; `told`: what the last check came to, `spoken` by whom it is
    proved where that is no record; `hosts` and `mails`: what needs it."""

    name: str
    reads: str
    state: str
    told: str
    spoken: str
    seen: str
    record_name: str
    record_value: str
    proven_at: datetime | None
    seen_at: datetime | None
    checked_at: datetime | None
    lapses_at: datetime | None
    host: str
    address: str
    spf: str
    spf_tone: str
    open: bool


@dataclass(frozen=True, slots=True)
class Unproved:
    """A host of the portal, or an address of mails (`use`: portal or mails), that no proof stands for. `domain` is the
    one to prove, '' for none; its proof is missing `since` then, and it counts until `lapses_at`. None: no more.
    """

    use: str
    name: str
    domain: str
    since: datetime | None = None
    lapses_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DomainsView(View):
    """All of them, and the form for another one. `spf` is what the SPF of a sender's domain has to include; `given`:
    the host that the tenant may use without a proof."""

    template: ClassVar[str] = "domains.html"
    nav: ClassVar[str] = "brand"

    domains: tuple[DomainRow, ...]
    most: int
    spf: str
    given: str
    typed: str = ""
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
