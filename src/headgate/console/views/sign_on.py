"""Signing on by an identity provider: its administration, and what a sign-in by it told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import FormError, Option, Person, View


@dataclass(frozen=True, slots=True)
class MappingRow:
    """Members of a group hold a role."""

    group: str
    role: str
    role_code: str
    origin: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A person of the provider and their account."""

    subject: str
    principal: str
    linked_at: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """An identity provider. `state`: active, disabled or untested."""

    code: str
    name: str
    issuer: str
    client_id: str
    state: str
    tested_at: datetime | None
    domains: tuple[str, ...]
    just_in_time: bool
    groups_claim: str
    test_href: str
    act_href: str
    mappings: tuple[MappingRow, ...]
    links: tuple[LinkRow, ...]


@dataclass(frozen=True, slots=True)
class SignOnView(View):
    """Identity providers, provisioning, and who may use a password. `people` can be picked as such; `typed` is who was
    to be another."""

    template: ClassVar[str] = "sign_on.html"
    nav: ClassVar[str] = "sign-on"

    providers: tuple[ProviderRow, ...]
    roles: tuple[Option, ...]
    redirect_uri: str
    scim_address: str
    scim_mappings: tuple[MappingRow, ...]
    passwords: bool
    break_glass: tuple[Person, ...]
    error: FormError | None = None
    provisions: bool = False
    people: tuple[Option, ...] = ()
    typed: str = ""


@dataclass(frozen=True, slots=True)
class SignOnTestedView(View):
    """What a test sign-in found. `claims` are the names of everything the provider told."""

    template: ClassVar[str] = "sign_on_tested.html"

    provider: str
    subject: str
    name: str
    email: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    groups_claim: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignOnFailedView(View):
    """A sign-in that did not work. `why` is told to administrators who test, and to nobody else."""

    template: ClassVar[str] = "sign_on_failed.html"

    words: str
    why: str
    back: str


@dataclass(frozen=True, slots=True)
class SignedOutView(View):
    """Signed out here; `there` ends the session at the identity provider as well."""

    template: ClassVar[str] = "signed_out.html"

    provider: str
    there: str
