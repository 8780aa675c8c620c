"""Deal registration as partners and channel managers live it: on the same kernel as orders."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.channel.deals import conflicts_of, get_deal, list_deals
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Principal
from headgate.kernel.errors import DutyConflict, Forbidden, Invalid
from headgate.packs import find_pack, install_pack, read_pack
from headgate.process import case_of_subject
from headgate.store import Database
from tests.scenarios.channel import Channel, bare_channel, partner, person, product

PORTAL = Principal("source:portal", "service", "Partner portal")
ACME = {"name": "Acme Robotics GmbH", "country": "DE", "domain": "acme-robotics.de", "city": "München"}
ACME_TOO = {"name": "ACME Robotics", "country": "DE", "domain": "https://www.acme-robotics.de/impressum"}
PERHAPS = {"name": "Acme Robotik", "country": "DE", "city": "Ulm"}
OTHER = {"name": "Boreal Timber Oy", "country": "FI", "city": "Oulu"}


class Desk:
    """Verbs for deals over a channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def register(self, deal: str, partner: str, customer: dict[str, Any], **more: Any) -> str:
        data: dict[str, Any] = {
            "deal": deal,
            "partner": partner,
            "customer": customer,
            "lines": [{"line": 1, "product": "S-2", "quantity": "40", "amount": "40000.00"}],
            "currency": "EUR",
            "close_on": (self.channel.clock.now() + timedelta(days=80)).date().isoformat(),
            "requested_by": f"user:sales@{partner.lower()}.example",
        }
        type_ = more.pop("type_", "deal.submitted")
        self.channel.send(type_, by=PORTAL, **{**data, **more})
        self.channel.govern()
        return self.status(deal)

    def word(self, type_: str, deal: str, **more: Any) -> str:
        self.channel.send(type_, by=PORTAL, deal=deal, **more)
        self.channel.govern()
        return self.status(deal)

    def get(self, deal: str, *, partner: str | None = None) -> dict[str, Any]:
        with self.channel.app.database.transaction(self.channel.tenant, partner=partner, read_only=True) as conn:
            return get_deal(conn, deal)

    def status(self, deal: str) -> str:
        return str(self.get(deal)["status"])

    def stage(self, deal: str) -> str:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            case = case_of_subject(conn, "deal", deal)
        assert case is not None
        return str(case["stage"])

    def conflicts(self, deal: str, *, partner: str | None = None) -> list[dict[str, Any]]:
        with self.channel.app.database.transaction(self.channel.tenant, partner=partner, read_only=True) as conn:
            return conflicts_of(conn, deal)

    def emitted(self, type_: str) -> list[dict[str, Any]]:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            return [r[0] for r in conn.execute("select data from events where type = %s order by seq", (type_,))]

    def commands(self) -> list[tuple[str, str]]:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            return conn.execute(
                "select type, subject from outbox where target = 'crm' order by created_at, id"
            ).fetchall()


