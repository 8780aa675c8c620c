"""Clients of a provider in the console: made, shut, limited, asked to go by two people, and seen in sums."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from headgate.access.tenancy import place_in_tree
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import audit_list
from tests.integration.console.site import Visitor, add, words

LIMITS = {"people": "", "sources": "", "api_keys": ""}


@pytest.fixture
def provider(visitor: Visitor) -> Visitor:
    """The tenant is a provider; Olga and Otto run its clients."""
    channel = visitor.channel
    database = channel.app.database
    with database.transaction(channel.tenant) as conn:
        ctx = Context(channel.tenant, SYSTEM, channel.clock.now())
        place_in_tree(database, conn, ctx, kind="provider", parent="")
        for name in ("olga", "otto"):
            add(channel, conn, name, "operator")
    return visitor


def made(visitor: Visitor, **changes: str) -> str:
    slug = f"c-{uuid4().hex[:10]}"
    form = {"name": "Nord <b>Handel</b>", "slug": slug, "kind": "client", "currency": "eur"}
    told = words(visitor.post("/clients", {**form, "timezone": "Europe/Berlin", **changes}))
    assert "is there." in told, told
    return slug


def test_a_client_is_made_limited_shut_and_opened(provider: Visitor) -> None:
    provider.enter("olga")
    assert "No client yet" in words(provider.get("/clients"))
    slug = made(provider, **{"pack:order_governance": "1"})
    with provider.counted():
        page = provider.get("/clients")
    assert provider.queries <= 15
    assert "Nord &lt;b&gt;Handel&lt;/b&gt;" in page.text
    assert "The limits hold" in words(provider.post(f"/clients/{slug}/limits", {**LIMITS, "people": "5"}))
    assert 'name="people" type="number" value="5"' in provider.get(f"/clients/{slug}").text
    for wrong in ({"people": "-1"}, {"people": "1.5"}, {"people": "9" * 13}):
        assert provider.post(f"/clients/{slug}/limits", {**LIMITS, **wrong}).status_code == 422
    assert "It is shut." in words(provider.post(f"/clients/{slug}/suspend", {"reason": "unpaid"}))
    assert provider.post(f"/clients/{slug}/suspend", {"reason": "again"}).status_code == 422
    assert "It is open again" in words(provider.post(f"/clients/{slug}/resume"))
    with provider.channel.app.database.transaction(provider.channel.tenant) as conn:
        told = [entry.action for entry in audit_list(conn, subject_type="client_tenant", subject=slug)]
    assert told == [
        "client_tenant.resumed",
        "client_tenant.suspended",
        "client_tenant.quotas_set",
        "client_tenant.created",
    ]


def test_a_deletion_is_asked_by_one_and_confirmed_by_another_who_types_the_name(provider: Visitor) -> None:
    provider.enter("olga")
    slug = made(provider)
    assert "Nothing happens before" in words(provider.post(f"/clients/{slug}/deletion", {"reason": "the end"}))
    assert "You asked, so somebody else confirms." in words(provider.get(f"/clients/{slug}"))
    assert provider.post(f"/clients/{slug}/deletion-confirm", {"slug": slug}).status_code == 422
    provider.enter("otto")
    assert provider.post(f"/clients/{slug}/deletion-confirm", {"slug": "another"}).status_code == 422
    assert "deleted after 30 days" in words(provider.post(f"/clients/{slug}/deletion-confirm", {"slug": slug}))
    assert "Being deleted" in words(provider.get(f"/clients/{slug}"))
    assert "taken back" in words(provider.post(f"/clients/{slug}/deletion-withdraw"))
    assert "Shut" in words(provider.get(f"/clients/{slug}"))


def test_what_cannot_be_made_keeps_what_was_typed_and_makes_nothing(provider: Visitor) -> None:
    provider.enter("olga")
    good = {"name": "Kept", "slug": "fine", "kind": "client", "currency": "EUR", "timezone": "Europe/Berlin"}
    for wrong in (
        {"slug": "No Good"},
        {"currency": "ZZZ"},
        {"timezone": "Mars"},
        {"kind": "operator"},
        {"pack:../../etc": "1"},
        {"email": "ada@x.example", "administrator": "Ada"},
    ):
        refused = provider.post("/clients", {**good, **wrong})
        assert refused.status_code == 422, wrong
        assert 'value="Kept"' in refused.text
    assert "No client yet" in words(provider.get("/clients"))


def test_only_who_operates_runs_them_and_nobody_reaches_a_stranger(provider: Visitor) -> None:
    provider.enter("olga")
    slug = made(provider)
    assert provider.get("/clients/nobody").status_code == 404
    assert provider.post("/clients/nobody/suspend", {"reason": "mine"}).status_code == 404
    with provider.channel.app.database.transaction(provider.channel.tenant) as conn:
        own = conn.execute("select slug from tenants").fetchone()
    assert own is not None
    assert provider.get(f"/clients/{own[0]}").status_code == 404, "not oneself"
    provider.enter("tom")
    page = provider.get("/clients")
    assert page.status_code == 200, "an administrator looks on"
    assert "Make a client" not in page.text
    assert provider.get(f"/clients/{slug}").status_code == 403
    provider.enter("carl")
    assert provider.get("/clients").status_code == 403


def test_the_page_tells_sums_of_a_clients_orders_and_names_none(provider: Visitor) -> None:
    provider.enter("olga")
    slug = made(provider)
    database = provider.channel.app.database
    with database.scan() as scan:
        ((client,),) = scan.execute("select tenant_id from headgate_tenants() where slug = %s", [slug]).fetchall()
    _order(database, client, "SECRET-1", "released", "250.00")
    _order(database, client, "SECRET-2", "held", "99.50")
    page = words(provider.get("/clients?days=365"))
    assert "SECRET" not in page
    assert "349.50" in page
    assert "99.50" in page
    assert "100 %" in page or "100%" in page


def _order(database: object, tenant: UUID, number: str, status: str, total: str) -> None:
    """An order with what its table asks for; sums do not look at the rest."""
    with database.transaction(tenant) as conn:  # type: ignore[attr-defined]
        needed = conn.execute(
            "select column_name, data_type from information_schema.columns where table_name = 'orders'"
            " and is_nullable = 'NO' and column_default is null"
        ).fetchall()
        given = {"order_no": number, "status": status, "currency": "EUR", "placed_at": "2026-03-01T10:00:00Z"}
        given["tenant_total"] = total
        blank = {
            "jsonb": "{}",
            "json": "{}",
            "ARRAY": "{}",
            "numeric": "0",
            "integer": "0",
            "bigint": "0",
            "smallint": "0",
        }
        blank |= {
            "timestamp with time zone": "2026-03-01T10:00:00Z",
            "uuid": str(UUID(int=1)),
            "bytea": "",
            "date": "2026-03-01",
        }
        blank |= {"boolean": "false"}
        values = {name: blank.get(kind, "x") for name, kind in needed} | given
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        conn.execute(f"insert into orders ({columns}) values ({places})".encode(), list(values.values()))
