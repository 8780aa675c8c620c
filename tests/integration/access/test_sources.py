from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import (
    Envelope,
    authenticate_webhook,
    create_source,
    get_source,
    get_tenant,
    list_sources,
    retire_source_secrets,
    rotate_source_secret,
    set_source,
    sign,
)
from headgate.access.core.webhooks import encode_secret
from headgate.access.sources import MOST_SECRETS
from headgate.kernel.errors import Conflict, Forbidden, Invalid, Misconfigured, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW

BODY = b'{"order": "W-1"}'


@pytest.fixture
def envelope(tmp_path):
    return Envelope.from_home(tmp_path)


@pytest.fixture
def secret(database, tenant, ctx, envelope):
    with database.transaction(tenant) as conn:
        return create_source(conn, ctx, envelope, source="webshop-1", name="Web shop", types=["order.*"])


@pytest.fixture
def send(database, tenant, envelope):
    """A request as it comes in, signed with a secret."""

    def attempt(secret, *, body=BODY, signed=BODY, source="webshop-1", slug=None, at=NOW, now=NOW):
        if slug is None:
            with database.transaction(tenant) as conn:
                slug = get_tenant(conn).slug
        headers = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp()))}
        if secret:
            headers["webhook-signature"] = sign(secret, "m1", at, signed)
        return authenticate_webhook(database, envelope, slug, source, headers, body, now=now, tolerance_seconds=300)

    return attempt


def test_a_signed_request_tells_its_source(tenant, secret, send):
    found = send(secret)
    assert (found.tenant_id, found.source, found.types, found.message_id) == (tenant, "webshop-1", ("order.*",), "m1")
    assert (found.principal.id, found.principal.permissions) == ("source:webshop-1", {"events.write"})


def test_unsigned_wrongly_signed_changed_and_old_requests_are_refused(secret, send):
    attempts = [
        lambda: send(None),
        lambda: send(encode_secret(b"x" * 32)),
        lambda: send(secret, body=BODY + b" "),
        lambda: send(secret, at=NOW - timedelta(seconds=301)),
        lambda: send(secret, at=NOW + timedelta(seconds=301)),
    ]
    for attempt in attempts:
        with pytest.raises(Unauthenticated):
            attempt()


def test_unknown_and_disabled_sources_and_tenants_are_answered_like_a_wrong_signature(
    database, tenant, ctx, secret, send
):
    zeros = encode_secret(bytes(32))
    with pytest.raises(Unauthenticated) as wrong:
        send(encode_secret(b"x" * 32))
    for known_or_not in (secret, zeros):
        with pytest.raises(Unauthenticated) as unknown:
            send(known_or_not, source="other")
        for odd in ("\x00", "", "x" * 100):
            with pytest.raises(Unauthenticated):
                send(known_or_not, source=odd)
            with pytest.raises(Unauthenticated):
                send(known_or_not, slug=odd or "\x00")
        assert unknown.value.message == wrong.value.message
        with pytest.raises(Unauthenticated) as nowhere:
            send(known_or_not, slug="no-such-tenant")
        assert nowhere.value.message == wrong.value.message
    with database.transaction(tenant) as conn:
        set_source(conn, ctx, "webshop-1", status="disabled")
    for known_or_not in (secret, zeros):
        with pytest.raises(Unauthenticated) as disabled:
            send(known_or_not)
        assert disabled.value.message == wrong.value.message


def test_a_source_of_another_tenant_does_not_pass_here(database, secret, send, make_tenant):
    with database.transaction(make_tenant()) as conn:
        slug = get_tenant(conn).slug
    with pytest.raises(Unauthenticated):
        send(secret, slug=slug)


def test_a_secret_is_replaced_without_a_gap(database, tenant, ctx, envelope, secret, send):
    with database.transaction(tenant) as conn:
        fresh = rotate_source_secret(conn, ctx, envelope, "webshop-1")
    assert fresh != secret
    for valid in (secret, fresh):
        send(valid)
    with database.transaction(tenant) as conn:
        assert get_source(conn, "webshop-1").secrets == 2
        assert retire_source_secrets(conn, ctx, "webshop-1") == 1
        assert retire_source_secrets(conn, ctx, "webshop-1") == 0
    send(fresh)
    with pytest.raises(Unauthenticated):
        send(secret)