@pytest.fixture
def desk(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Desk:
    """Three partners, two products, and the people who decide."""
    channel = bare_channel(database, tenant, clock, tmp_path, find_pack("channel_revenue"))
    channel.send(
        "partner.recorded", items=[partner(c, "", tier=t) for c, t in (("P-1", "gold"), ("P-2", ""), ("P-3", ""))]
    )
    channel.send("product.recorded", items=[product("S-1", "6.00"), product("S-2", "60.00")])
    channel.govern()
    return Desk(channel)


def test_a_deal_nobody_contests_is_protected_at_once(desk: Desk) -> None:
    assert desk.register("D-1", "P-1", ACME) == "approved"
    deal = desk.get("D-1")
    assert (deal["granted_days"], deal["stake"]) == (120, 40000)  # a gold partner
    # Monday 2 March in Berlin and 120 days: the last protected day is 30 June, so it ends with that day.
    assert deal["protected_until"].isoformat() == "2026-06-30T22:00:00+00:00"
    assert desk.stage("D-1") == "protected"
    assert desk.commands() == [("deal.protected", "D-1")]
    (told,) = desk.emitted("deal.decided")
    assert (told["status"], told["told"]) == ("approved", [])


def test_the_same_customer_under_another_spelling_is_found_explained_and_kept_from_the_rival(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    assert desk.register("D-2", "P-2", ACME_TOO) == "rejected"
    (found,) = desk.conflicts("D-2")
    assert (found["ref"], found["holder"]) == ("D-1", "P-1")
    assert found["score"] > 90
    names = [signal["name"] for signal in found["content"]["signals"]]
    assert names == ["domain", "name", "products", "time"]
    # What the second partner gets to know holds nothing of the first.
    told = desk.emitted("deal.decided")[-1]
    assert told["told"] == ["This opportunity is registered already"]
    assert "P-1" not in str(told)
    assert "D-1" not in str(told)
    assert desk.conflicts("D-2", partner="P-2") == []
    with desk.channel.app.database.transaction(desk.channel.tenant, partner="P-2", read_only=True) as conn:
        assert [row["deal"] for row in list_deals(conn).items] == ["D-2"]


def test_two_open_registrations_wait_for_a_person_and_the_first_protection_voids_the_other_request(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME, lines=[{"line": 1, "product": "S-2", "quantity": "1", "amount": "300000"}])
    assert desk.status("D-1") == "pending_approval"  # for its size
    assert desk.register("D-2", "P-2", ACME_TOO) == "pending_approval"
    first = desk.channel.approval("D-2")
    assert first.exceptions == ("deal_conflict",)
    conflicts: Any = first.summary["conflicts"]
    assert conflicts[0]["ref"] == "D-1"

    desk.channel.decide("carl", "D-1", because="first, and they did the demo")
    assert desk.status("D-1") == "pending_approval"  # a large deal takes two
    desk.channel.decide("fiona", "D-1")
    assert desk.status("D-1") == "approved"
    desk.channel.govern()
    # The second was looked at again: against a protected deal it does not stand.
    assert desk.status("D-2") == "rejected"
    with desk.channel.app.database.transaction(desk.channel.tenant) as conn:
        assert conn.execute("select status from approvals where approval = %s", (first.approval,)).fetchone() == (
            "voided",
        )


def test_a_faint_likeness_is_reviewed_and_let_go(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    assert desk.register("D-2", "P-2", PERHAPS) == "under_review"
    assert desk.channel.approval("D-2").exceptions == ("possible_conflict",)
    desk.channel.decide("carl", "D-2", because="another company, in Ulm")
    assert desk.status("D-2") == "approved"


def test_an_unlike_customer_and_ones_own_second_deal_are_no_conflict(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    assert desk.register("D-2", "P-2", OTHER) == "approved"
    assert desk.register("D-3", "P-1", ACME_TOO) == "approved"
    assert desk.conflicts("D-3") == []


def test_customers_and_the_direct_pipeline_are_for_people(desk: Desk) -> None:
    acme = {"customer": "K-1", "name": "Acme Robotics", "country": "DE", "domains": ["acme-robotics.de"]}
    timber = {"opportunity": "O-9", "name": "Boreal Timber", "country": "FI", "city": "Oulu", "products": ["S-2"]}
    desk.channel.send("customer.recorded", items=[{**acme, "owner": "Key accounts"}])
    desk.channel.send("opportunity.recorded", items=[{**timber, "owner": "Nordics"}])
    assert desk.register("D-1", "P-1", ACME) == "pending_approval"
    assert desk.channel.approval("D-1").exceptions == ("existing_customer",)
    assert desk.register("D-2", "P-1", OTHER) == "pending_approval"
    assert desk.channel.approval("D-2").exceptions == ("direct_pipeline",)
    # What is closed stands in nobody's way any more, but D-2 does.
    desk.channel.send("opportunity.recorded", items=[{**timber, "status": "closed"}])
    cheap = [{"line": 1, "product": "S-1", "quantity": "1", "amount": "10"}]
    assert desk.register("D-3", "P-3", {**OTHER, "name": "Boreal Timber"}, lines=cheap) == "pending_approval"
    assert {c["ref"] for c in desk.conflicts("D-3")} == {"D-2"}
    desk.word("deal.withdrawn", "D-2", reason="not ours")
    assert desk.register("D-4", "P-2", {**OTHER, "name": "Boreal Timber Ab"}) == "pending_approval"


def test_territories_and_programmes_are_kept_to(desk: Desk) -> None:
    desk.channel.send("territory.recorded", items=[
        {"territory": "FI", "countries": ["FI"], "partners": ["P-2"], "exclusive": True},
        {"territory": "AT", "countries": ["AT"], "partners": ["P-3"]},
    ])  # fmt: skip
    desk.channel.send("deal_programme.recorded", items=[
        {"programme": "DACH", "countries": ["DE", "AT"], "families": ["hardware"], "least": "5000", "currency": "EUR"},
        {"programme": "OLD", "valid_until": "2025-12-31"},
    ])  # fmt: skip
    assert desk.register("D-1", "P-1", OTHER) == "pending_approval"
    assert desk.channel.approval("D-1").exceptions == ("territory",)
    assert desk.register("D-2", "P-2", {**OTHER, "name": "Kainuu Sawmill"}) == "approved"
    assert desk.register("D-3", "P-1", {"name": "Hotel Linzer Hof", "country": "AT"}) == "under_review"
    assert desk.register("D-4", "P-1", ACME, programme="DACH") == "approved"
    assert desk.register("D-5", "P-1", {"name": "Kita Kiel", "country": "DE"}, programme="OLD") == "returned"
    tiny = [{"line": 1, "product": "S-1", "quantity": "1", "amount": "10"}]
    assert (
        desk.register("D-6", "P-1", {"name": "Kita Kiel", "country": "DE"}, programme="DACH", lines=tiny) == "returned"
    )
    assert desk.register("D-7", "P-1", {"name": "Kita Jena", "country": "DE"}, programme="NEW") == "returned"


def test_what_comes_back_is_mended_and_keeps_its_place_in_the_queue(desk: Desk) -> None:
    soon = (desk.channel.clock.now() - timedelta(days=3)).date().isoformat()
    assert desk.register("D-1", "P-1", ACME, close_on=soon) == "returned"
    since = desk.get("D-1")["registered_at"]
    desk.channel.clock.move(timedelta(hours=2))
    assert desk.register("D-1", "P-1", ACME, type_="deal.amended") == "approved"
    assert desk.get("D-1")["registered_at"] == since
    assert desk.get("D-1")["revision"] == 2


def test_a_draft_holds_nothing_until_it_is_submitted(desk: Desk) -> None:
    assert desk.register("D-1", "P-1", ACME, type_="deal.drafted") == "draft"
    assert desk.register("D-2", "P-2", ACME_TOO) == "approved"
    desk.channel.clock.move(timedelta(hours=1))
    assert desk.register("D-1", "P-1", ACME, type_="deal.amended") == "draft"
    assert desk.register("D-1", "P-1", ACME) == "rejected"


def test_protection_is_reminded_of_prolonged_by_activity_and_ends_with_its_day(desk: Desk) -> None:
    desk.register("D-1", "P-2", ACME)
    until = desk.get("D-1")["protected_until"]
    desk.channel.pass_time(days=20)
    early = desk.word(
        "deal.activity_recorded", "D-1", activity="call", happened_at=desk.channel.clock.now().isoformat()
    )
    assert early == "approved"
    assert desk.get("D-1")["protected_until"] == until  # there was plenty left
    desk.channel.pass_time(days=58)
    (reminder,) = desk.emitted("deal.protection_ending")
    assert (reminder["deal"], reminder["partner"]) == ("D-1", "P-2")
    desk.word("deal.activity_recorded", "D-1", activity="poc", happened_at=desk.channel.clock.now().isoformat())
    longer = desk.get("D-1")["protected_until"]
    assert longer == until + timedelta(days=30)
    desk.channel.pass_time(days=35)
    assert desk.status("D-1") == "approved"
    desk.channel.clock.set(longer + timedelta(seconds=1))
    desk.channel.pass_time(seconds=1)
    assert desk.status("D-1") == "expired"
    assert desk.register("D-2", "P-1", ACME_TOO) == "approved"  # free again


def test_an_extension_asked_for_in_time_holds_until_it_is_decided_and_lapses_with_its_request(desk: Desk) -> None:
    desk.register("D-1", "P-2", ACME)
    until = desk.get("D-1")["protected_until"]
    desk.channel.clock.set(until - timedelta(days=2))
    wanted = (until + timedelta(days=20)).date().isoformat()
    desk.word("deal.extension_requested", "D-1", until=wanted, reason="the board meets in July")
    asked = desk.channel.approval("D-1")
    extension: Any = asked.summary["extension"]
    assert extension["days"] == 20
    desk.channel.clock.set(until + timedelta(hours=1))
    desk.channel.pass_time(seconds=1)
    assert desk.status("D-1") == "approved"
    desk.channel.clock.set(asked.expires_at)
    desk.channel.pass_time(seconds=1)
    assert desk.status("D-1") == "expired"


def test_a_granted_extension_moves_the_end(desk: Desk) -> None:
    desk.register("D-1", "P-2", ACME)
    until = desk.get("D-1")["protected_until"]
    wanted = (until + timedelta(days=20)).date().isoformat()
    desk.word("deal.extension_requested", "D-1", until=wanted, reason="the board meets in July")
    desk.channel.decide("carl", "D-1")
    assert desk.get("D-1")["protected_until"] == until + timedelta(days=20)
    assert desk.get("D-1")["granted_days"] == 110


def test_an_appeal_goes_to_somebody_who_has_not_decided_before(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    desk.register("D-2", "P-2", PERHAPS)
    desk.channel.decide("carl", "D-2", outcome="reject", because="the same company")
    assert desk.status("D-2") == "rejected"
    assert desk.word("deal.appealed", "D-2", reason="it is another company, here is the register entry") == "appealed"
    with pytest.raises((DutyConflict, Forbidden)):
        desk.channel.decide("carl", "D-2")
    desk.channel.decide("fiona", "D-2", because="the register entry is another one")
    assert desk.status("D-2") == "approved"


def test_a_rejection_that_nobody_appeals_is_final(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    desk.register("D-2", "P-2", ACME_TOO)
    desk.channel.pass_time(days=30)
    assert (desk.status("D-2"), desk.stage("D-2")) == ("rejected", "rejected_finally")


def test_a_won_opportunity_converts_the_deal(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    won = {"opportunity": "OPP-1", "amount": "39500.00", "currency": "EUR", "order": "A-77"}
    assert desk.word("opportunity.won", "D-1", **won) == "converted"
    assert desk.get("D-1")["won_amount"] == 39500
    assert ("deal.converted", "D-1") in desk.commands()
    desk.register("D-2", "P-1", OTHER)
    assert desk.word("opportunity.lost", "D-2", opportunity="OPP-2") == "lost"


def test_who_asks_does_not_decide_and_nobody_edits_a_partners_word(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME)
    desk.register("D-2", "P-2", PERHAPS, requested_by=person("carl"))
    with pytest.raises(DutyConflict):
        desk.channel.decide("carl", "D-2")
    with pytest.raises(Invalid, match="return it to the partner"):
        desk.channel.decide("rita", "D-2", outcome="edit", edit={"amount": "1"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"partner": "P-9"}, "not a known partner"),
        ({"lines": [{"line": 1, "product": "S-9", "quantity": 1, "amount": 1}]}, "not a known product"),
        ({"currency": "CHF"}, "has no exchange rate"),
    ],
)
def test_what_cannot_be_decided_waits_in_quarantine_whole(desk: Desk, change: dict[str, Any], words: str) -> None:
    data = {
        "deal": "D-1",
        "partner": "P-1",
        "customer": ACME,
        "lines": [{"line": 1, "product": "S-2", "quantity": "1", "amount": "1"}],
        "currency": "EUR",
        "close_on": "2026-05-01",
    }
    desk.channel.send("deal.submitted", by=PORTAL, **{**data, **change})
    desk.channel.runner.drain(desk.channel.tenant)
    (kept,) = desk.channel.quarantine()
    assert words in kept.reason
    with desk.channel.app.database.transaction(desk.channel.tenant) as conn:
        assert list_deals(conn).items == ()


def test_a_deal_of_another_partner_is_not_taken_over(desk: Desk) -> None:
    desk.register("D-1", "P-1", ACME, type_="deal.drafted")
    taken: dict[str, Any] = {
        "deal": "D-1",
        "partner": "P-2",
        "customer": ACME,
        "currency": "EUR",
        "close_on": "2026-05-01",
    }
    lines = [{"line": 1, "product": "S-2", "quantity": "1", "amount": "1"}]
    desk.channel.send("deal.amended", by=PORTAL, **taken, lines=lines)
    desk.channel.runner.drain(desk.channel.tenant)
    assert "is not the partner of deal D-1" in desk.channel.quarantine()[0].reason
    assert desk.get("D-1")["partner"] == "P-1"


def test_packs_live_side_by_side_in_one_tenant(desk: Desk) -> None:
    with desk.channel.app.database.transaction(desk.channel.tenant) as conn:
        app, pack = desk.channel.app, read_pack(find_pack("order_governance"))
        install_pack(conn, desk.channel.context(SYSTEM), pack, app.policies, app.actions)
    assert desk.register("D-1", "P-1", ACME) == "approved"
