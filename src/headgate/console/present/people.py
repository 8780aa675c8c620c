"""From accounts, grants and the matrix of duties to the pages of people and roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from headgate.access import PERMISSIONS, ROLES, Account
from headgate.access.core.duties import Clash
from headgate.access.core.roles import ALSO_FOR_PARTNERS, OPERATOR_ROLES, PARTNER_ROLES
from headgate.access.duties import CustomRole, Holder, Mitigation
from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.common import Option
from headgate.console.views.people import (
    ConflictRow,
    GrantRow,
    PersonRow,
    PersonView,
    RightRow,
)
from headgate.kernel.phrases import Opening, worded
from headgate.ui.words import humanise

Conflicts = Mapping[str, Sequence[tuple[Clash, Mitigation | None]]]


def person_rows(
    holders: Sequence[Holder], conflicts: Conflicts, names: Names, own: Sequence[CustomRole], now: datetime
) -> tuple[PersonRow, ...]:
    """The list, with the conflicts that nothing keeps watch over."""
    titles = {role.role: role.title for role in own}
    return tuple(
        PersonRow(
            h.principal,
            h.name,
            h.email or "",
            h.kind,
            _partner(h, names),
            h.status,
            tuple(titles.get(role) or humanise(role) for role in h.roles(now)),
            h.last_seen,
            len({clash.rule.pair for clash, watched in conflicts.get(h.principal, ()) if watched is None}),
        )
        for h in holders
    )


def _partner(holder: Holder, names: Names) -> str:
    found = names.partner(holder.partner)
    return found.name if found is not None else ""


def pickable(accounts: Iterable[Account]) -> tuple[Option, ...]:
    """The tenant's own active people by address and name, for a field that takes what is typed as well."""
    own = [a for a in accounts if a.kind == "person" and a.status == "active" and a.partner is None and a.email]
    return tuple(Option(a.email or "", a.name) for a in sorted(own, key=lambda a: a.name.casefold()))


def typed_people(text: str) -> list[str]:
    """Who is meant by addresses with blanks or commas between; an id as the audit trail writes it is one, too."""
    return [each if ":" in each else f"user:{each.lower()}" for each in re.split(r"[\s,;]+", text) if each]


def role_options(own: Sequence[CustomRole]) -> tuple[Option, ...]:
    """Every role that somebody can have, by name."""
    names = [Option(role, humanise(role)) for role in ROLES]
    names += [Option(role.role, role.title) for role in own if role.status == "active"]
    return tuple(sorted(names, key=lambda option: option.label))


def person_page(
    holder: Holder,
    allowed: Mapping[str, frozenset[str]],
    conflicts: Sequence[tuple[Clash, Mitigation | None]],
    own: Sequence[CustomRole],
    names: Names,
    now: datetime,
    *,
    may_grant: bool,
    error: str = "",
    chosen: str = "",
    until: str = "",
) -> PersonView:
    """One account with why it may do what."""
    titles = {role.role: role.title for role in own}
    in_force = holder.roles(now)
    rights = [
        RightRow(
            permission,
            Opening(worded(words)),
            tuple(titles.get(r) or humanise(r) for r in in_force if permission in allowed.get(r, frozenset())),
        )
        for permission, words in PERMISSIONS.items()
        if any(permission in allowed.get(role, frozenset()) for role in in_force)
    ]
    return PersonView(
        principal=holder.principal,
        name=holder.name,
        email=holder.email or "",
        partner=_partner(holder, names),
        state=holder.status,
        last_seen=holder.last_seen,
        grants=tuple(
            GrantRow(
                held.role,
                titles.get(held.role) or humanise(held.role),
                held.status(now),
                held.valid_from or held.granted_at,
                held.valid_until,
                names.person(held.granted_by),
                urls.person_revoke(holder.principal) if may_grant else "",
            )
            for held in holder.grants
        ),
        conflicts=tuple(_conflict(clash, watched, titles) for clash, watched in conflicts),
        rights=tuple(rights),
        choices=_choices(holder, own) if may_grant else (),
        grant_href=urls.person_grant(holder.principal),
        error=error,
        chosen=chosen,
        until=until,
    )


def _choices(holder: Holder, own: Sequence[CustomRole]) -> tuple[Option, ...]:
    """Roles that fit the account: those of partners' people for them, all others for the tenant's own."""
    if holder.partner:
        return tuple(Option(role, humanise(role)) for role in (*PARTNER_ROLES, *ALSO_FOR_PARTNERS))
    return tuple(o for o in role_options(own) if o.value not in (*PARTNER_ROLES, *OPERATOR_ROLES))


def _conflict(clash: Clash, watched: Mitigation | None, titles: Mapping[str, str]) -> ConflictRow:
    rule = clash.rule
    roles = tuple(titles.get(role) or humanise(role) for role in dict.fromkeys((clash.first, clash.second)))
    control, until = (watched.control, watched.valid_until) if watched else ("", None)
    return ConflictRow(
        worded(PERMISSIONS.get(rule.first, rule.first)),
        worded(PERMISSIONS.get(rule.second, rule.second)),
        worded(rule.reason),
        roles,
        control,
        until,
    )
