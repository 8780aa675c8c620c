"""Signing in by an identity provider: accounts, roles by groups, and attacks on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from headgate.access import Denied, Sealer, create_person, get_account, grant_role, list_grants, suspend
from headgate.access.federation import (
    Callback,
    Discovery,
    Finished,
    Provider,
    ProviderDraft,
    Unreachable,
    arrive,
    begin,
    create_provider,
    exchange,
    get_provider,
    link_identity,
    list_links,
    map_group,
    may_use_password,
    note_test,
    secret_of,
    set_provider_status,
    set_rules,
    take_request,
    unlink_identity,
    unmap_group,
)
from headgate.kernel.context import Principal
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW, PASSWORD
from tests.integration.access.fake_provider import FakeProvider

SEALER = Sealer((bytes(32),))
BACK = "https://headgate.example/sign-in/back"
BROWSER = "b" * 43
DRAFT = ProviderDraft(
    code="idp",
    name="The IdP",
    issuer="https://idp.example",
    client_id="headgate",
    client_secret="s3cret with: odd &chars",
)


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider().at(NOW)


@pytest.fixture
def make(database, tenant, ctx):
    """Registers a provider."""

    def made(**changes: Any) -> Provider:
        with database.transaction(tenant) as conn:
            return create_provider(conn, ctx, SEALER, replace(DRAFT, **changes))

    return made


@pytest.fixture
def go(database, tenant, ctx, fake):
    """Goes to the provider and comes back: what was asked and the answer in the address."""

    def walked(provider: Provider, at: FakeProvider | None = None, **asked: Any) -> tuple[Discovery, Callback, dict]:
        idp = at or fake
        discovery = Discovery(idp)
        metadata = discovery.metadata(provider.issuer, NOW)
        with database.transaction(tenant) as conn:
            begun = begin(conn, ctx, provider, metadata, browser=BROWSER, redirect_uri=BACK, then="/", **asked)
        answer = idp.authorize(begun.address)
        with database.transaction(tenant) as conn:
            return discovery, take_request(conn, answer["state"], BROWSER, NOW), answer

    return walked


@pytest.fixture
def sign_in(database, tenant, ctx, go):
    """A whole sign-in."""

    def done(provider: Provider) -> Principal | Denied:
        finished = finish(provider, go(provider), tenant)
        with database.transaction(tenant) as conn:
            return arrive(conn, ctx, provider, finished.identity)

    return done


def finish(provider: Provider, walked: tuple[Discovery, Callback, dict], tenant) -> Finished:
    discovery, callback, answer = walked
    return exchange(discovery, provider, secret_of(provider, SEALER, tenant), callback, answer, NOW)


def test_somebody_who_is_linked_comes_in_as_their_account(database, tenant, ctx, person, make, sign_in):
    provider, ana = make(), person("ana", "order_desk")
    assert isinstance(sign_in(provider), Denied), "nobody is linked by chance"
    with database.transaction(tenant) as conn:
        link_identity(conn, ctx, provider, "subject-1", ana)
    found = sign_in(provider)
    assert isinstance(found, Principal)
    assert found.id == ana
    assert found.roles == {"order_desk"}
    with database.transaction(tenant) as conn:
        [link] = list_links(conn, [provider])
        assert link.last_used == NOW
        suspend(conn, ctx, ana)
    assert isinstance(sign_in(provider), Denied)


def test_the_secret_of_a_provider_is_sealed_for_its_tenant(make, tenant, superuser, make_tenant):
    provider = make()
    (row,) = superuser.execute("select p::text from identity_providers p where tenant_id = %s", [tenant]).fetchone()
    assert "s3cret" not in row
    assert secret_of(provider, SEALER, tenant) == DRAFT.client_secret
    with pytest.raises(Exception, match="altered or moved"):
        secret_of(provider, SEALER, make_tenant())


def test_an_address_alone_opens_no_account(person, make, fake, sign_in):
    """The provider may say what it likes of addresses: an account that is there is linked by hand."""
    person("ana", "tenant_admin")
    provider = make(just_in_time=True, domains=("nordwind.example",))
    fake.told = {"email": "ana@nordwind.example", "email_verified": True}
    refused = sign_in(provider)
    assert isinstance(refused, Denied)
    assert "must link them" in refused.reason


def test_accounts_are_made_only_where_it_is_switched_on_for_the_domain_and_the_address_is_verified(
    database, tenant, make, fake, sign_in
):
    off = make()
    on = make(code="on", client_id="headgate-2", just_in_time=True, domains=("Nordwind.example",))
    fake.told = {"email": "neu@nordwind.example", "email_verified": True, "name": "Neu Mann"}
    assert isinstance(sign_in(off), Denied)
    fake.client_id = "headgate-2"
    for wrong in (
        {"email": "neu@nordwind.example", "email_verified": False},
        {"email": "neu@elsewhere.example", "email_verified": True},
        {"email": "neu@sub.nordwind.example", "email_verified": True},
        {"email": "neu@nordwind.example@elsewhere.example", "email_verified": True},
        {"email_verified": True},
    ):
        fake.told = wrong
        assert isinstance(sign_in(on), Denied), wrong
    fake.told = {"email": "Neu@Nordwind.Example", "email_verified": True, "name": "Neu Mann"}
    made = sign_in(on)
    assert isinstance(made, Principal)
    assert (made.id, made.name) == ("user:neu@nordwind.example", "Neu Mann")
    assert made.permissions == frozenset()
    fake.told = {}
    again = sign_in(on)
    assert isinstance(again, Principal), "from now on by the subject"
    assert again.id == made.id
    with database.transaction(tenant) as conn:
        assert "identity.linked" in [entry.action for entry in audit_list(conn, limit=20)]


def test_roles_come_and_go_with_groups_and_those_that_people_granted_stay(
    database, tenant, ctx, person, make, fake, sign_in
):
    provider, ana = make(), person("ana", "auditor")
    with database.transaction(tenant) as conn:
        link_identity(conn, ctx, provider, "subject-1", ana)
        for group, role in (("reads", "auditor"), ("desk", "order_desk"), ("success", "partner_success")):
            map_group(conn, ctx, provider.origin, group, role)
    fake.told = {"groups": ["reads"]}
    assert sign_in(provider).roles == {"auditor"}
    fake.told = {"groups": ["desk"]}
    refused = sign_in(provider)
    assert isinstance(refused, Denied), "an auditor takes no part"
    with database.transaction(tenant) as conn:
        assert get_account(conn, ana, NOW).roles == ("auditor",), "nothing was half done"
    fake.told = {"groups": []}
    assert sign_in(provider).roles == {"auditor"}, "a person granted it"
    other = person("ben")
    fake.subject, fake.told = "subject-2", {"groups": ["desk", "success", "unknown"]}
    with database.transaction(tenant) as conn:
        link_identity(conn, ctx, provider, "subject-2", other)
    assert sign_in(provider).roles == {"order_desk", "partner_success"}
    with database.transaction(tenant) as conn:
        assert {grant.granted_by for grant in list_grants(conn, [other])} == {"oidc:idp"}
        unmap_group(conn, ctx, provider.origin, "success", "partner_success")
    assert sign_in(provider).roles == {"order_desk"}
    fake.told = {}
    assert sign_in(provider).roles == frozenset()


def test_an_answer_works_once_and_in_the_browser_that_asked_and_in_time(database, tenant, ctx, make, fake):
    provider, discovery = make(), Discovery(fake)
    metadata = discovery.metadata(provider.issuer, NOW)

    def asked() -> str:
        with database.transaction(tenant) as conn:
            begun = begin(conn, ctx, provider, metadata, browser=BROWSER, redirect_uri=BACK, then="/")
        return fake.authorize(begun.address)["state"]

    for state, browser, now in (
        (asked(), "x" * 43, NOW),
        (asked(), BROWSER, NOW + timedelta(minutes=10)),
        (f"{tenant.hex}.{'y' * 43}", BROWSER, NOW),
    ):
        with database.transaction(tenant) as conn, pytest.raises(Unauthenticated, match="start again"):
            take_request(conn, state, browser, now)
    state = asked()
    with database.transaction(tenant) as conn:
        take_request(conn, state, BROWSER, NOW)
    with database.transaction(tenant) as conn, pytest.raises(Unauthenticated, match="start again"):
        take_request(conn, state, BROWSER, NOW)


def test_a_code_is_worth_nothing_twice_or_in_another_sign_in(make, go, tenant):
    provider = make()
    discovery, first, answer = go(provider)
    _, second, other = go(provider)
    with pytest.raises(Unauthenticated, match="gives no token"):
        finish(provider, (discovery, first, {**answer, "code": other["code"]}), tenant)
    finish(provider, (discovery, first, answer), tenant)
    with pytest.raises(Unauthenticated, match="invalid_grant"):
        finish(provider, (discovery, first, answer), tenant)
    assert second.nonce != first.nonce


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "stolen"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": 1},
        {"header:kid": "unknown"},
        {"at_hash": "AAAA"},
    ],
)
def test_a_lie_in_the_token_is_noticed(make, go, fake, tenant, lie):
    provider = make()
    discovery, callback, answer = go(provider)
    fake.lie = lie
    with pytest.raises(Unauthenticated):
        finish(provider, (discovery, callback, answer), tenant)


def test_a_token_signed_by_another_key_of_the_same_name_is_refused(make, go, fake, tenant):
    provider = make()
    discovery, callback, answer = go(provider)
    fake.signs_with = ECKey.generate_key("P-256", {"kid": "k1"})
    with pytest.raises(Unauthenticated, match="signature"):
        finish(provider, (discovery, callback, answer), tenant)


def test_mix_up_the_answer_of_another_issuer_is_refused(make, go, fake, tenant):
    """RFC 9207: a provider that promises to name itself must, and a name that comes must be its own."""
    fake.answers_with_issuer = True
    provider = make()
    for told in ({"iss": "https://evil.example"}, {"iss": ""}):
        discovery, callback, answer = go(provider)
        with pytest.raises(Unauthenticated, match="another identity provider"):
            finish(provider, (discovery, callback, {**answer, **told}), tenant)
    finish(provider, go(provider), tenant)


def test_metadata_of_another_issuer_and_addresses_inside_are_refused(make, fake):
    provider = make()
    fake.metadata = {"issuer": "https://evil.example"}
    with pytest.raises(Unreachable, match="evil"):
        Discovery(fake).metadata(provider.issuer, NOW)
    for name in ("token_endpoint", "jwks_uri", "authorization_endpoint", "end_session_endpoint"):
        for address in ("http://169.254.169.254/latest", "javascript:alert(1)"):
            fake.metadata = {name: address}
            with pytest.raises(Invalid):
                Discovery(fake).metadata(provider.issuer, NOW)


def test_keys_are_kept_for_a_while_and_read_again_when_the_provider_changed_them(make, fake):
    provider, discovery = make(), Discovery(fake)
    metadata = discovery.metadata(provider.issuer, NOW)
    discovery.keys(metadata, NOW)
    discovery.keys(metadata, NOW + timedelta(minutes=9))
    assert fake.asked.count("https://idp.example/keys") == 1
    fake.key = ECKey.generate_key("P-256", {"kid": "k2"})
    assert discovery.keys(metadata, NOW + timedelta(seconds=20), again=True)[0]["kid"] == "k1", "not all the time"
    assert discovery.keys(metadata, NOW + timedelta(seconds=31), again=True)[0]["kid"] == "k2"
    discovery.metadata(provider.issuer, NOW + timedelta(minutes=59))
    assert fake.asked.count("https://idp.example/.well-known/openid-configuration") == 1


def test_a_key_that_is_new_signs_the_next_sign_in(make, go, fake, tenant):
    provider = make()
    discovery, callback, answer = go(provider)
    discovery.keys(discovery.metadata(provider.issuer, NOW), NOW - timedelta(minutes=5))
    fake.key = ECKey.generate_key("P-256", {"kid": "k2"})
    assert finish(provider, (discovery, callback, answer), tenant).identity.subject == "subject-1"


def test_a_refusal_of_the_provider_is_told_without_its_markup(make, go, tenant):
    provider = make()
    discovery, callback, _ = go(provider)
    with pytest.raises(Unauthenticated, match="refused: scriptaccess_denied"):
        finish(provider, (discovery, callback, {"error": "<script>access_denied"}), tenant)


def test_a_provider_is_offered_after_its_test_only(database, tenant, ctx, make):
    provider = make()
    with database.transaction(tenant) as conn:
        with pytest.raises(Conflict, match="not tested"):
            set_provider_status(conn, ctx, provider.code, "active")
        note_test(conn, ctx, provider.code)
        set_provider_status(conn, ctx, provider.code, "active")
        assert get_provider(conn, provider.code).status == "active"


def test_passwords_go_only_when_somebody_still_gets_in_without_the_provider(database, tenant, ctx, person, make):
    provider, adam, ana = make(), person("adam", "tenant_admin", password=PASSWORD), person("ana", "order_desk")
    eve = person("eve", "tenant_admin")
    with database.transaction(tenant) as conn:
        assert may_use_password(conn, ana)
        with pytest.raises(Conflict, match="its test succeeded"):
            set_rules(conn, ctx, passwords=False, break_glass=[adam])
        note_test(conn, ctx, provider.code)
        set_provider_status(conn, ctx, provider.code, "active")
        for named in ([ana], [eve]):
            with pytest.raises(Conflict, match="administrator with a password"):
                set_rules(conn, ctx, passwords=False, break_glass=named)
        for named in ([], ["user:nobody@nordwind.example"]):
            with pytest.raises(Invalid):
                set_rules(conn, ctx, passwords=False, break_glass=named)
        set_rules(conn, ctx, passwords=False, break_glass=[adam])
        assert may_use_password(conn, adam)
        assert not may_use_password(conn, ana)
        with pytest.raises(Conflict, match="allow passwords first"):
            set_provider_status(conn, ctx, provider.code, "disabled")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "A B"},
        {"name": " "},
        {"issuer": "https://idp.example/?a=1"},
        {"issuer": ""},
        {"client_id": ""},
        {"scopes": ('a"b',)},
        {"domains": ("not a domain",)},
        {"just_in_time": True},
        {"client_secret": "a\nb"},
    ],
)
def test_what_is_entered_wrongly_is_refused(make, wrong):
    with pytest.raises(Invalid):
        make(**wrong)


def test_links_and_tables_are_for_administrators_and_for_the_tenants_own_people(
    database, tenant, ctx, person, acting, make
):
    provider, ana = make(), person("ana", "order_desk")
    mine = acting(ana)
    with database.transaction(tenant) as conn:
        partner = create_person(conn, ctx, email="p@partner.example", name="P", partner="P-1").principal
        grant_role(conn, ctx, partner, "partner_user")
        with pytest.raises(Conflict, match="own people"):
            link_identity(conn, ctx, provider, "s", partner)
        with pytest.raises(NotFound):
            link_identity(conn, ctx, provider, "s", "user:nobody@nordwind.example")
        with pytest.raises(Invalid):
            map_group(conn, ctx, provider.origin, "g", "partner_user")
        for act in (
            lambda: link_identity(conn, mine, provider, "s", ana),
            lambda: unlink_identity(conn, mine, provider, "s"),
            lambda: map_group(conn, mine, provider.origin, "g", "auditor"),
            lambda: set_rules(conn, mine, passwords=True, break_glass=[]),
            lambda: create_provider(conn, mine, SEALER, DRAFT),
        ):
            with pytest.raises(Forbidden):
                act()
        link_identity(conn, ctx, provider, "s", ana)
        with pytest.raises(Conflict, match="already"):
            link_identity(conn, ctx, provider, "s", ana)
        unlink_identity(conn, ctx, provider, "s")
        with pytest.raises(NotFound):
            unlink_identity(conn, ctx, provider, "s")
