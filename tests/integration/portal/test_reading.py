"""People of partners read times on their own clock too; what ends with a day ends with the tenant's."""

from __future__ import annotations

import pytest

from headgate.access.mailing import MailChoice, choices_of
from tests.integration.portal.site import Portal, mail, words


@pytest.fixture
def pia(portal: Portal) -> Portal:
    """Pia, of a partner of a tenant in Berlin."""
    return portal.enter("pia")


def test_pages_follow_the_browser_and_then_the_persons_choice(pia: Portal) -> None:
    assert "2 Mar 2026, 10:00 CET" in words(pia.get("/portal/account"))
    pia.client.cookies.set("headgate_zone", "America/New_York", domain="localhost.local")
    page = pia.get("/portal/account")
    assert "2 Mar 2026, 04:00 EST" in words(page)
    assert "2 Mar 2026, 10:00:00 CET (Europe/Berlin)" in page.text
    assert pia.post("/portal/account/reading", {"timezone": "Mars", "region": ""}).status_code == 400
    done = pia.post("/portal/account/reading", {"timezone": "Asia/Tokyo", "region": "DE"})
    assert "2 Mar 2026, 18:00 JST" in words(done)
    channel = pia.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        assert choices_of(conn, [f"user:{mail('pia')}"]) == {f"user:{mail('pia')}": MailChoice("", "Asia/Tokyo", "DE")}


def test_a_choice_of_a_colleague_is_not_taken_over(pia: Portal) -> None:
    pia.post("/portal/account/reading", {"timezone": "Asia/Tokyo", "region": ""})
    assert "2 Mar 2026, 10:00 CET" in words(pia.enter("paul").get("/portal/account"))
