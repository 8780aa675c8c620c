"""Sign-on in every state."""

from __future__ import annotations

from dataclasses import replace

from headgate.console.views.common import FormError, Option, Person
from headgate.console.views.sign_in import ProviderLink
from headgate.console.views.sign_on import (
    LinkRow,
    MappingRow,
    ProviderRow,
    SignedOutView,
    SignOnFailedView,
    SignOnTestedView,
    SignOnView,
)
from tests.unit.ui.samples.base import ago
from tests.unit.ui.samples.sign_in import SIGN_IN

_ENTRA = ProviderRow(
    code="entra",
    name="Entra ID of the group",
    issuer="https://login.example/0f3c2c0e-6a4e-4f7b-9a53-2b1f6f0d9a11/v2.0",
    client_id="7d0c6a3e-1c1b-4b0a-9f8e-5a2b3c4d5e6f",
    state="active",
    tested_at=ago(days=3),
    domains=("nordwind.example",),
    just_in_time=True,
    groups_claim="groups",
    test_href="/sign-in/with/entra?test=1",
    act_href="/identity/sign-on/providers/entra",
    mappings=(
        MappingRow("Headgate order desk", "Order desk", "order_desk", "oidc:entra"),
        MappingRow("Headgate finance", "Finance", "finance", "oidc:entra"),
    ),
    links=(
        LinkRow("AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "user:ana@nordwind.example", ago(days=3), ago(hours=1)),
        LinkRow("AAAAAAAAAAAAAAAAAAAAAMLqQ0p1bXyH2v", "user:ben@nordwind.example", ago(days=3), None),
    ),
)
SIGN_ON = SignOnView(
    providers=(
        _ENTRA,
        replace(_ENTRA, code="okta", name="Okta", state="untested", tested_at=None, mappings=(), links=()),
        replace(_ENTRA, code="old", name="Old one", state="disabled", just_in_time=False, groups_claim="", links=()),
    ),
    roles=(Option("auditor", "Auditor"), Option("order_desk", "Order desk")),
    redirect_uri="https://headgate.nordwind.example/sign-in/back",
    scim_address="https://headgate.nordwind.example/scim/v2",
    scim_mappings=(MappingRow("Headgate auditors", "Auditor", "auditor", "scim"),),
    passwords=True,
    break_glass=(),
    people=(Option("adam@nordwind.example", "Adam Adler"), Option("ana@nordwind.example", "Ana Nord")),
)
NO_SIGN_ON = replace(SIGN_ON, providers=(), scim_mappings=())
NO_PASSWORDS = replace(
    SIGN_ON, passwords=False, break_glass=(Person("user:adam@nordwind.example", "Adam Adler", "person"),)
)
REFUSED = replace(
    SIGN_ON,
    typed="nobody@nordwind.example",
    error=FormError("issuer", "Issuer leads to 10.0.0.1, which is not a public address."),
)
TESTED = SignOnTestedView(
    provider="Entra ID of the group",
    subject="AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    name="Ana Nord",
    email="ana@nordwind.example",
    groups=("Headgate order desk", "Everybody"),
    roles=("order_desk",),
    groups_claim="groups",
    claims=("aud", "email", "exp", "iat", "iss", "name", "nonce", "sub"),
)
FAILED = SignOnFailedView("The test failed.", "the ID token is meant for another application", "/identity/sign-on")
SIGNED_OUT = SignedOutView("Entra ID of the group", "https://login.example/logout?id_token_hint=x")
WITH_PROVIDERS = replace(
    SIGN_IN,
    providers=(
        ProviderLink("Entra ID of the group", "/sign-in/with/entra"),
        ProviderLink("Okta", "/sign-in/with/okta"),
    ),
)
ONLY_PROVIDERS = replace(WITH_PROVIDERS, passwords=False, demo_logins=())
