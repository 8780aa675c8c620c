"""The sign-in page, the answer to a search, the help page and the error pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headgate.access.mfa.passkeys import Offer
from headgate.console.views.common import View
from headgate.identity.views import Account, Confirm, Step


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A login of the demo tenant, shown so that a newcomer can try each role."""

    email: str
    role: str
    sees: str


@dataclass(frozen=True, slots=True)
class ProviderLink:
    """An identity provider that the sign-in page offers."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class SignInView(View):
    """`error` is one sentence that says what to do; `then` is where to go afterwards (a path of this console).
    `demo_tenant` is the short name of the demo whose people may be tried.

    `ask_tenant`: there is more than one organisation here, so the short name of the reader's is asked for too.
    """

    template: ClassVar[str] = "sign_in.html"

    email: str = ""
    error: str = ""
    then: str = "/"
    demo_logins: tuple[DemoLogin, ...] = ()
    demo_tenant: str = ""
    tenant: str = ""
    ask_tenant: bool = False
    providers: tuple[ProviderLink, ...] = ()
    passwords: bool = True
    passkey: Offer | None = None
    done: str = ""


@dataclass(frozen=True, slots=True)
class StepView(View):
    """A further step of the sign-in, as every edge has it."""

    template: ClassVar[str] = "step.html"

    step: Step


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
class Hit:
    """One thing found. kind: order, partner, case, policy, agreement, product."""

    kind: str
    code: str
    title: str
    detail: str
    href: str
    state_kind: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class SearchView(View):
    """What a search found; `more` says that there are further ones and the words should be narrowed."""

    template: ClassVar[str] = "search.html"

    words: str
    hits: tuple[Hit, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class KeyboardView(View):
    """The keyboard help as a page, for readers without scripts."""

    template: ClassVar[str] = "keyboard.html"


@dataclass(frozen=True, slots=True)
class ErrorView(View):
    """A refusal in plain words. `status`: 400, 403, 404, 409, 413, 429, 500, 503. `trace` is shown so that it can be
    reported."""

    template: ClassVar[str] = "error.html"

    status: int
    message: str = ""
    trace: str = ""
