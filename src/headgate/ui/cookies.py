"""Cookies and form tokens of an HTML edge: the session, what proves that a form is ours, messages across a redirect.

The session token is random and lives in a cookie that scripts cannot read. A form carries a token derived from it, so
that no other site can post in the reader's name; before sign-in a random cookie takes the session's place. Each edge
has names of its own, so that a session of one is none in the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import Forbidden
from headgate.ui.format import Formatter

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_TENANT_SECONDS = 365 * 24 * 3600
_LONGEST_NOTICE = 600
_MOST_DEVICES = 8
_BEFORE_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_OURS = frozenset({"", "same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Notice:
    """A message above the page, after an act or about the page's state. tone: done, waiting, risk, breach, quiet."""

    tone: str
    text: str
    href: str = ""
    link: str = ""

    def said(self, fmt: Formatter) -> Notice:
        """The message in the reader's words, to be kept until the next page."""
        return Notice(self.tone, fmt.tell(self.text), self.href, fmt.tell(self.link) if self.link else "")


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of one edge. `prefix` begins their names, `label` sets its form tokens apart; `home` and `sign_in`
    are its addresses, `under` the folder of every address it may send people to."""

    prefix: str
    label: bytes
    home: str
    sign_in: str
    under: str = "/"

    def _name(self, name: str, *, secure: bool) -> str:
        # The prefix makes browsers refuse a cookie of that name from a subdomain or over plain HTTP.
        return f"__Host-{self.prefix}_{name}" if secure else f"{self.prefix}_{name}"

    def session_token(self, request: Request, *, secure: bool) -> str:
        """The session token that the browser sent, or ''."""
        return request.cookies.get(self._name("session", secure=secure), "")

    def keep_session(self, response: Response, token: str, *, secure: bool) -> None:
        """Hand a session's token to the browser, until it is closed; the server ends the session earlier or later."""
        name = self._name("session", secure=secure)
        response.set_cookie(name, token, secure=secure, httponly=True, samesite="lax")

    def drop_session(self, response: Response, *, secure: bool) -> None:
        """Make the browser forget the session."""
        name = self._name("session", secure=secure)
        response.set_cookie(name, "", max_age=0, secure=secure, httponly=True, samesite="lax")

    def remembered_tenant(self, request: Request) -> str:
        """The short name of the organisation that somebody last signed in to in this browser, or ''."""
        return request.cookies.get(f"{self.prefix}_tenant", "")[:64]

    def remember_tenant(self, response: Response, slug: str, *, secure: bool) -> None:
        """Spare the next sign-in from asking for the organisation."""
        name = f"{self.prefix}_tenant"
        response.set_cookie(name, slug, max_age=_TENANT_SECONDS, secure=secure, httponly=True, samesite="lax")

    def before_token(self, request: Request) -> str:
        """The token that stands for a browser nobody has signed in with yet; a fresh one where there is none."""
        return self.sent_before(request) or secrets.token_urlsafe(32)

    def sent_before(self, request: Request) -> str:
        """The token that came with a post of a page before sign-in, or ''."""
        known = request.cookies.get(f"{self.prefix}_sign_in", "")
        return known if _BEFORE_TOKEN.fullmatch(known) else ""

    def keep_before(self, response: Response, token: str, *, secure: bool, path: str = "") -> None:
        """Hand that token to the browser."""
        name = f"{self.prefix}_sign_in"
        response.set_cookie(name, token, path=path or self.sign_in, secure=secure, httponly=True, samesite="strict")

    def pending_token(self, request: Request) -> str:
        """The token of a sign-in that waits for its second factor, or ''."""
        return request.cookies.get(f"{self.prefix}_pending", "")

    def keep_pending(self, response: Response, token: str, *, secure: bool, seconds: int) -> None:
        """Hand that token to the browser, for the pages of the sign-in only."""
        name = f"{self.prefix}_pending"
        response.set_cookie(
            name, token, max_age=seconds, path=self.sign_in, secure=secure, httponly=True, samesite="strict"
        )

    def drop_pending(self, response: Response, *, secure: bool) -> None:
        """Make the browser forget it."""
        name = f"{self.prefix}_pending"
        response.set_cookie(name, "", max_age=0, path=self.sign_in, secure=secure, httponly=True, samesite="strict")

    def device_token(self, request: Request, mark: str, *, secure: bool) -> str:
        """What this browser was given at an earlier sign-in of whom `mark` stands for, or ''."""
        return request.cookies.get(self._device(mark, secure=secure), "")

    def keep_device(
        self, request: Request, response: Response, mark: str, token: str, *, secure: bool, seconds: int
    ) -> None:
        """Hand that to the browser, for the pages of the sign-in only. A browser that many people share keeps the ones
        of a few."""
        mine, first = self._device(mark, secure=secure), self._device("", secure=secure)
        others = sorted(name for name in request.cookies if name.startswith(first) and name != mine)
        # Lax: it comes along when an identity provider sends the browser back, and with no form of another site.
        safe: Any = {"path": self.sign_in, "secure": secure, "httponly": True, "samesite": "lax"}
        for name in others[: max(0, len(others) + 1 - _MOST_DEVICES)]:
            response.set_cookie(name, "", max_age=0, **safe)
        response.set_cookie(mine, token, max_age=seconds, **safe)

    def _device(self, mark: str, *, secure: bool) -> str:
        return f"{'__Secure-' if secure else ''}{self.prefix}_device_{mark}"

    def csrf_of(self, token: str) -> str:
        """What a form of this session carries."""
        return _mac(token, self.label).hex()

    def check_form(self, request: Request, form: Mapping[str, object], token: str) -> None:
        """Raise `Forbidden` unless a post comes from a form (or a script) of our own that belongs to this session."""
        given = request.headers.get(CSRF_HEADER, "") or str(form.get(CSRF_FIELD) or "")
        foreign = request.headers.get("sec-fetch-site", "") not in _OURS
        if foreign or not token or not hmac.compare_digest(given.encode(), self.csrf_of(token).encode()):
            raise Forbidden("this form is out of date; load the page again and send it once more")

    def own_path(self, address: str) -> str:
        """The address when it leads to a page of this edge, else its first page: nobody is sent elsewhere."""
        parts = urlsplit(address) if address.isprintable() else None
        ours = (
            parts is not None
            and address.startswith(self.under)
            and not address.startswith(("//", "/\\"))
            and "\\" not in address
            and "/.." not in parts.path
            and not parts.scheme
            and not parts.netloc
            and parts.path != self.sign_in
            and not parts.path.startswith(f"{self.sign_in}/")
            and len(address) <= 2000
        )
        return address if ours else self.home

    def keep_notice(self, response: Response, notice: Notice, token: str, *, secure: bool) -> None:
        """Let the next page show a message; it is sealed, so that nobody can make the edge say something."""
        short = Notice(notice.tone, notice.text[:_LONGEST_NOTICE], notice.href, notice.link)
        text = base64.urlsafe_b64encode(canonical(asdict(short))).decode()
        sealed = f"{text}.{_mac(token, text.encode()).hex()}"
        name = f"{self.prefix}_flash"
        response.set_cookie(name, sealed, max_age=60, secure=secure, httponly=True, samesite="lax")

    def kept_notice(self, request: Request, token: str) -> Notice | None:
        """The message that the last act left for this page."""
        text, _, mac = request.cookies.get(f"{self.prefix}_flash", "").partition(".")
        if not text or not hmac.compare_digest(mac.encode(), _mac(token, text.encode()).hex().encode()):
            return None
        try:
            return Notice(**loads(base64.urlsafe_b64decode(text)))
        except (ValueError, TypeError, binascii.Error):
            return None

    def drop_notice(self, response: Response, *, secure: bool) -> None:
        """A message is shown once."""
        response.set_cookie(f"{self.prefix}_flash", "", max_age=0, secure=secure, httponly=True, samesite="lax")


def _mac(token: str, text: bytes) -> bytes:
    return hmac.digest(hashlib.sha256(token.encode()).digest(), text, "sha256")
