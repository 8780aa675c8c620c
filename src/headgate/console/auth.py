"""Cookies and tokens of the console: the session, what proves that a form is ours, and messages across a redirect.

The session token is random and lives in a cookie that scripts cannot read. A form carries a token derived from it, so
that no other site can post in the reader's name; before sign-in a random cookie takes the session's place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from headgate.console import urls
from headgate.console.views.common import Notice
from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import Forbidden

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_SESSION = "headgate_session"
_BEFORE = "headgate_sign_in"
_FLASH = "headgate_flash"
_TENANT = "headgate_tenant"
_TENANT_SECONDS = 365 * 24 * 3600
_LONGEST_NOTICE = 600
_BEFORE_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_OURS = frozenset({"", "same-origin", "none"})


def _name(name: str, *, secure: bool) -> str:
    # The prefix makes browsers refuse a cookie of that name from a subdomain or over plain HTTP.
    return f"__Host-{name}" if secure else name


def session_token(request: Request, *, secure: bool) -> str:
    """The session token that the browser sent, or ''."""
    return request.cookies.get(_name(_SESSION, secure=secure), "")


def keep_session(response: Response, token: str, *, secure: bool) -> None:
    """Hand a session's token to the browser, until it is closed; the server ends the session earlier or later."""
    response.set_cookie(_name(_SESSION, secure=secure), token, secure=secure, httponly=True, samesite="lax")


def drop_session(response: Response, *, secure: bool) -> None:
    """Make the browser forget the session."""
    name = _name(_SESSION, secure=secure)
    response.set_cookie(name, "", max_age=0, secure=secure, httponly=True, samesite="lax")


def remembered_tenant(request: Request) -> str:
    """The short name of the organisation that somebody last signed in to in this browser, or ''."""
    return request.cookies.get(_TENANT, "")[:64]


def remember_tenant(response: Response, slug: str, *, secure: bool) -> None:
    """Spare the next sign-in from asking for the organisation."""
    response.set_cookie(_TENANT, slug, max_age=_TENANT_SECONDS, secure=secure, httponly=True, samesite="lax")


def before_token(request: Request) -> str:
    """The token that stands for a browser nobody has signed in with yet; a fresh one where there is none."""
    return sent_before(request) or secrets.token_urlsafe(32)


def sent_before(request: Request) -> str:
    """The token that came with a post of the sign-in page, or ''."""
    known = request.cookies.get(_BEFORE, "")
    return known if _BEFORE_TOKEN.fullmatch(known) else ""


def keep_before(response: Response, token: str, *, secure: bool) -> None:
    """Hand that token to the browser."""
    response.set_cookie(_BEFORE, token, path=urls.SIGN_IN, secure=secure, httponly=True, samesite="strict")


def csrf_of(token: str) -> str:
    """What a form of this session carries."""
    return _mac(token, b"headgate console form").hex()


def check_form(request: Request, form: Mapping[str, object], token: str) -> None:
    """Raise `Forbidden` unless a post comes from a form (or a script) of our own that belongs to this session."""
    given = request.headers.get(CSRF_HEADER, "") or str(form.get(CSRF_FIELD) or "")
    foreign = request.headers.get("sec-fetch-site", "") not in _OURS
    if foreign or not token or not hmac.compare_digest(given.encode(), csrf_of(token).encode()):
        raise Forbidden("this form is out of date; load the page again and send it once more")


def own_path(address: str) -> str:
    """The address when it leads to a page of this console, else the first page: nobody is sent elsewhere."""
    parts = urlsplit(address) if address.isprintable() else None
    ours = (
        parts is not None
        and address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and "\\" not in address
        and not parts.scheme
        and not parts.netloc
        and parts.path != urls.SIGN_IN
        and len(address) <= 2000
    )
    return address if ours else urls.HOME


def keep_notice(response: Response, notice: Notice, token: str, *, secure: bool) -> None:
    """Let the next page show a message; it is sealed, so that nobody can make the console say something."""
    short = Notice(notice.tone, notice.text[:_LONGEST_NOTICE], notice.href, notice.link)
    text = base64.urlsafe_b64encode(canonical(asdict(short))).decode()
    sealed = f"{text}.{_mac(token, text.encode()).hex()}"
    response.set_cookie(_FLASH, sealed, max_age=60, secure=secure, httponly=True, samesite="lax")


def kept_notice(request: Request, token: str) -> Notice | None:
    """The message that the last act left for this page."""
    text, _, mac = request.cookies.get(_FLASH, "").partition(".")
    if not text or not hmac.compare_digest(mac.encode(), _mac(token, text.encode()).hex().encode()):
        return None
    try:
        return Notice(**loads(base64.urlsafe_b64decode(text)))
    except (ValueError, TypeError, binascii.Error):
        return None


def drop_notice(response: Response, *, secure: bool) -> None:
    """A message is shown once."""
    response.set_cookie(_FLASH, "", max_age=0, secure=secure, httponly=True, samesite="lax")


def _mac(token: str, text: bytes) -> bytes:
    return hmac.digest(hashlib.sha256(token.encode()).digest(), text, "sha256")
