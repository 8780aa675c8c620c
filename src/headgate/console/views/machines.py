"""How machines get in: service accounts, their OAuth 2 clients and API keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import FormError, Option, View


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service account. `state`: active or suspended."""

    principal: str
    name: str
    roles: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class ClientRow:
    """An OAuth 2 client. `former_until`: until when a secret that was replaced goes on working."""

    client: str
    name: str
    principal: str
    scopes: tuple[str, ...]
    audience: str
    minutes: int
    state: str
    last_used: datetime | None
    former_until: datetime | None
    act_href: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key. `state`: active, expired or revoked."""

    key_id: str
    name: str
    principal: str
    scopes: tuple[str, ...]
    state: str
    expires_at: datetime | None
    last_used: datetime | None
    act_href: str


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """What was just made and is not shown again: pairs of what it is and its text."""

    title: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MachinesView(View):
    """All of them, and the forms for further ones. `entered` is what a refused form had in it."""

    template: ClassVar[str] = "machines.html"
    nav: ClassVar[str] = "machines"

    services: tuple[ServiceRow, ...]
    clients: tuple[ClientRow, ...]
    keys: tuple[KeyRow, ...]
    accounts: tuple[Option, ...]
    roles: tuple[Option, ...]
    scopes: tuple[tuple[str, str], ...]
    token_address: str
    shown: ShownOnce | None = None
    error: FormError | None = None
    more: bool = False
