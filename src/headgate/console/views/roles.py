"""Roles: the list, one with what it allows in groups, and the conflicts it would bring as one chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import Option, Person, View
from headgate.console.views.people import DutyRow


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in the list. `shipped` ones stay as they are; `waiting`: somebody has to confirm what it shall allow."""

    href: str
    role: str
    title: str
    description: str
    shipped: bool
    state: str
    allows: int
    holders: int
    inherited: str = ""


@dataclass(frozen=True, slots=True)
class RolesView(View):
    """The tenant's own roles and the shipped ones. `new_href` is empty for who may not make one."""

    template: ClassVar[str] = "roles.html"
    nav: ClassVar[str] = "people"

    own: tuple[RoleRow, ...]
    shipped: tuple[RoleRow, ...]
    new_href: str


@dataclass(frozen=True, slots=True)
class PermissionChoice:
    """A permission in words. `beyond`: the reader does not hold it, so somebody else confirms it; `in_force`: the role
    has it now, which differs from `picked` while a change waits."""

    permission: str
    words: str
    picked: bool
    beyond: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class PermissionGroup:
    """Permissions that people think of together."""

    title: str
    choices: tuple[PermissionChoice, ...]


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """Somebody who holds a role."""

    href: str
    name: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What the permissions that are picked would mean: rules they break by themselves, and what has to be confirmed by
    somebody else."""

    picked: int
    conflicts: tuple[DutyRow, ...]
    beyond: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleView(View):
    """A role to look at or, with `may_save`, to change; a new one has an empty `role` and starts from another's
    permissions. `check_href` answers with the effect alone. `origin` says from whom it is
    inherited, `locked_by` who keeps it from being changed here; both are empty for the tenant's own."""

    template: ClassVar[str] = "role.html"
    nav: ClassVar[str] = "people"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"effect": "role_effect.html"})

    role: str
    name: str
    title: str
    description: str
    shipped: bool
    state: str
    groups: tuple[PermissionGroup, ...]
    effect: Effect
    may_save: bool
    save_href: str
    check_href: str
    copy_href: str = ""
    confirm_href: str = ""
    confirm_refused: str = ""
    retire_href: str = ""
    holders: tuple[RoleHolder, ...] = ()
    holder_count: int = 0
    changed_by: Person | None = None
    changed_at: datetime | None = None
    starts: tuple[Option, ...] = ()
    start: str = ""
    error: str = ""
    origin: str = ""
    locked_by: str = ""

    @property
    def is_new(self) -> bool:
        """Whether it is not made yet."""
        return not self.role
