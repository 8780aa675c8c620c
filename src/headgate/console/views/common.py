"""Values that several pages share, and the frame around every page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

from headgate.access.branding import NO_WORDS, Words
from headgate.identity.saved.values import SavedBar
from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.ui.cookies import Notice as Notice
from headgate.ui.figures import Percent, Quantity
from headgate.ui.reading import Reading
from headgate.ui.theme import Theme

SHORT_ID = 12
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NO_PARTS: Mapping[str, str] = MappingProxyType({})

# What a fact may be; `Formatter.show` writes each of them.
FactValue: TypeAlias = (
    Money | Percent | Quantity | Decimal | int | bool | str | datetime | Until | tuple[str, ...] | None
)


class View:
    """A page: its full template, the navigation entry that is current, and the parts HTMX may ask for alone. `live`:
    it asks for itself again when something of the tenant changed."""

    template: ClassVar[str]
    nav: ClassVar[str] = ""
    live: ClassVar[bool] = False
    parts: ClassVar[Mapping[str, str]] = NO_PARTS


@dataclass(frozen=True, slots=True)
class Person:
    """Who acted: principal id and name as shown. `kind` is person, service, agent or system."""

    id: str
    name: str
    kind: str = "person"

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[:1].isalnum()]
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@dataclass(frozen=True, slots=True)
class PartnerName:
    """A partner as named on a page."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file that somebody sent. Without `href` it is not kept any more; `sha256` is of its bytes, in hex."""

    name: str
    href: str = ""
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """A due time. `state` is the case's: running, warned, breached, met; or paused, which may have no due time."""

    state: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several lists of the same thing, with how many are in it."""

    label: str
    href: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A value a filter can take; `count` where it is cheap to know."""

    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class AppliedFilter:
    """A filter that is on, in words, and the address of the list without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a decision looked at, by its name in the policy and in words."""

    label: str
    value: FactValue
    name: str = ""


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """The policy version that decided, and the row of it that matched (empty: its default)."""

    policy: str
    title: str
    version: int
    row: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    label: str
    before: FactValue
    after: FactValue


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. `text` follows the actor's name: 'approved 12.4 % below contract'.

    kind chooses the icon: event, check, hold, approve, edit, reject, return, release, timer, task, note, void, ship.
    `quote` is what the person wrote; `seq` is the audit entry that proves it; `steps` is what led to it, shown when
    somebody asks.
    """

    at: datetime
    actor: Person
    kind: str
    text: str
    quote: str = ""
    on_behalf_of: Person | None = None
    changes: tuple[Change, ...] = ()
    policy: PolicyRef | None = None
    href: str = ""
    seq: int | None = None
    steps: tuple[TimelineEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An audit entry in a list. `digest` is its hash as hex; `proof`: verified, linked or broken; `named`: the name of
    whom it is about, where that is somebody."""

    seq: int
    at: datetime
    actor: Person
    action: str
    subject_type: str
    subject: str
    digest: str
    proof: str
    named: str = ""

    @property
    def short(self) -> str:
        """The end of an id that nobody reads, for what has no number or name of its own; else nothing."""
        return self.subject[-SHORT_ID:] if _UUID.fullmatch(self.subject) else ""


@dataclass(frozen=True, slots=True)
class SumRow:
    """One row of a sum laid out as an addition. sign: '', '+', '−' or '='; `note` says where the number comes from."""

    sign: Literal["", "+", "−", "="]
    label: str
    amount: Money
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with one field of a form, and what to do."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation. `count`: work waiting there; `key` pairs with `View.nav`; `shortcut` follows 'g';
    `room`: the heading it stands under."""

    key: str
    label: str
    href: str
    icon: str
    shortcut: str
    count: int | None = None
    urgent: bool = False
    room: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The frame: tenant, reader, navigation, and what forms need. `person` is None before sign-in;
    `demo` marks a tenant whose data is made up."""

    tenant: str
    person: Person | None
    roles: tuple[str, ...]
    now: datetime
    reading: Reading
    theme: Theme
    csrf: str
    path: str
    nav: tuple[NavItem, ...] = ()
    notices: tuple[Notice, ...] = ()
    # Who of support looks as this person, and until when; empty for everybody else.
    support: str = ""
    support_until: datetime | None = None
    brand_css: str = ""
    logo: str = ""
    words: Words = field(default_factory=lambda: NO_WORDS)
    demo: bool = False
    saved: SavedBar | None = None
