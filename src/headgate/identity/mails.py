"""Mails about one's own account, and the address that links in mails begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from psycopg import Connection
from starlette.requests import Request

from headgate.access import get_account, get_tenant
from headgate.connectors.mail import Post, changed_letter, locked_letter
from headgate.identity.devices import device_of
from headgate.identity.person import Person
from headgate.kernel.context import Context
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ui.web import is_local
from headgate.wiring import App


def base_of(app: App, request: Request, own_host: str | None) -> str:
    """Where links in mails lead: the portal's `own_host` where the request came to it, else the installation's public
    address. Never what a stranger's request says of itself; on this machine only, its own address."""
    host = request.headers.get("host", "").lower()
    if own_host and host.partition(":")[0].rstrip(".") == own_host:
        return f"{'https' if app.settings.secure_cookies else request.url.scheme}://{host}"
    if app.settings.public_url:
        return app.settings.public_url
    return f"{request.url.scheme}://{host}" if is_local(request) else "http://localhost"


def locked_mail(app: App, conn: Connection[Any], ctx: Context, principal: str) -> None:
    """Tell somebody that wrong passwords or codes have locked their account, and for how long."""
    account = get_account(conn, principal, ctx.now)
    if not account.email or account.locked_until is None:
        return
    minutes = max(1, round((account.locked_until - ctx.now) / timedelta(minutes=1)))
    letter = locked_letter(account.email, account.name, minutes)
    key = f"locked:{principal}:{account.locked_until.isoformat()}"
    app.mailroom.send(conn, ctx, get_tenant(conn), letter, about=principal, key=key)


def changed_post(person: Person, what: str) -> Post:
    """A mail that something about how somebody signs in has changed, by whoever is signed in as them."""
    me, now = person.ctx.principal, person.ctx.now
    with_what = device_of(person.request.headers.get("user-agent", ""))
    facts = ((phrase("When"), now), (phrase("Browser"), with_what))
    letter = changed_letter(me.id.removeprefix("user:"), me.name, what, facts)
    return Post(letter, me.id, f"changed:{new_id(now)}")
