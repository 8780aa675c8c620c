"""Sign-on: identity providers with a test, roles by groups, linked people, and who may use a password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from headgate.access import list_custom_roles
from headgate.access.core.roles import OPERATOR_ROLES, PARTNER_ROLES
from headgate.access.federation import (
    GroupRole,
    Link,
    Provider,
    ProviderDraft,
    create_provider,
    get_provider,
    get_rules,
    group_roles,
    link_identity,
    list_links,
    list_providers,
    map_group,
    set_provider_status,
    set_rules,
    unlink_identity,
    unmap_group,
)
from headgate.connectors.provisioning import READ as PROVISIONING
from headgate.console import urls
from headgate.console.pages.loading import names_of, people_to_pick
from headgate.console.present.people import role_options, typed_people
from headgate.console.views.common import FormError, Notice
from headgate.console.views.sign_on import LinkRow, MappingRow, ProviderRow, SignOnView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

ADMIN = ("admin",)
KEEP = "keep:"
_NOT_FOR_STAFF = (*PARTNER_ROLES, *OPERATOR_ROLES)


def show(visit: Visit) -> Answer:
    """All of it."""
    return _view(visit)


def add_provider(visit: Visit) -> Answer:
    """Register a provider; it is switched on after a test."""

    def act() -> Answer:
        form = visit.form
        draft = ProviderDraft(
            code=form.get("code", "").strip().lower(),
            name=form.get("name", ""),
            issuer=form.get("issuer", "").strip(),
            client_id=form.get("client_id", ""),
            client_secret=form.get("client_secret", ""),
            scopes=tuple(form.get("scopes", "").split()),
            groups_claim=form.get("groups_claim", "").strip(),
            domains=tuple(form.get("domains", "").split()),
            just_in_time="just_in_time" in form,
        )
        visit.app.discovery.fetch.check("issuer", draft.issuer)
        made = create_provider(visit.conn, visit.ctx, visit.app.envelope, draft)
        return Go(
            urls.SIGN_ON, Notice("done", phrase("%(made)s is registered. Test the sign-in next.", made=made.name))
        )

    return _tried(visit, act)


def act_on_provider(visit: Visit) -> Answer:
    """Switch it on or off, link and unlink people."""
    provider = get_provider(visit.conn, visit.code("provider"))
    form = visit.form

    def enable() -> str:
        set_provider_status(visit.conn, visit.ctx, provider.code, "active")
        return phrase("%(provider)s is on the sign-in page now.", provider=provider.name)

    def disable() -> str:
        set_provider_status(visit.conn, visit.ctx, provider.code, "disabled")
        return phrase("%(provider)s is switched off.", provider=provider.name)

    def link() -> str:
        whose = (*typed_people(form.get("principal", "")), "")[0]
        link_identity(visit.conn, visit.ctx, provider, form.get("subject", ""), whose)
        return phrase("They are linked.")

    def unlink() -> str:
        unlink_identity(visit.conn, visit.ctx, provider, form.get("subject", ""))
        return phrase("The link is gone, and the sessions of the account ended.")

    acts = {"enable": enable, "disable": disable, "link": link, "unlink": unlink}
    return _tried(visit, lambda: Go(urls.SIGN_ON, Notice("done", acts.get(form.get("act", ""), _unknown)())))


def act_on_group(visit: Visit) -> Answer:
    """Add or remove a line of the table of roles by groups."""
    form = visit.form
    origin, group, role = form.get("origin", ""), form.get("group", ""), form.get("role", "")

    def act() -> Answer:
        if origin != "scim":
            get_provider(visit.conn, origin.removeprefix("oidc:"))
        if form.get("act") == "remove":
            unmap_group(visit.conn, visit.ctx, origin, group, role)
        else:
            map_group(visit.conn, visit.ctx, origin, group, role)
        return Go(
            urls.SIGN_ON, Notice("done", phrase("The table is changed; it counts from the next sign-in or message on."))
        )

    return _tried(visit, act)


def rule(visit: Visit) -> Answer:
    """Switch passwords on or off."""

    def act() -> Answer:
        allowed = visit.form.get("passwords") != "off"
        kept = [name.removeprefix(KEEP) for name in visit.form if name.startswith(KEEP)]
        named = list(dict.fromkeys([*kept, *typed_people(visit.form.get("break_glass", ""))]))
        set_rules(visit.conn, visit.ctx, passwords=allowed, break_glass=named)
        words = (
            phrase("Passwords are allowed.")
            if allowed
            else phrase("Passwords are off, but for the break-glass accounts.")
        )
        return Go(urls.SIGN_ON, Notice("done", words))

    return _tried(visit, act)


def _tried(visit: Visit, act: Callable[[], Answer]) -> Answer:
    """What came of it, or the page with why not; nothing is half done."""
    try:
        with visit.conn.transaction():
            return act()
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        problem = error.problems[0] if error.problems else None
        words = problem_told(problem, humanise(problem.field)) if problem else sentence(error.message)
        said = FormError(problem.field if problem else "", words)
        return Shown(replace(_view(visit), error=said, typed=visit.form.get("break_glass", "")), 422)


def _unknown() -> str:
    raise invalid("act", "", "is not something to do here", "Go back and use the buttons.")


def _view(visit: Visit) -> SignOnView:
    conn, base = visit.conn, str(visit.request.base_url).rstrip("/")
    rules, providers, lines = get_rules(conn), list_providers(conn), group_roles(conn)
    links = list_links(conn, providers)
    names = names_of(visit, people=rules.break_glass)
    return SignOnView(
        providers=tuple(
            _row(p, [g for g in lines if g.origin == p.origin], [k for k in links if k.issuer == p.issuer])
            for p in providers
        ),
        roles=tuple(each for each in role_options(list_custom_roles(visit.conn)) if each.value not in _NOT_FOR_STAFF),
        redirect_uri=f"{base}{urls.SIGN_IN_BACK}",
        scim_address=f"{base}/scim/v2",
        scim_mappings=_mappings([g for g in lines if g.origin == "scim"]),
        passwords=rules.passwords,
        break_glass=tuple(map(names.person, rules.break_glass)),
        people=people_to_pick(visit),
        provisions=visit.may(PROVISIONING),
    )


def _row(provider: Provider, lines: list[GroupRole], links: list[Link]) -> ProviderRow:
    return ProviderRow(
        provider.code,
        provider.name,
        provider.issuer,
        provider.client_id,
        "untested" if provider.tested_at is None else provider.status,
        provider.tested_at,
        provider.domains,
        provider.just_in_time,
        provider.groups_claim,
        urls.sign_in_test(provider.code),
        urls.sign_on_provider(provider.code),
        _mappings(lines),
        tuple(LinkRow(link.subject, link.principal, link.linked_at, link.last_used) for link in links),
    )


def _mappings(lines: list[GroupRole]) -> tuple[MappingRow, ...]:
    return tuple(MappingRow(line.group, humanise(line.role), line.role, line.origin) for line in lines)


DOORS = (
    Door("GET", urls.SIGN_ON, ADMIN, show),
    Door("POST", urls.SIGN_ON_PROVIDERS, ADMIN, add_provider, fresh=True),
    Door("POST", urls.sign_on_provider("{provider}"), ADMIN, act_on_provider, fresh=True),
    Door("POST", urls.SIGN_ON_GROUPS, ADMIN, act_on_group, fresh=True),
    Door("POST", urls.SIGN_ON_RULES, ADMIN, rule, fresh=True),
)
