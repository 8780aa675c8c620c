"""Consent to support, and who looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import FormError, Option, View


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A consent. `state`: active, expired or revoked."""

    subject: str
    reason: str
    state: str
    until: datetime
    granted_by: str
    withdraw_href: str


@dataclass(frozen=True, slots=True)
class LookRow:
    """A look that was taken."""

    supporter: str
    subject: str
    reason: str
    begun_at: datetime
    ends_at: datetime
    going_on: bool


@dataclass(frozen=True, slots=True)
class SupportView(View):
    """Consents, a form for one with who can be picked and what was typed, and looks."""

    template: ClassVar[str] = "support.html"
    nav: ClassVar[str] = "support"

    consents: tuple[ConsentRow, ...]
    looks: tuple[LookRow, ...]
    error: FormError | None = None
    people: tuple[Option, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SupportLinkView(View):
    """What a link of support leads to: a button, so that no preview of the link uses it up."""

    template: ClassVar[str] = "support_link.html"

    action: str
    error: str = ""
