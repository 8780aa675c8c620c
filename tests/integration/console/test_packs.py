"""The page of packs: what is installed, what it brought, how another is added."""

from __future__ import annotations

from headgate import access
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Visitor, add, words


def test_installed_packs_say_what_they_brought_and_how_others_are_added(visitor: Visitor) -> None:
    visitor.enter("tom")
    assert 'href="/packs"' in visitor.get("/policies").text
    visitor.get("/packs")
    with visitor.counted():
        page = visitor.get("/packs")
    assert visitor.queries <= 15
    told = words(page)
    assert "Governed reseller commerce" in told
    assert "from this installation" in told
    assert 'href="/policies/price_deviation"' in page.text
    assert 'href="/processes/order_to_release"' in page.text
    assert f"headgate pack install channel_revenue --tenant {visitor.slug}" in told
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        conn.execute("update policy_versions set pack = 'order_governance@0' where pack <> ''")
        conn.execute("update process_versions set pack = 'order_governance@0' where pack <> ''")
    assert "This installation ships version 1." in words(visitor.get("/packs"))


def test_a_process_is_no_link_for_who_may_not_open_it(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.save_role(
            conn, channel.context(SYSTEM), "reader", title="Reader", description="Rules", permissions=["policies.read"]
        )
        add(channel, conn, "rosa", "reader")
    page = visitor.enter("rosa").get("/packs")
    assert 'href="/policies/price_deviation"' in page.text
    assert "From order to release" in words(page)
    assert "/processes/" not in page.text
