"""Times on the reader's own clock, numbers and dates in their region's way, and days that stay the tenant's."""

from __future__ import annotations

import re

import pytest

from headgate.access.mailing import NO_CHOICE, MailChoice, choices_of
from headgate.ledger import audit_list
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

HERE = "2 Mar 2026, 10:00 CET"
THERE = "2 Mar 2026, 04:00 EST"
BOTH = "2 Mar 2026, 04:00:00 EST (America/New_York) · 2 Mar 2026, 10:00:00 CET (Europe/Berlin)"


@pytest.fixture
def carl(visitor: Visitor) -> Visitor:
    """Carl, of a tenant in Berlin, with a browser that tells nothing."""
    return visitor.enter("carl")


def told(visitor: Visitor, zone: str) -> Visitor:
    """The same with what the browser's script would have told."""
    visitor.client.cookies.set("headgate_zone", zone, domain="localhost.local")
    return visitor


def choice(visitor: Visitor) -> MailChoice:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        return choices_of(conn, [person("carl")]).get(person("carl"), NO_CHOICE)


def titles(page: str) -> set[str]:
    return set(re.findall(r'<time [^>]*title="([^"]+)"', page))


def test_pages_follow_the_tenant_then_the_browser_then_the_persons_choice(carl: Visitor) -> None:
    assert HERE in words(carl.get("/account"))
    page = told(carl, "America/New_York").get("/account")
    assert THERE in words(page)
    assert BOTH in titles(page.text)
    assert "pages follow your browser (now America/New_York) and mails your organisation (Europe/Berlin)" in words(page)
    done = carl.post("/account/reading", {"timezone": "Asia/Tokyo", "region": ""})
    assert "Times and numbers come as you chose" in words(done)
    assert "2 Mar 2026, 18:00 JST" in words(done)
    carl.post("/account/reading", {"timezone": "", "region": ""})
    assert THERE in words(carl.get("/account"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "<script>", "Europe"])
def test_a_browser_that_tells_nonsense_reads_as_is_usual(carl: Visitor, zone: str) -> None:
    page = told(carl, zone).get("/account")
    assert page.status_code == 200
    assert HERE in words(page)
    assert "<script>" not in page.text.split("<body", 1)[1]


def test_parts_lists_and_pages_after_an_act_are_on_the_same_clock(carl: Visitor) -> None:
    carl.channel.order("O-1", ("S-1", "10", "8.00"), ("S-2", "1", "100.00"), customer_reference="PO 1")
    carl.channel.govern()
    carl.post("/account/reading", {"timezone": "America/New_York", "region": ""})
    address = carl.approval_of("O-1")
    for found in (
        carl.get("/orders"),
        carl.get("/orders", part="results"),
        carl.get("/orders/O-1"),
        carl.get(address),
        carl.decide("O-1"),
    ):
        assert found.status_code == 200
        shown = titles(found.text)
        assert shown
        assert all(
            re.search(r"E[SD]T \(America/New_York\) · ", each) and each.endswith("(Europe/Berlin)") for each in shown
        ), shown


def test_today_and_the_days_of_filters_are_the_tenants(carl: Visitor) -> None:
    carl.channel.order("O-1", ("S-1", "10", "10.00"))
    carl.channel.govern()
    # It is 10:00 on 2 March in Berlin, and late in the evening of the 1st there.
    told(carl, "Pacific/Honolulu")
    assert "Monday, 2 March 2026" in words(carl.get("/"))
    assert "O-1" in words(carl.get("/orders?since=2026-03-02&until=2026-03-02"))
    assert "O-1" not in words(carl.get("/orders?since=2026-03-01&until=2026-03-01"))
    assert "1 Mar 2026, 23:00 HST" in words(carl.get("/account"))


def test_numbers_and_dates_are_written_as_in_the_region_that_was_chosen(carl: Visitor) -> None:
    carl.channel.order("O-1", ("S-1", "10", "812.345"))
    carl.channel.govern()
    assert "8,123.45" in words(carl.get("/orders"))
    done = carl.post("/account/reading", {"timezone": "", "region": "DE"})
    assert "8.123,45" in words(carl.get("/orders"))
    assert re.search(r'value="DE" selected>Germany: 12\.345,67 · 2 Mar 2026', done.text)
    carl.post("/account/reading", {"timezone": "", "region": "US"})
    assert "Mar 2, 2026, 10:00 CET" in words(carl.get("/account"))
    carl.post("/settings/language", {"language": "de", "then": "/"})
    page = carl.get("/account")
    assert "02.03.2026" in words(page), "there is no German of that region"
    assert re.search(r'value="US" selected>Vereinigte Staaten<', page.text), "and it is not lost"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"timezone": "Mars/Olympus", "region": "CH"}, "This is no time zone"),
        ({"timezone": "Asia/Tokyo", "region": "QQ"}, "This is none of the regions"),
    ],
)
def test_what_there_is_not_is_refused_at_its_field_and_nothing_is_kept(
    carl: Visitor, fields: dict[str, str], said: str
) -> None:
    wrong = carl.post("/account/reading", fields)
    assert wrong.status_code == 400
    assert said in words(wrong)
    assert f'value="{fields["timezone"]}"' in wrong.text, "what was typed stands there still"
    assert choice(carl) == NO_CHOICE
    assert carl.post("/account/reading", fields, token="wrong", follow=False).status_code == 403


def test_the_choice_is_audited_and_leaves_the_mails_as_they_are(carl: Visitor) -> None:
    carl.post("/account/mails", {"language": "de", "mail-approvals": "on"})
    before = choice(carl)
    carl.post("/account/reading", {"timezone": "Asia/Tokyo", "region": "CH"})
    assert choice(carl) == MailChoice("de", "Asia/Tokyo", "CH", before.off)
    channel = carl.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        (entry,) = audit_list(conn, action="reading.chosen")
    assert (entry.actor, entry.body) == (person("carl"), {"by": "account", "timezone": "Asia/Tokyo", "region": "CH"})


def test_another_browser_of_the_same_person_reads_the_same(carl: Visitor) -> None:
    carl.post("/account/reading", {"timezone": "Asia/Tokyo", "region": ""})
    again = told(carl.enter("carl"), "America/New_York")
    assert "18:00 JST" in words(again.get("/account"))
    other = told(carl.enter("rita"), "America/New_York")
    assert THERE in words(other.get("/account")), "and nobody else does"
