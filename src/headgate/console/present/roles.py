"""From roles and the matrix of duties to the pages of roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from headgate.access import PERMISSIONS, ROLES, CustomRole
from headgate.access.core.duties import Matrix, Rule
from headgate.access.core.groups import GROUPS
from headgate.access.core.roles import OPERATOR_ROLES, PARTNER_ROLES, STAFF_PERMISSIONS
from headgate.access.inheritance import Inherited
from headgate.console import urls
from headgate.console.present.duties import duty_row
from headgate.console.views.common import Option
from headgate.console.views.roles import (
    Effect,
    PermissionChoice,
    PermissionGroup,
    RoleRow,
    RolesView,
)
from headgate.kernel.phrases import Opening, Phrase, phrase, worded
from headgate.ui.words import humanise


def roles_page(
    own: Sequence[CustomRole],
    counts: Mapping[str, int],
    *,
    may_make: bool,
    inherited: Mapping[str, str] | None = None,
) -> RolesView:
    """The list; retired roles come last. `inherited` names from whom a role comes."""
    mine = sorted(own, key=lambda each: (each.status == "retired", each.title.lower()))
    return RolesView(
        own=tuple(
            RoleRow(
                urls.role(each.role),
                each.role,
                each.title,
                each.description,
                False,
                each.status,
                len(each.permissions or each.wanted),
                counts.get(each.role, 0),
                (inherited or {}).get(each.role, ""),
            )
            for each in mine
        ),
        shipped=tuple(
            RoleRow(urls.role(role), role, humanise(role), "", True, "active", len(held), counts.get(role, 0))
            for role, held in ROLES.items()
        ),
        new_href=urls.NEW_ROLE if may_make else "",
    )


def groups(
    picked: Collection[str], held: Collection[str], in_force: Collection[str], *, only: Collection[str] | None = None
) -> tuple[PermissionGroup, ...]:
    """The catalogue in groups. `only`: no others, for a role that is just looked at; else what own roles may hold."""
    shown = STAFF_PERMISSIONS if only is None else frozenset(only)
    found = []
    for title, names in GROUPS.items():
        choices = tuple(
            PermissionChoice(name, _sentence(name), name in picked, name not in held, name in in_force)
            for name in names
            if name in shown
        )
        if choices:
            found.append(PermissionGroup(title, choices))
    return tuple(found)


def effect(picked: Collection[str], held: Collection[str], matrix: Matrix) -> Effect:
    """What the permissions that are picked would mean."""
    chosen = frozenset(picked)
    broken: list[Rule] = [rule for rule in matrix.rules if rule.pair <= chosen]
    beyond = [_sentence(name) for name in PERMISSIONS if name in chosen and name not in held]
    return Effect(len(chosen), tuple(duty_row(rule) for rule in broken), tuple(beyond))


def origin(found: Inherited) -> str:
    """Where a role comes from, in words; empty for one that the tenant made itself in its place."""
    if found.taken_version is None or found.state == "overridden":
        return ""
    told = {"origin": found.provider_name, "version": found.taken_version}
    if found.state == "released":
        return phrase("your own by now, once inherited from %(origin)s, version %(version)s", **told)
    return phrase("inherited from %(origin)s, version %(version)s", **told)


def starts(own: Sequence[CustomRole]) -> tuple[Option, ...]:
    """Roles that a new one can start from."""
    left_out = (*PARTNER_ROLES, *OPERATOR_ROLES, "provisioning")
    found = [Option(role, humanise(role)) for role in ROLES if role not in left_out]
    found += [Option(each.role, each.title) for each in own if each.status == "active"]
    return tuple(sorted(found, key=lambda option: option.label.lower()))


def _sentence(permission: str) -> Phrase:
    return Opening(worded(PERMISSIONS.get(permission, permission)))