def test_secrets_do_not_pile_up(database, tenant, ctx, envelope, secret):
    with database.transaction(tenant) as conn:
        for _ in range(MOST_SECRETS - 1):
            rotate_source_secret(conn, ctx, envelope, "webshop-1")
        with pytest.raises(Conflict):
            rotate_source_secret(conn, ctx, envelope, "webshop-1")


def test_secrets_are_sealed_in_the_database_and_absent_from_the_audit_chain(tenant, secret, superuser):
    bare = secret.removeprefix("whsec_")
    (row,) = superuser.execute("select s::text from sources s where tenant_id = %s", [tenant]).fetchone()
    (bodies,) = superuser.execute(
        "select string_agg(body, '') from audit_entries where tenant_id = %s", [tenant]
    ).fetchone()
    assert bare not in row
    assert bare not in bodies
    assert "hg1." in row


def test_a_sealed_secret_copied_to_another_source_does_not_open(
    database, tenant, ctx, envelope, secret, send, superuser
):
    with database.transaction(tenant) as conn:
        create_source(conn, ctx, envelope, source="other", name="Other")
    superuser.execute(
        "update sources t set secrets = f.secrets from sources f"
        " where t.source = 'other' and f.source = 'webshop-1' and t.tenant_id = %s and f.tenant_id = %s",
        [tenant, tenant],
    )
    with pytest.raises(Misconfigured):
        send(secret, source="other")


def test_a_sender_may_bring_its_own_secret(database, tenant, ctx, envelope, send):
    own = encode_secret(b"k" * 24)
    with database.transaction(tenant) as conn:
        assert create_source(conn, ctx, envelope, source="erp", name="ERP", secret=own) == own
    send(own, source="erp")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("source", {"source": "Web Shop"}),
        ("source", {"source": ""}),
        ("name", {"name": ""}),
        ("types", {"types": ["order submitted"]}),
        ("types", {"types": ["*"]}),
        ("secret", {"secret": "hunter2"}),
    ],
)
def test_a_bad_field_is_refused_by_name(database, tenant, ctx, envelope, field, changes):
    with database.transaction(tenant) as conn, pytest.raises(Invalid) as caught:
        create_source(conn, ctx, envelope, **{"source": "erp", "name": "ERP", **changes})
    assert caught.value.problems[0].field == field


def test_only_administrators_manage_sources_and_each_act_is_on_record(
    database, tenant, ctx, envelope, secret, person, acting
):
    clerk = acting(person("ben", "order_desk"))
    with database.transaction(tenant) as conn:
        with pytest.raises(Conflict):
            create_source(conn, ctx, envelope, source="webshop-1", name="Again")
        for attempt in (
            lambda: create_source(conn, clerk, envelope, source="x", name="X"),
            lambda: rotate_source_secret(conn, clerk, envelope, "webshop-1"),
            lambda: retire_source_secrets(conn, clerk, "webshop-1"),
            lambda: set_source(conn, clerk, "webshop-1", status="disabled"),
        ):
            with pytest.raises(Forbidden):
                attempt()
        for missing in (
            lambda: rotate_source_secret(conn, ctx, envelope, "none"),
            lambda: retire_source_secrets(conn, ctx, "none"),
            lambda: set_source(conn, ctx, "none", status="disabled"),
        ):
            with pytest.raises(NotFound):
                missing()
        rotate_source_secret(conn, ctx, envelope, "webshop-1")
        retire_source_secrets(conn, ctx, "webshop-1")
        changed = set_source(conn, ctx, "webshop-1", types=["order.submitted", "return.*"])
        assert changed.types == ("order.submitted", "return.*")
        assert [s.source for s in list_sources(conn)] == ["webshop-1"]
        actions = [e.action for e in audit_list(conn, subject_type="source")]
    assert actions == ["source.changed", "source.secrets_retired", "source.secret_added", "source.created"]
