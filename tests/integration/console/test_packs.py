"""The page of packs: what is installed, what it brought, how another is added."""

from __future__ import annotations

from tests.integration.console.site import Visitor, words


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
