"""The partner's company: its people, administered by one of them, and the way to its data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from headgate.access import (
    PARTNER_ROLES,
    Colleague,
    Invitation,
    add_colleague,
    list_colleagues,
    renew_link,
    set_colleague_active,
    set_colleague_role,
)
from headgate.access.core.tokens import secret_hash
from headgate.connectors.mail import invitation_letter
from headgate.identity.mails import base_of
from headgate.kernel.errors import Conflict, Invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.portal import urls
from headgate.portal.company_views import CompanyView, PersonRow
from headgate.portal.pages.home import company_of
from headgate.portal.pages.reading import by_field
from headgate.portal.visit import SIGNED_IN, Answer, Door, Go, Shown, Visit, Write
from headgate.ui.cookies import Notice

MANAGE = "portal.users"
FIELDS = ("name", "email", "role")


def show(visit: Visit) -> Answer:
    """The company."""
    return _view(visit)


def invite(visit: Visit) -> Answer:
    """Invite a colleague; their link goes to them by mail, and is shown once."""
    fields = {name: visit.field(name) for name in FIELDS}
    try:
        with visit.conn.transaction():
            link = add_colleague(visit.conn, visit.ctx, email=fields["email"], name=fields["name"], role=fields["role"])
    except Invalid as error:
        return Shown(_view(visit, fields, by_field(error.problems, {name: name for name in FIELDS})), 400)
    except Conflict as error:
        return Shown(_view(visit, fields, {"email": sentence(error.message)}), 409)
    return _sent(visit, link, fields["name"], fields["email"])


def new_link(visit: Visit) -> Answer:
    """A new link for somebody who lost theirs, or their password."""
    link = renew_link(visit.conn, visit.ctx, visit.code("person"))
    address = link.principal.removeprefix("user:")
    return _sent(visit, link, address, address)


def _sent(visit: Visit, link: Invitation, name: str, address: str) -> Answer:
    """The page with the link, and the link on its way; in the mail it begins with the portal's own address, never with
    what a request says of itself."""
    base = base_of(visit.app, visit.request, visit.tenant.portal_host)
    days = round((link.expires_at - visit.now) / timedelta(days=1))
    letter = invitation_letter(address, name, visit.me.name or visit.me.id, f"{base}{urls.welcome(link.token)}", days)
    key = f"invitation:{secret_hash(link.token).hex()}"
    return Write(letter, link.principal, key, _view(visit, link=link, link_for=name))


def set_role(visit: Visit) -> Answer:
    """Give a colleague another role."""
    set_colleague_role(visit.conn, visit.ctx, visit.code("person"), visit.field("role"))
    return Go(urls.COMPANY, Notice("done", phrase("The role was changed.")))


def deactivate(visit: Visit) -> Answer:
    """Shut a colleague out."""
    set_colleague_active(visit.conn, visit.ctx, visit.code("person"), False)
    return Go(urls.COMPANY, Notice("done", phrase("The account is deactivated and signed out everywhere.")))


def activate(visit: Visit) -> Answer:
    """Let a colleague in again."""
    set_colleague_active(visit.conn, visit.ctx, visit.code("person"), True)
    return Go(urls.COMPANY, Notice("done", phrase("The account is active again.")))


def _view(
    visit: Visit,
    fields: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    link: Invitation | None = None,
    link_for: str = "",
) -> CompanyView:
    request = visit.request
    address = (
        "" if link is None else f"{request.url.scheme}://{request.headers.get('host', '')}{urls.welcome(link.token)}"
    )
    return CompanyView(
        name=company_of(visit),
        code=visit.partner,
        people=tuple(_person(c, visit) for c in list_colleagues(visit.conn, visit.ctx)),
        can_manage=visit.may(MANAGE),
        fields=fields or {},
        errors=errors or {},
        link=address,
        link_for=link_for,
        link_until=None if link is None else link.expires_at,
    )


def _person(colleague: Colleague, visit: Visit) -> PersonRow:
    account = colleague.account
    roles = [role for role in account.roles if role in PARTNER_ROLES]
    state = "deactivated" if account.status != "active" else "active" if colleague.ready else "invited"
    me = account.principal == visit.me.id
    return PersonRow(
        account.principal, account.name, account.email or "", roles[0] if roles else "", state, colleague.last_seen, me
    )


DOORS = (
    Door("GET", urls.COMPANY, SIGNED_IN, show),
    Door("POST", urls.COMPANY_ADD, MANAGE, invite, fresh=True),
    Door("POST", urls.person_act("{person}", "link"), MANAGE, new_link, fresh=True),
    Door("POST", urls.person_act("{person}", "role"), MANAGE, set_role, fresh=True),
    Door("POST", urls.person_act("{person}", "deactivate"), MANAGE, deactivate),
    Door("POST", urls.person_act("{person}", "activate"), MANAGE, activate, fresh=True),
)
