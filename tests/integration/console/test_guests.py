"""Guests in the console: asked from the provider's side, let in on the client's, entered, and put out."""

from __future__ import annotations

from uuid import uuid4

import pytest

from headgate import access
from headgate.access.tenancy import place_in_tree
from headgate.kernel.context import SYSTEM, Context
from tests.integration.console.site import PASSWORD, Visitor, words


@pytest.fixture
def both(visitor: Visitor) -> tuple[Visitor, str]:
    """The channel's tenant is the client; its provider has Olga, who signs in there."""
    channel, provider = visitor.channel, uuid4()
    database, now = channel.app.database, channel.clock.now()
    slug = f"w-{provider.hex[:10]}"
    system = Context(provider, SYSTEM, now)
    with database.transaction(provider) as conn:
        access.create_tenant(conn, system, slug=slug, name="Westhafen", currency="EUR", timezone="Europe/Berlin")
        place_in_tree(database, conn, system, kind="provider", parent="")
        olga = access.create_person(conn, system, email="olga@nordwind.example", name="Olga", password=PASSWORD)
        access.grant_role(conn, system, olga.principal, "operator")
    with database.transaction(channel.tenant) as conn:
        place_in_tree(database, conn, channel.context(SYSTEM), kind="client", parent=slug)
    return visitor, slug


def test_a_guest_is_asked_for_let_in_enters_and_is_put_out(both: tuple[Visitor, str]) -> None:
    visitor, slug = both
    assert visitor.sign_in("olga", slug=slug).status_code == 303
    client = f"/clients/{visitor.slug}"
    ask = {"person": "user:olga@nordwind.example", "days": "7", "reason": "the <b>upgrade</b>", "role:support": "1"}
    assert visitor.post(f"{client}/guests", {**ask, "days": "365"}).status_code == 422
    assert visitor.post(f"{client}/guests", {k: v for k, v in ask.items() if k != "role:support"}).status_code == 422
    assert "Asked." in words(visitor.post(f"{client}/guests", ask))
    assert visitor.post(f"{client}/enter").status_code == 403
    provider_session = visitor.session
    visitor.enter("tom")
    page = visitor.get("/provider-access")
    assert "the &lt;b&gt;upgrade&lt;/b&gt;" in page.text
    (act,) = {part.split('"')[0] for part in page.text.split('action="')[1:] if part.split('"')[0].endswith("/grant")}
    assert "They may come in" in words(visitor.post(act))
    visitor.session = provider_session
    assert "Enter" in words(visitor.get(client))
    inside = words(visitor.post(f"{client}/enter"))
    assert "You are a guest here" in inside
    assert visitor.get("/orders").status_code == 200, "support looks at orders of the client"
    assert visitor.get("/people").status_code == 403
    guest_session = visitor.session
    visitor.enter("tom")
    assert "they are out" in words(visitor.post(act.replace("/grant", "/revoke"))).lower()
    visitor.session = guest_session
    assert visitor.get("/orders").status_code == 303, "the session ended"
