"""Machine access: service accounts, OAuth 2 clients and API keys. What is secret is shown once, where it was made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from headgate.access import (
    create_api_key,
    create_service,
    grant_role,
    list_accounts,
    list_api_keys,
    reactivate,
    revoke_api_key,
    rotate_api_key,
    suspend,
)
from headgate.access.clients import (
    change_client_status,
    create_client,
    list_clients,
    retire_secrets,
    rotate_client_secret,
)
from headgate.console import urls
from headgate.console.present import machines as present
from headgate.console.views.common import Notice
from headgate.console.views.machines import MachinesView, ShownOnce
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

ADMIN = ("admin",)
MOST = 200
SCOPE = "scope:"
_OVERLAP = timedelta(hours=24)


def show(visit: Visit) -> Answer:
    """All of them."""
    return _view(visit)


def add_service(visit: Visit) -> Answer:
    """A service account with a role for machines."""

    def act() -> Answer:
        role = visit.form.get("role", "")
        if role not in present.MACHINE_ROLES:
            raise invalid("role", role, "is not a role for machines", "Pick one of the list.")
        code = visit.form.get("code", "").strip().lower()
        made = create_service(visit.conn, visit.ctx, code=code, name=visit.form.get("name", ""))
        grant_role(visit.conn, visit.ctx, made.principal, role)
        return Go(urls.MACHINES, Notice("done", phrase("%(made)s can be given a client or a key now.", made=made.name)))

    return _tried(visit, act)


def set_service(visit: Visit) -> Answer:
    """Shut a service account out at once, or let it in again."""
    principal = visit.form.get("principal", "")
    if not principal.startswith("service:"):
        raise NotFound("there is no such service account")
    if visit.form.get("act") == "suspend":
        suspend(visit.conn, visit.ctx, principal)
        return Go(
            urls.MACHINES,
            Notice(
                "done", phrase("%(principal)s is suspended; its keys and tokens stopped working.", principal=principal)
            ),
        )
    reactivate(visit.conn, visit.ctx, principal)
    return Go(urls.MACHINES, Notice("done", phrase("%(principal)s is active again.", principal=principal)))


def add_client(visit: Visit) -> Answer:
    """A client; its secret is shown on the page that answers."""

    def act() -> Answer:
        form = visit.form
        made = create_client(
            visit.conn,
            visit.ctx,
            form.get("client_account", ""),
            name=form.get("client_name", ""),
            scopes=_scopes(visit),
            audience="scim" if form.get("audience") == "scim" else "api",
            token_minutes=_number("minutes", form.get("minutes", "")),
        )
        parts = ((phrase("Client id"), made.client), (phrase("Client secret"), made.secret))
        return _once(visit, phrase("The client is ready. Copy its secret now"), parts)

    return _tried(visit, act)


def act_on_client(visit: Visit) -> Answer:
    """A new secret, an end to former ones, on or off."""
    client, act = visit.code("client"), visit.form.get("act", "")

    def rotate() -> Answer:
        made = rotate_client_secret(visit.conn, visit.ctx, client, keep=_OVERLAP)
        parts = ((phrase("Client id"), made.client), (phrase("Client secret"), made.secret))
        return _once(visit, phrase("The new secret. The one before works for 24 more hours"), parts)

    def retire() -> Answer:
        retire_secrets(visit.conn, visit.ctx, client)
        return Go(urls.MACHINES, Notice("done", phrase("Only the newest secret works now.")))

    def disable() -> Answer:
        change_client_status(visit.conn, visit.ctx, client, "disabled")
        return Go(urls.MACHINES, Notice("done", phrase("The client is switched off; its tokens stopped working.")))

    def enable() -> Answer:
        change_client_status(visit.conn, visit.ctx, client, "active")
        return Go(urls.MACHINES, Notice("done", phrase("The client is switched on.")))

    acts = {"rotate": rotate, "retire": retire, "disable": disable, "enable": enable}
    return _tried(visit, acts.get(act) or _unknown)


def add_key(visit: Visit) -> Answer:
    """A key; it is shown on the page that answers."""

    def act() -> Answer:
        form = visit.form
        days = _number("days", form.get("days", ""))
        ends = visit.now + timedelta(days=days) if days else None
        account = form.get("key_account", "")
        name = form.get("key_name", "")
        key = create_api_key(visit.conn, visit.ctx, account, name=name, scopes=_scopes(visit), expires_at=ends)
        return _once(visit, phrase("The key is ready. Copy it now"), ((phrase("API key"), key),))

    return _tried(visit, act)


def act_on_key(visit: Visit) -> Answer:
    """Replace or revoke a key."""
    key, act = visit.code("key"), visit.form.get("act", "")

    def rotate() -> Answer:
        made = rotate_api_key(visit.conn, visit.ctx, key, keep=_OVERLAP)
        return _once(visit, phrase("The new key. The one before works for 24 more hours"), ((phrase("API key"), made),))

    def revoke() -> Answer:
        revoke_api_key(visit.conn, visit.ctx, key)
        return Go(urls.MACHINES, Notice("done", phrase("The key is revoked.")))

    return _tried(visit, {"rotate": rotate, "revoke": revoke}.get(act) or _unknown)


def _tried(visit: Visit, act: Callable[[], Answer]) -> Answer:
    """What came of it, or the page with why not; nothing is half done."""
    try:
        with visit.conn.transaction():
            return act()
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        problem = error.problems[0] if error.problems else None
        field = problem.field if problem else ""
        said = problem_told(problem, humanise(field)) if problem else sentence(error.message)
        return Shown(present.with_error(_view(visit), field, said), 422)


def _once(visit: Visit, title: str, parts: tuple[tuple[str, str], ...]) -> Answer:
    return Shown(present.with_shown(_view(visit), ShownOnce(title, parts)))


def _unknown() -> Answer:
    raise invalid("act", "", "is not something to do here", "Go back and use the buttons.")


def _view(visit: Visit) -> MachinesView:
    accounts = list_accounts(visit.conn, visit.now, kind="service", limit=MOST + 1)
    clients = list_clients(visit.conn, visit.now)
    keys = list_api_keys(visit.conn)
    more = max(len(accounts), len(clients), len(keys)) > MOST
    base = str(visit.request.base_url).rstrip("/")
    return present.machines(accounts[:MOST], clients[:MOST], keys[:MOST], visit.now, base, more=more)


def _scopes(visit: Visit) -> list[str]:
    return [name.removeprefix(SCOPE) for name in visit.form if name.startswith(SCOPE)]


def _number(field: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise invalid(field, text, "is not a whole number")
    return int(text)


DOORS = (
    Door("GET", urls.MACHINES, ADMIN, show),
    Door("POST", urls.MACHINES_SERVICES, ADMIN, add_service, fresh=True),
    Door("POST", urls.MACHINES_SERVICE, ADMIN, set_service, fresh=True),
    Door("POST", urls.MACHINES_CLIENTS, ADMIN, add_client, fresh=True),
    Door("POST", urls.machine_client("{client}"), ADMIN, act_on_client, fresh=True),
    Door("POST", urls.MACHINES_KEYS, ADMIN, add_key, fresh=True),
    Door("POST", urls.machine_key("{key}"), ADMIN, act_on_key, fresh=True),
)
