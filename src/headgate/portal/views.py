"""What the portal's pages show: the frame, and one view per page. Values only; templates write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from headgate.access.branding import NO_WORDS, Words
from headgate.access.mfa.passkeys import Offer
from headgate.identity.saved.values import SavedBar
from headgate.identity.views import Account, Confirm
from headgate.identity.views import Step as SignInStep
from headgate.kernel.money import Money
from headgate.ui.cookies import Notice
from headgate.ui.reading import Reading
from headgate.ui.theme import Theme


class View:
    """A page: its template, the navigation entry that is current, and whether it asks for itself again (`live`) when
    something of the partner's changed."""

    template: ClassVar[str]
    nav: ClassVar[str] = ""
    live: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation."""

    key: str
    label: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class Page:
    """The frame: the tenant's brand, the reader, and what forms need. `person` is '' before sign-in."""

    tenant: str
    person: str
    email: str
    now: datetime
    reading: Reading
    theme: Theme
    csrf: str
    path: str
    nav: tuple[NavItem, ...] = ()
    notices: tuple[Notice, ...] = ()
    brand_css: str = ""
    logo: str = ""
    words: Words = field(default_factory=lambda: NO_WORDS)
    saved: SavedBar | None = None


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody of the demo, to be signed in as with one press."""

    email: str
    role: str
    sees: str


@dataclass(frozen=True, slots=True)
class SignInView(View):
    """The sign-in page; `ask_tenant` where neither host nor installation says whose portal it is, `demo_tenant` the
    short name of the demo whose people may be tried."""

    template: ClassVar[str] = "sign_in.html"

    email: str = ""
    then: str = "/portal/"
    tenant: str = ""
    ask_tenant: bool = False
    error: str = ""
    done: str = ""
    demo_logins: tuple[DemoLogin, ...] = ()
    demo_tenant: str = ""
    passkey: Offer | None = None


@dataclass(frozen=True, slots=True)
class StepView(View):
    """A further step of the sign-in, as every edge has it."""

    template: ClassVar[str] = "step.html"

    step: SignInStep


@dataclass(frozen=True, slots=True)
class AccountView(View):
    """The page of the reader's own account."""

    template: ClassVar[str] = "account.html"

    account: Account


@dataclass(frozen=True, slots=True)
class ConfirmView(View):
    """The question for a proof before a sensitive act."""

    template: ClassVar[str] = "confirm.html"

    confirm: Confirm


@dataclass(frozen=True, slots=True)
class WelcomeView(View):
    """Choose a password by the link of an invitation; `shortest` is how many characters it needs."""

    template: ClassVar[str] = "welcome.html"

    token: str
    name: str
    email: str
    shortest: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class ErrorView(View):
    """Something went wrong: the status, what to say, and the request's id where it is ours to look into."""

    template: ClassVar[str] = "error.html"

    status: int
    message: str
    trace: str


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is needed from the partner, or that happened: a sentence, where it leads, and when."""

    text: str
    href: str
    detail: str = ""
    at: datetime | None = None
    due: datetime | None = None
    icon: str = "circle-dot"
    tone: str = "waiting"


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A form that was sent and is not taken in: what it is, where it is opened again, why it was not ('': it is being
    taken in)."""

    title: str
    href: str
    refused: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HomeView(View):
    """What is needed from us, and what happened."""

    template: ClassVar[str] = "home.html"
    nav: ClassVar[str] = "home"
    live: ClassVar[bool] = True

    company: str
    needs: tuple[Need, ...]
    happened: tuple[Need, ...]
    can_ask: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several lists."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal, or a form that was not sent yet. `ends` is when its protection does."""

    deal: str
    href: str
    customer: str
    status: str
    amount: Money | None
    closes: date | None
    ends: datetime | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a deal. `drop` is where it is removed, while it may be."""

    name: str
    href: str
    size: str
    drop: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: in words, who of ours did it, what was said."""

    at: datetime
    text: str
    icon: str
    tone: str
    by: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message of the thread. `ours`: somebody of the partner wrote it."""

    author: str
    ours: bool
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """The messages about something, and where an answer goes."""

    action: str
    messages: tuple[MessageRow, ...]


@dataclass(frozen=True, slots=True)
class DealView(View):
    """One deal. `acts` are those that can be done now: amend, submit, withdraw, activity, extension, appeal."""

    template: ClassVar[str] = "deal.html"
    nav: ClassVar[str] = "deals"
    live: ClassVar[bool] = True

    deal: str
    customer: str
    status: str
    explains: str
    told: tuple[str, ...]
    amount: Money
    facts: tuple[tuple[str, str], ...]
    contact: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, Decimal, Money], ...]
    protected_from: datetime | None
    protected_until: datetime | None
    spent: int
    steps: tuple[Step, ...]
    files: tuple[FileRow, ...]
    acts: frozenset[str]
    today: date
    latest: date
    thread: Thread
    errors: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a list offers."""

    value: str
    label: str
    count: None = None


@dataclass(frozen=True, slots=True)
class DealFormView(View):
    """The form of a deal. `sent`: it was submitted before and is being changed; `waits`: it was sent as it is and is
    being taken in; `errors` by field."""

    template: ClassVar[str] = "deal_form.html"
    nav: ClassVar[str] = "deals"

    deal: str
    fields: Mapping[str, str]
    errors: Mapping[str, str]
    rows: int
    programmes: tuple[Choice, ...]
    countries: tuple[Choice, ...]
    currencies: tuple[Choice, ...]
    products: tuple[Choice, ...]
    files: tuple[FileRow, ...]
    today: date
    told: tuple[str, ...] = ()
    sent: bool = False
    kept: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the list."""

    order: str
    reference: str
    status: str
    need: str
    total: Money
    placed: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """A milestone: done, current or ahead; with the moment where it is known."""

    label: str
    status: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderView(View):
    """One order. `needs` says what holds it and what helps, `ask` where a price is asked for that would, and `asked`
    which were: request, product, state, price and last change."""

    template: ClassVar[str] = "order.html"
    nav: ClassVar[str] = "orders"
    live: ClassVar[bool] = True

    order: str
    reference: str
    status: str
    total: Money
    tax: Money
    placed: datetime
    changed: datetime
    ship_to: str
    stages: tuple[Stage, ...]
    needs: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, str, Decimal, Money, Money, Decimal], ...]
    ask: str
    asked: tuple[tuple[str, str, str, Money, datetime], ...]
    thread: Thread | None
    can_return: bool = False
    returns: tuple[tuple[str, str, datetime], ...] = ()
