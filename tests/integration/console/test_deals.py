"""Deals in the console: found, set beside what stands against them, decided."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from headgate.kernel.context import SYSTEM
from headgate.packs import find_pack, install_pack, read_pack
from tests.integration.console.site import Visitor, words
from tests.integration.console.test_approving import let_go
from tests.scenarios.channel import partner

ACME = {"name": "Acme Robotics GmbH", "country": "DE", "domain": "acme-robotics.de", "city": "München"}
PERHAPS = {"name": "Acme Robotik", "country": "DE", "city": "Ulm"}


def register(visitor: Visitor, deal: str, code: str, customer: dict[str, Any], **more: Any) -> None:
    channel = visitor.channel
    data: dict[str, Any] = {
        "deal": deal,
        "partner": code,
        "customer": customer,
        "lines": [{"line": 1, "product": "S-2", "quantity": "40", "amount": "40000.00"}],
        "currency": "EUR",
        "close_on": (channel.clock.now() + timedelta(days=80)).date().isoformat(),
        "contact": {"name": "<b>Ina</b>", "email": "ina@acme-robotics.de"},
        "requested_by": "user:sales@p.example",
    }
    channel.send("deal.submitted", **{**data, **more})
    channel.govern()


@pytest.fixture
def deals(visitor: Visitor) -> Visitor:
    """Two partners who want what may be one customer: the second waits for the channel manager."""
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        install_pack(
            conn,
            channel.context(SYSTEM),
            read_pack(find_pack("channel_revenue")),
            channel.app.policies,
            channel.app.actions,
        )
    channel.send("partner.recorded", items=[partner("P-2", "")])
    channel.govern()
    register(visitor, "D-1", "P-1", ACME)
    register(visitor, "D-2", "P-2", PERHAPS)
    return visitor


def test_deals_are_listed_by_what_is_to_do(deals: Visitor) -> None:
    deals.enter("carl")
    text = words(deals.get("/deals"))
    assert "Acme Robotics GmbH" in text
    assert "Protected" in text
    waiting = words(deals.get("/deals?status=under_review"))
    assert "Acme Robotik" in waiting
    assert "Acme Robotics GmbH" not in waiting
    assert "No deal matches" in words(deals.get("/deals?q=nobody"))
    assert deals.get("/deals/nothing").status_code == 404


def test_a_deal_stands_beside_its_rival_with_every_reason(deals: Visitor) -> None:
    page = deals.enter("carl").get("/deals/D-2")
    text = words(page)
    assert "Deal D-1 of Partner P-1" in text
    assert "the names are" in text
    assert "both run at the same time" in text
    assert "Products Product S-2 Product S-2" in text, "products are called by their names"
    assert "perhaps_taken" in text
    assert "Deal programme 2.3" in text
    assert "We are checking this registration" in text
    assert "<b>Ina</b>" not in page.text


def test_a_deal_is_decided_from_its_page(deals: Visitor) -> None:
    deals.enter("carl")
    channel = deals.channel
    approval = channel.approval("D-2")
    asked = words(deals.get(f"/approvals/{approval.approval}"))
    assert "Protect Acme Robotik for Partner P-2" in asked
    assert "Possible conflict." in asked
    assert "it takes effect at once" in asked
    assert "contract" not in asked.lower().split("what happened")[0].split("ordered in")[0]
    answer = deals.post(
        f"/approvals/{approval.approval}/decision",
        {"digest": approval.digest, "outcome": "approve", "justification": "another company"},
    )
    assert answer.status_code == 200
    assert "You approved it." in words(let_go(deals, answer))
    assert "Protected" in words(deals.get("/deals/D-2"))
    assert "Nothing is needed" not in words(deals.get("/deals/D-2"))


def test_a_deals_page_calls_on_nobody_to_decide_whom_the_request_does_not_ask(deals: Visitor) -> None:
    deals.enter("carl")
    assert re.search(r'class="button button-primary"[^>]*>Decide<', deals.get("/deals/D-2").text)
    deals.enter("fiona")
    page = deals.get("/deals/D-2").text
    assert re.search(r'class="button"[^>]*>Open the request<', page)
    assert ">Decide<" not in page


def test_an_empty_list_says_how_deals_come(visitor: Visitor) -> None:
    assert "No deals yet" in words(visitor.enter("carl").get("/deals"))
