"""What the shared pages show. Each edge puts them into its own frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headgate.access.mfa.passkeys import Offer, Passkey
from headgate.identity.where import Where


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right; now a code or a passkey. `kind` chooses the part of the template."""

    where: Where
    then: str
    app: bool
    offer: Offer | None
    error: str = ""
    kind: str = "second"


@dataclass(frozen=True, slots=True)
class LostStep:
    """Asks whose password was lost; `sent` when that was told, which says nothing about whether there is an account."""

    where: Where
    email: str = ""
    tenant: str = ""
    ask_tenant: bool = False
    sent: bool = False
    error: str = ""
    kind: str = "lost"


@dataclass(frozen=True, slots=True)
class ChooseStep:
    """Choose a password by a link; `shortest` is how many characters it needs."""

    where: Where
    token: str
    name: str
    email: str
    shortest: int
    error: str = ""
    kind: str = "choose"


@dataclass(frozen=True, slots=True)
class OverStep:
    """A link that leads nowhere (any more), and the way on."""

    where: Where
    title: str
    text: str
    then: str = ""
    kind: str = "over"


@dataclass(frozen=True, slots=True)
class StopStep:
    """The page of the link below a mail: `on` says whether mails of this kind are sent, `done` that it was just chosen;
    so much `waits` for a digest and comes once more."""

    where: Where
    token: str
    label: str
    on: bool
    done: bool = False
    waits: int = 0
    error: str = ""
    kind: str = "stop"


Step = SecondStep | LostStep | ChooseStep | OverStep | StopStep


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail, and when somebody gets it."""

    code: str
    label: str
    when: str


@dataclass(frozen=True, slots=True)
class MailBox:
    """Which mails somebody gets, of those that there are for them; an empty language is the tenant's."""

    kinds: tuple[MailKind, ...]
    language: str
    languages: tuple[tuple[str, str], ...]
    hour: int = 8  # of the daily digest


@dataclass(frozen=True, slots=True)
class RegionChoice:
    """A region, and how numbers and dates are written there; '' where the reader's language is not."""

    code: str
    name: str
    sample: str


@dataclass(frozen=True, slots=True)
class HowToRead:
    """Zone and region that somebody chose, '' for none. Without a choice their pages are in the zone `told`, by their
    browser or as is `usual` at the tenant."""

    timezone: str
    told: str
    usual: str
    zones: tuple[str, ...]
    region: str
    regions: tuple[RegionChoice, ...]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One of one's sessions: device in words, since when, last used; `me` is the one that shows this page. `known`:
    since when its browser is a known one."""

    id: str
    device: str
    proofs: str
    address: str
    since: datetime
    seen: datetime
    me: bool
    known: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A known browser: in words, since when, last signed in; `me` is the one that shows this page."""

    id: str
    device: str
    since: datetime
    used: datetime
    me: bool


@dataclass(frozen=True, slots=True)
class AppSetup:
    """An authenticator app that is being set up: `qr` is the path of an SVG over `size` modules."""

    qr: str
    size: int
    secret: str


@dataclass(frozen=True, slots=True)
class Account:
    """The page of one's own account. `codes` are fresh recovery codes, shown this once; `must_enrol`: nothing else can
    be opened before there is a second factor; `shortest` is how many characters a password needs; `errors` by field."""

    where: Where
    email: str
    has_password: bool
    shortest: int
    app_since: datetime | None
    setup: AppSetup | None
    passkeys: tuple[Passkey, ...]
    offer: Offer | None
    codes_left: int
    codes_made_at: datetime | None
    sessions: tuple[SessionRow, ...]
    mails: MailBox
    reading: HowToRead
    devices: tuple[DeviceRow, ...] = ()
    codes: tuple[str, ...] = ()
    must_enrol: bool = False
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def protected(self) -> bool:
        """Whether there is a second factor."""
        return self.app_since is not None or bool(self.passkeys)

    def error(self, field: str) -> str:
        """What is wrong with a field; '' for nothing."""
        return dict(self.errors).get(field, "")


@dataclass(frozen=True, slots=True)
class Confirm:
    """Asks for a proof before a sensitive act: a code or a passkey where there is one, else the password. `kept`: what
    was typed is filled in again afterwards; `too_long`: it cannot be."""

    where: Where
    then: str
    app: bool
    codes: bool
    password: bool
    offer: Offer | None
    error: str = ""
    kept: bool = False
    too_long: bool = False
