"""Orders as people live them: straight through, held and decided, edited, returned, shipped, late."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from headgate.channel.orders import explain_order
from headgate.kernel.errors import Invalid
from headgate.ledger import audit_list, verify_audit
from tests.scenarios.channel import Channel, person, product


def test_a_clean_order_goes_straight_through_and_touches_nobody(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"), ("S-2", "1", "100.00"))
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.tasks() == []
    assert channel.sums() == {
        "open_orders": Decimal(200),
        "unbilled": Decimal(0),
        "reserved": Decimal(11),
        "on_hand": Decimal(105),
    }


def test_the_explanation_says_which_rows_and_facts_decided(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    channel.decide("carl", "O-1")
    channel.decide("fiona", "O-1")
    with channel.app.database.transaction(channel.tenant) as conn:
        found = explain_order(conn, "O-1")
    (line,) = found["decision"]["evaluations"]["lines"]
    assert line["contract_price"] == "10.00"
    assert [c["verdict"] for c in line["trace"]["candidates"]] == ["wins"]
    price = next(c for c in found["decision"]["evaluations"]["checks"] if c["check"] == "price")
    assert price["waived"] is True
    assert (price["evaluation"]["policy"], price["evaluation"]["version"]) == ("price_deviation", 1)
    assert price["evaluation"]["rows"]
    assert price["evaluation"]["inputs"]["deviation_pct"] == "20"
    (approval,) = found["approvals"]
    assert [v["principal"] for v in approval["votes"]] == [person("carl"), person("fiona")]
    assert all(entry["proof"]["intact"] for entry in found["audit"])
    assert found["decision"]["outcome"] == "release"


def test_rejecting_ends_the_order(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    channel.decide("carl", "O-1", "reject", because="too low for this partner")
    assert channel.status("O-1") == "rejected"
    assert channel.tasks() == []


def test_returning_asks_for_a_correction_and_the_amended_order_is_decided_anew(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    channel.decide("carl", "O-1", "return", because="ask for the list price")
    assert channel.status("O-1") == "returned"
    assert [t["kind"] for t in channel.tasks()] == ["work"]
    channel.amend("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.tasks() == []


def test_an_edit_up_to_contract_price_releases_at_the_edited_price(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    channel.decide("carl", "O-1", "edit", edit={"lines": [{"line": "1", "unit_price": "9.90"}]})
    found = channel.found("O-1")
    assert found["status"] == "released"
    assert found["lines"][0]["unit_price"] == Decimal("9.90")
    assert found["total"] == Decimal("99.00")


def test_an_edit_still_below_contract_counts_as_the_editors_word_at_their_level_only(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "7.00"))
    channel.govern()
    channel.decide("carl", "O-1", "edit", edit={"lines": [{"line": "1", "unit_price": "8.00"}]})
    assert channel.status("O-1") == "held"
    assert [t["role"] for t in channel.tasks()] == ["finance_director"]
    channel.decide("fiona", "O-1")
    assert channel.status("O-1") == "released"


@pytest.mark.parametrize(
    "change",
    [{"unit_price": "7.99"}, {"quantity": "11"}, {"quantity": "0"}, {"unit_price": "NaN"}, {"product": "S-2"}, {}],
)
def test_an_edit_never_favours_the_requester(channel: Channel, change: dict[str, str]) -> None:
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    with pytest.raises(Invalid):
        channel.decide("carl", "O-1", "edit", edit={"lines": [{"line": "1", **change}]})
    assert channel.status("O-1") == "held"


def test_shipping_turns_open_orders_into_unbilled_and_reservations_into_movements(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"), ("S-2", "2", "100.00"))
    channel.govern()
    channel.ship("O-1", ("1", "10"))
    channel.govern()
    assert channel.stage("O-1") == "shipping"
    assert channel.sums() == {
        "open_orders": Decimal(200),
        "unbilled": Decimal(100),
        "reserved": Decimal(2),
        "on_hand": Decimal(95),
    }
    channel.ship("O-1", ("2", "2"))
    channel.govern()
    assert channel.status("O-1") == "fulfilled"
    assert channel.sums() == {
        "open_orders": Decimal(0),
        "unbilled": Decimal(300),
        "reserved": Decimal(0),
        "on_hand": Decimal(93),
    }


def test_more_than_ordered_cannot_ship(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.ship("O-1", ("1", "11"))
    channel.govern()
    assert channel.status("O-1") == "released"
    assert "11 of 10 ordered" in str(channel.quarantine()[0].problems[0])


def test_a_cancel_after_shipment_is_refused_and_kept(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.ship("O-1", ("1", "10"))
    channel.send("order.cancelled", order="O-1", reason="too late")
    channel.govern()
    assert channel.status("O-1") == "fulfilled"
    assert "record a return instead" in channel.quarantine()[0].reason


def test_amending_a_released_order_beyond_policy_takes_its_stock_and_credit_back(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    channel.amend("O-1", ("S-1", "10", "5.00"))
    channel.govern()
    assert channel.status("O-1") == "held"
    assert channel.sums()["reserved"] == 0
    assert channel.sums()["open_orders"] == 0
    with channel.app.database.transaction(channel.tenant) as conn:
        types = [row[0] for row in conn.execute("select type from outbox order by created_at, type")]
    assert types == ["order.hold", "order.release"]


def test_a_late_approval_escalates_and_then_lapses(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    assert (channel.tasks()[0]["also_role"], channel.tasks()[0]["priority"]) == ("", 0)
    channel.pass_time(hours=6)
    assert (channel.tasks()[0]["also_role"], channel.tasks()[0]["priority"]) == ("finance_director", 1)
    channel.pass_time(days=30)
    assert channel.status("O-1") == "returned"
    with channel.app.database.transaction(channel.tenant) as conn:
        statuses = [row[0] for row in conn.execute("select status from approvals")]
        fired = [entry.body["timer"] for entry in audit_list(conn, action="timer.fired")]
    assert statuses == ["expired"]
    assert {"approval.late.1", "sla.warn", "sla.breach", "approval.expire"} <= set(fired)


def test_an_escalated_approval_can_be_decided_by_the_next_in_line(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    channel.pass_time(hours=6)
    channel.decide("fiona", "O-1")
    assert channel.status("O-1") == "released"


def test_clocks_run_in_business_hours_of_the_tenant(channel: Channel) -> None:
    # Friday 6 March, 16:00 in Berlin: four working hours for a gold partner end on Monday at 12:00.
    channel.clock.set(channel.clock.now().replace(day=6, hour=15))
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    due = channel.tasks()[0]["due_at"]
    assert due.isoformat() == "2026-03-09T11:00:00+00:00"


def test_a_granted_price_exception_prices_the_orders_that_wait_for_it(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    assert channel.status("O-1") == "held"
    channel.send(
        "price_exception.requested",
        request="PX-1",
        partner="P-1",
        product="S-1",
        unit_price="8.80",
        currency="EUR",
        max_quantity="15",
        valid_from="2026-03-01",
        valid_until="2026-03-31",
        justification="competitor offers 8.90",
        requested_by=person("rita"),
    )
    channel.govern()
    channel.decide("carl", "PX-1")
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.found("O-1")["lines"][0]["contract_price"] == Decimal("8.80")
    channel.order("O-2", ("S-1", "10", "8.80"), customer_reference="beyond the quantity")
    channel.govern()
    assert channel.status("O-2") == "held"


@pytest.mark.parametrize(("cost_in", "margin"), [("EUR", Decimal(36)), ("GBP", Decimal(20)), ("USD", None)])
def test_an_approver_sees_the_margin_of_a_price_with_the_cost_in_its_currency(
    channel: Channel, cost_in: str, margin: Decimal | None
) -> None:
    """A pound is 1.25 euros, so 6 euros cost are 4.80 of the 7.50 pounds asked; of dollars no rate is known."""
    rate = {"base": "GBP", "quote": "EUR", "rate": "1.25", "valid_on": "2026-03-02"}
    channel.send("fx_rate.recorded", items=[rate])
    channel.send("product.recorded", items=[product("S-1", "6.00", cost_currency=cost_in)])
    wish: dict[str, Any] = {"product": "S-1", "unit_price": "7.50", "currency": "GBP", "max_quantity": "15"}
    span: dict[str, Any] = {
        "partner": "P-1",
        "requested_by": person("rita"),
        "valid_from": "2026-03-01",
        "valid_until": "2026-03-31",
        "justification": "a tender",
    }
    channel.send("price_exception.requested", request="PX-1", **wish, **span)
    channel.govern()
    told: Any = channel.approval("PX-1").summary["margin_pct"]
    assert (None if told is None else Decimal(told)) == margin


def test_the_same_order_twice_waits_for_the_order_desk(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"), customer_reference="PO-77")
    channel.order("O-2", ("S-1", "10", "10.00"), customer_reference="PO-77")
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.found("O-2")["exceptions"] == ["duplicate_order"]
    assert channel.tasks()[0]["role"] == "order_desk"


def test_what_happened_verifies_and_one_flipped_byte_is_located(channel: Channel, superuser: object) -> None:
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    channel.decide("carl", "O-1")
    with channel.app.database.transaction(channel.tenant) as conn:
        report = verify_audit(conn, checks=channel.app.content_checks())
    assert report.ok
    assert report.entries > 5
    assert report.contents["decisions"] >= 2
    flip = "update decisions set evaluations = replace(evaluations::text, '8.00', '8.01')::json where tenant_id = %s"
    superuser.execute(flip, (channel.tenant,))  # type: ignore[attr-defined]
    with channel.app.database.transaction(channel.tenant) as conn:
        broken = verify_audit(conn, checks=channel.app.content_checks())
    assert not broken.ok
    assert {finding.where for finding in broken.bad} == {"decisions"}
