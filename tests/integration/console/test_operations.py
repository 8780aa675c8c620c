"""The screen Operations: one tenant's queues, for its administrators."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from headgate.access.tenancy import set_quotas, usage
from headgate.connectors.delivery import TargetDraft, create_target
from headgate.kernel.context import SYSTEM
from headgate.ledger import CommandDraft, NewEvent, append_events, outbox_add
from headgate.ledger.backlog import tenant_backlog
from tests.conftest import NOW, create_tenant
from tests.integration.console.site import Visitor, words


def stuck(visitor: Visitor, tenant: UUID, minutes: int, *, error: str = "") -> None:
    channel = visitor.channel
    with channel.app.database.transaction(tenant) as conn:
        event = NewEvent(
            "shop", uuid4().hex, "order.submitted", f"O-{minutes}", f"order:O-{minutes}", None, {}, "system"
        )
        append_events(conn, NOW - timedelta(minutes=minutes), [event], lanes=1)
        if error:
            conn.execute(
                "update inbox set not_before = %s, attempts = 3, error = %s", [NOW + timedelta(seconds=30), error]
            )


def test_a_quiet_tenant_is_told_so(visitor: Visitor) -> None:
    visitor.channel.govern()
    page = visitor.enter("tom").get("/operations")
    assert page.status_code == 200
    assert "Everything flows" in words(page)
    assert "all are applied" in words(page)


def test_what_is_nearly_used_up_is_told_before_it_is(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        set_quotas(conn, channel.context(SYSTEM), {"people": 1000, "sources": 0})
    text = words(visitor.enter("tom").get("/operations"))
    assert "Nothing can be added" in text
    assert "of 0 sources that may send events" in text
    assert "Active people of its own" in text
    assert "Nearly used up" not in text


def test_what_waits_and_what_is_tried_again_is_shown_with_its_reason(visitor: Visitor) -> None:
    visitor.channel.govern()
    stuck(visitor, visitor.channel.tenant, 20, error="the tax service said <b>no</b>")
    text = words(visitor.enter("tom").get("/operations"))
    assert "2 things need a look" in text
    assert "Events wait longer than they should" in text
    assert "One event is being tried again" in text
    assert "the tax service said <b>no</b>" in text
    assert "<b>no</b>" not in visitor.get("/operations").text
    assert "Lane 0 is furthest behind" in text


def spread(visitor: Visitor, lanes: dict[int, timedelta]) -> None:
    """One event in each lane, which waits so long."""
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        for lane, waits in lanes.items():
            event = NewEvent("shop", uuid4().hex, "order.submitted", f"L-{lane}", f"L-{lane}", None, {}, "system")
            append_events(conn, NOW - waits, [event], lanes=1)
            conn.execute("update inbox set lane = %s where lane = 0", [lane])


def test_of_many_lanes_those_in_trouble_are_drawn_and_the_rest_is_one_picture(visitor: Visitor) -> None:
    visitor.channel.govern()
    moment = timedelta(seconds=2)
    spread(visitor, {**dict.fromkeys(range(1, 65), moment), 17: timedelta(minutes=20), 40: timedelta(minutes=5)})
    page = visitor.enter("tom").get("/operations")
    bars = page.text.split('class="bars"')[1].split("lanes-all")[0]
    assert [bars.index("Lane 17<"), bars.index("Lane 40<")] == sorted([bars.index("Lane 17<"), bars.index("Lane 40<")])
    assert bars.count('class="bar-row"') == 2
    assert "2 of 64 lanes with events do not keep up" in words(page)
    assert page.text.split("lanes-all")[1].split("</svg>\n")[0].count('class="fill-breach" x=') == 1


def test_lanes_that_all_keep_up_are_told_so(visitor: Visitor) -> None:
    visitor.channel.govern()
    spread(visitor, dict.fromkeys(range(1, 17), timedelta(seconds=2)))
    page = visitor.enter("tom").get("/operations")
    assert "Every lane keeps up" in words(page)
    assert 'class="bar-row"' not in page.text


def test_commands_that_nobody_fetches_are_told_of_with_the_way_to_their_systems(visitor: Visitor) -> None:
    visitor.channel.govern()
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        ctx, app = visitor.channel.context(SYSTEM), visitor.channel.app
        create_target(
            conn, ctx, app.envelope, app.courier.ports, TargetDraft("erp", "https://erp.nordwind.example", "ERP")
        )
        outbox_add(conn, NOW - timedelta(hours=2), [CommandDraft("erp", "order.release", "O-1", {}, "k-1")])
    page = visitor.enter("tom").get("/operations")
    assert "One command waits to be sent for longer than it should" in words(page)
    assert 'href="/connections"' in page.text.split("<main")[1]
    assert "Systems that are not set up" not in words(page)


def test_commands_for_a_system_that_nobody_set_up_are_told_calmly_with_what_they_ask_and_how_to_set_it_up(
    visitor: Visitor,
) -> None:
    visitor.channel.govern()
    drafts = [CommandDraft("erp", f"order.{what}", "O-1", {}, what) for what in ("release", "hold")]
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        outbox_add(conn, NOW - timedelta(days=40), [*drafts, CommandDraft("shop", "note", "N-1", {}, "n")])
        found = tenant_backlog(conn, NOW)
    assert (found.due, found.pending, found.oldest_due) == (0, 3, None)
    text = words(visitor.enter("tom").get("/operations"))
    assert "Everything flows" in text
    assert "longer than" not in text
    assert "erp Hold the order, Release the order 2" in text
    assert "headgate targets add erp https://…" in text
    assert "shop note 1" in text


def test_another_tenants_trouble_is_not_seen(visitor: Visitor) -> None:
    visitor.channel.govern()
    stuck(visitor, create_tenant(visitor.channel.app.database), 60, error="theirs")
    text = words(visitor.enter("tom").get("/operations"))
    assert "Everything flows" in text
    assert "theirs" not in text


def test_who_does_not_administer_does_not_get_in_and_sees_no_entry(visitor: Visitor) -> None:
    for name in ("carl", "ada"):
        visitor.enter(name)
        assert visitor.get("/operations").status_code == 403
        assert 'href="/operations"' not in visitor.get("/").text
    assert 'href="/operations"' in visitor.enter("tom").get("/").text


def test_the_page_takes_few_statements_however_much_waits(visitor: Visitor) -> None:
    visitor.channel.govern()
    for minutes in range(1, 40):
        stuck(visitor, visitor.channel.tenant, minutes)
    visitor.enter("tom")
    visitor.get("/operations")
    with visitor.counted():
        assert visitor.get("/operations").status_code == 200
    assert visitor.queries < 30


def test_what_is_used_has_a_page_that_warns_before_it_runs_out(visitor: Visitor) -> None:
    channel = visitor.channel
    visitor.enter("tom")
    assert "There is room" in words(visitor.get("/use"))
    with channel.app.database.transaction(channel.tenant) as conn:
        people = next(each.used for each in usage(conn, channel.clock.now()) if each.name == "people")
        set_quotas(conn, channel.context(SYSTEM), {"people": people + 1, "oauth_clients": 5})
    page = words(visitor.get("/use"))
    assert "Something is nearly used up" in page
    assert f"{people} of {people + 1}" in page
    visitor.enter("carl")
    assert visitor.get("/use").status_code == 403
