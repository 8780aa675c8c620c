"""Other systems: how they fare, what has not reached them, and each message's tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Option, Tab, View


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A target or a subscription. `state` is its status unless it is active, then its breaker's (or untried); `why`
    says why it is not sent to, and `until` when it is tried again. `gets` names the types of a subscription."""

    code: str
    name: str
    url: str
    kind: str
    state: str
    why: str
    until: datetime | None
    waiting: int
    oldest: datetime | None
    dead: int
    dead_href: str
    last_success: datetime | None
    last_error: str
    last_error_at: datetime | None
    gets: str = ""


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A target that commands name and nobody registered."""

    target: str
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectionsView(View):
    """All of them on one page: they are few. `troubled` counts those that are not sent to though they should be."""

    template: ClassVar[str] = "connections.html"
    nav: ClassVar[str] = "connections"

    targets: tuple[ConnectionRow, ...]
    subscriptions: tuple[ConnectionRow, ...]
    unrouted: tuple[Unrouted, ...]
    waiting: int
    oldest: datetime | None
    dead: int
    troubled: int
    provisions: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A command or a message to a subscriber in a list. `title` says its type in words, `partner` whose case wanted
    it."""

    id: UUID
    type: str
    title: str
    partner: str
    subject: str
    target: str
    status: str
    attempts: int
    created_at: datetime
    last_error: str


@dataclass(frozen=True, slots=True)
class DeliveriesView(View):
    """Messages of one state, newest first; dead ones can be picked and acted on, one by one or all that match."""

    template: ClassVar[str] = "deliveries.html"
    nav: ClassVar[str] = "connections"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "deliveries_rows.html"})

    tabs: tuple[Tab, ...]
    status: str
    targets: tuple[Option, ...]
    target: str
    type: str
    items: tuple[DeliveryRow, ...]
    matching: int
    can_act: bool
    error: str = ""
    reason: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try."""

    at: datetime
    number: int
    outcome: str
    answer: str
    said: str
    took: str


@dataclass(frozen=True, slots=True)
class DeliveryView(View):
    """One message: what is sent, every kept try, and what can be done about it. `case_href` leads to who wanted it."""

    template: ClassVar[str] = "delivery.html"
    nav: ClassVar[str] = "connections"

    id: UUID
    type: str
    title: str
    partner: str
    subject: str
    target: str
    status: str
    attempts: int
    replays: int
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    last_error: str
    idempotency_key: str
    payload: str
    tries: tuple[AttemptRow, ...]
    case_href: str
    can_act: bool
    error: str = ""
