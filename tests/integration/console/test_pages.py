"""Every page over real records: what it says, in how many queries, and what it does with bad addresses."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from headgate.console import urls
from headgate.kernel.context import Principal
from headgate.policy.backtest import Wanted
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import AUTHOR, account, partner, person, product, stock

# Statements per page for a reader with work, the transaction's own included: a page that needs more looks things up
# in a loop. The number of rows shown must not matter.
BUDGETS = {
    "/": 19,
    "/work": 15,
    "/work?scope=team": 14,
    "/approvals": 18,
    "/delegations": 14,
    "/messages": 14,
    "/cases": 17,
    "/orders": 17,
    "/orders/O-1": 29,
    "/orders/O-1/lines/1/price": 19,
    "/orders/O-1/checks/price:1": 18,
    "/partners": 15,
    "/partners/P-1": 23,
    "/agreements": 14,
    "/policies": 15,
    "/policies/price_deviation": 17,
    "/calendars": 18,
    "/processes": 14,
    "/processes/order_to_release": 16,
    "/cases?process=order_to_release&stage=exception": 17,
    "/search?q=O-1": 17,
}
AUDIT_BUDGETS = {"/audit": 22, "/audit/5": 18}  # as an auditor


def test_a_page_asks_few_questions_however_much_it_shows(held: Visitor) -> None:
    channel = held.channel
    held.enter("carl")
    for number in range(2, 14):
        lines = [("S-1", str(number), "8.00")] * 5
        channel.order(f"O-{number}", *lines, customer_reference=f"PO {number}")
    channel.govern()
    budgets = {**BUDGETS, held.approval_of("O-1"): 34, f"/cases/{channel.found('O-1')['case_id']}": 27}
    asked = {}
    for path in budgets:
        held.get(path)  # the first request compiles templates and policies
        with held.counted():
            assert held.get(path).status_code == 200
        asked[path] = held.queries
    assert {path: n for path, n in asked.items() if n > budgets[path]} == {}
    held.enter("ada")
    for path in AUDIT_BUDGETS:
        held.get(path)
        with held.counted():
            assert held.get(path).status_code == 200
        assert held.queries <= AUDIT_BUDGETS[path], path


def test_home_says_what_needs_me_and_what_happened(held: Visitor) -> None:
    text = words(held.enter("carl").get("/"))
    assert "One approval needs you, €20 at stake" in text
    assert "20 % below contract on Product S-1" in text
    assert "Partner P-1 · O-1 · level 1 of 2" in text
    assert "Orders decided 1" in text
    assert "Straight through 0 %" in text
    assert "Price deviation holds back most: €180" in text
    assert "Nothing waits for you" in words(held.enter("fay").get("/"))


def test_what_just_came_is_seen_at_home_although_older_things_are_more_urgent(held: Visitor) -> None:
    channel = held.channel
    for number in range(2, 12):
        channel.order(f"O-{number}", ("S-1", str(number), "8.00"), customer_reference=f"PO {number}")
    channel.govern()
    channel.clock.move(timedelta(hours=1))
    channel.order("O-LAST", ("S-1", "30", "8.00"), customer_reference="PO last")
    channel.govern()
    text = words(held.enter("carl").get("/"))
    urgent, _, arrived = text.partition("Just arrived, less urgent")
    assert "O-LAST" not in urgent
    assert "O-LAST" in arrived.partition("Running out of time")[0]
    assert arrived.partition("Running out of time")[0].count("below contract") == 3
    channel.clock.move(timedelta(hours=25))
    assert "Just arrived" not in words(held.enter("carl").get("/")), "after a day it is not new any more"


def test_a_request_asked_anew_says_what_changed_and_who_had_agreed(held: Visitor) -> None:
    held.channel.decide("carl", "O-1")
    held.channel.amend("O-1", ("S-1", "30", "7.50"))
    held.channel.govern()
    text = words(held.enter("carl").get(held.approval_of("O-1")))
    assert "This was asked before and has changed since" in text
    assert "had agreed to the earlier content; that does not count for this one" in text
    assert "Price of Product S-1: " in text
    assert "At stake: " in text


def test_home_shows_changes_of_rules_to_who_may_approve_them_and_has_not_written_them(visitor: Visitor) -> None:
    channel, policies = visitor.channel, visitor.channel.app.policies
    fiona = Principal(person("fiona"), "person", "Fiona")
    with channel.app.database.transaction(channel.tenant) as conn:
        for name, author in (("price_deviation", AUTHOR), ("margin_floor", fiona)):
            ctx = channel.context(author)
            policies.draft(conn, ctx, policies.text(conn, name, 1).replace("version: 1", "version: 2", 1))
            policies.submit(conn, ctx, name, 2)
    said = "Changes of rules for you to review"
    page = visitor.enter("fiona").get("/")
    assert "One change of a rule needs you" in words(page)
    assert said in words(page)
    assert urls.policy_review("price_deviation", 2) in page.text
    assert urls.policy_review("margin_floor", 2) not in page.text, "who wrote it does not review it"
    assert said not in words(visitor.enter("desk").get("/")), "who may not approve it is not asked"


def test_home_of_an_empty_tenant_says_so(visitor: Visitor) -> None:
    text = words(visitor.enter("carl").get("/"))
    assert "Nothing waits for you" in text
    assert "You are done" in text
    assert "Every clock has time left" in text
    for path, says in {
        "/orders": "No orders yet",
        "/work": "Nothing here",
        "/cases": "No case here",
        "/search?q=zzz": "Nothing found",
        "/orders?q=zzz": "No orders yet",
    }.items():
        assert says in words(visitor.get(path)), path
    assert "Nothing in quarantine" in words(visitor.enter("desk").get("/quarantine"))


def test_stock_set_aside_is_called_by_the_names_of_its_products(visitor: Visitor) -> None:
    visitor.channel.order("O-2", ("S-1", "3", "10.00"))
    visitor.channel.govern()
    stock = words(visitor.enter("carl").get("/orders/O-2")).split("Reserved stock")[1]
    assert "Product S-1 S-1 · BER Held" in stock


def test_the_order_page_says_which_payment_terms_count_and_whence_they_come(held: Visitor) -> None:
    channel = held.channel
    channel.order("O-2", ("S-1", "1", "10.00"), terms="NET30")
    channel.order("O-3", ("S-1", "1", "10.00"), terms="PREPAID")
    channel.govern()
    held.enter("carl")
    assert "Terms NET30, as agreed with the partner Ship to" in words(held.get("/orders/O-1"))
    assert "Terms NET30, as the order asks Ship to" in words(held.get("/orders/O-2"))
    asked = "Terms PREPAID, as the order asks; agreed with the partner: NET30 Ship to"
    assert asked in words(held.get("/orders/O-3"))
    channel.send("partner.recorded", items=[partner("P-1", "A-1", terms="NET14"), partner("P-2", "", terms="")])
    channel.order("O-4", ("S-1", "1", "10.00"), partner="P-2")
    channel.govern()
    assert "Terms NET30, as agreed when it was decided Ship to" in words(held.get("/orders/O-1"))
    assert "Terms — Ship to" in words(held.get("/orders/O-4"))


def test_the_order_page_explains_every_number(held: Visitor) -> None:
    held.enter("carl")
    text = words(held.get("/orders/O-1"))
    assert "Held: 20 % below contract on Product S-1. Waits for you." in text
    assert "20 % below contract is more than 15 %" in text
    assert "price_deviation@1 row deep_discount Pricing policy 2.2" in text
    assert "Exposure with this order 180.00 EUR Credit limit 1,000.00 EUR" in text
    price = words(held.get("/orders/O-1/lines/1/price"))
    assert "Contract price €10.00 from LIST r1" in price
    assert "Price asked 8.00 EUR − Contract price 10.00 EUR = Deviation per unit 20 % below contract −2.00 EUR" in price
    margin = words(held.get("/orders/O-1/lines/1/margin"))
    assert "Margin 25 %, above the floor of 6 %" in margin
    assert "Amount 10 × 8.00 80.00 EUR − Cost 10 × 6.00 60.00 EUR = Margin 20.00 EUR" in margin
    check = words(held.get("/orders/O-1/checks/price:1"))
    assert "Price below contract 20 % > 15" in check
    assert "within_tolerance Price below contract: 20 %; the row asks for [-2..2]" in check
    assert "Written by Pack Order governance" in check
    credit = words(held.get("/orders/O-1/credit"))
    assert "€820.00 of credit still free" in credit
    stock_text = words(held.get("/orders/O-1/lines/1/stock"))
    assert "100 EA can be promised, 10 asked" in stock_text
    assert "Tax €0.00" in words(held.get("/orders/O-1/tax"))
    release = words(held.get("/orders/O-1/checks/release"))
    assert "Checks that hold 1 > 0" in release


def test_what_cannot_be_explained_is_not_there(held: Visitor) -> None:
    held.enter("carl")
    for path in ("lines/9/price", "lines/9/margin", "lines/9/stock", "checks/none", "checks/partner"):
        assert held.get(f"/orders/O-1/{path}").status_code == 404, path
    assert held.get("/orders/O-9").status_code == 404
    assert held.get("/orders/O-9/peek").status_code == 404
    for path in ("/approvals/x", "/cases/x", "/agreements/x", "/quarantine/x", "/audit/x", "/policies/none"):
        assert held.enter("fay").get(path).status_code == 404, path


def test_a_part_comes_without_the_page_around_it(held: Visitor) -> None:
    held.enter("carl")
    drawer = held.get("/orders/O-1/lines/1/price", part="drawer-body").text
    assert drawer.lstrip().startswith("<div")
    assert "<html" not in drawer
    assert "<html" in held.get("/orders/O-1/lines/1/price").text, "without scripts it is a page"
    assert held.get("/orders/O-9/lines/1/price", part="drawer-body").status_code == 404


def test_lists_go_on_where_they_ended(visitor: Visitor) -> None:
    channel = visitor.channel
    for number in range(53):
        channel.order(f"O-{number:02}", ("S-1", "1", "8.00"), customer_reference=f"PO {number}")
    channel.govern()
    visitor.enter("carl")
    for path in ("/orders", "/orders?status=held", "/work", "/cases"):
        first = visitor.get(path)
        more = re.search(r'hx-get="([^"]+after=[^"]+)"', first.text)
        assert more, path
        rest = visitor.get(more[1].replace("&amp;", "&"), part="rows")
        shown = [re.findall(r'<tr data-href="([^"]+)"', page.text) for page in (first, rest)]
        assert [len(rows) for rows in shown] == [50, 3], path
        assert not set(shown[0]) & set(shown[1]), path
        assert "Load more" not in rest.text
    assert "of all 53 orders that match" in words(visitor.get("/orders"))


def test_filters_stand_in_the_address_and_can_be_taken_off(held: Visitor) -> None:
    held.channel.order("O-2", ("S-1", "1", "10.00"), customer_reference="PO 2")
    held.channel.govern()
    held.enter("carl")
    both = held.get("/orders?q=PO").text
    assert both.count("<tr data-href") == 2
    page = held.get("/orders?q=PO&status=held&exception=price_deviation&since=2026-03-02&until=2026-03-02&partner=P-1")
    assert re.findall(r'<tr data-href="([^"]+)"', page.text) == ["/orders/O-1"]
    text = words(page)
    for applied in ("Search: PO", "Status: Held", "Partner: Partner P-1", "Exception: Price deviation", "From: 2 Mar"):
        assert applied in text, applied
    assert "/orders?q=PO&amp;partner=P-1" in page.text, "the filter's cross leads to the list without it"
    assert "No order has all of these" in words(held.get("/orders?since=2026-03-03"))
    assert held.get("/orders?q=partner%20p-1").text.count("<tr data-href") == 2, "names are searched too"
    assert held.get("/orders?q=%25").text.count("<tr data-href") == 0, "a percent sign is no wildcard"


@pytest.mark.parametrize(
    "path",
    [
        "/orders?since=yesterday",
        "/orders?after=zzz",
        "/orders?after=WyJ4IiwieSJd",
        "/work?after=WyJ4IiwieSIsInoiXQ",
        "/work?after=WyJ4IiwieSIsInoiLCJ3Il0",
        "/cases?after=WyJ4IiwieSJd",
        "/partners?after=WyJ4IiwieSJd",
        "/audit?after=WyJ4Il0",
        "/agreements?after=WyJ4IiwieSJd",
        "/quarantine?after=WyJ4Il0",
        "/audit?until=2026-02-30",
    ],
)
def test_a_bad_address_is_told_and_not_tried(visitor: Visitor, path: str) -> None:
    answer = visitor.enter("fay").get(path)
    assert answer.status_code == 400
    assert "This request could not be read" in words(answer)


@pytest.mark.parametrize(
    "path", ["/orders?status=%00", "/orders?q=%00a", "/orders?partner=" + "x" * 5000, "/search?q=%00"]
)
def test_odd_characters_in_an_address_do_no_harm(visitor: Visitor, path: str) -> None:
    assert visitor.enter("carl").get(path).status_code == 200


def test_codes_with_any_character_have_a_page(visitor: Visitor) -> None:
    channel = visitor.channel
    odd = "A/B~1 #?100%<i>é"
    channel.order(odd, ("S-1", "10", "8.00"), customer_reference="<script>alert(1)</script>")
    channel.govern()
    visitor.enter("carl")
    rows = re.findall(r'<tr data-href="([^"]+)"', visitor.get("/orders").text)
    assert rows == [urls.order(odd)]
    page = visitor.get(rows[0])
    assert page.status_code == 200
    assert odd in words(page)
    assert "<script>alert" not in page.text
    assert "<i>" not in page.text
    assert visitor.get(urls.explain_price(odd, "1")).status_code == 200
    assert visitor.get(visitor.approval_of(odd)).status_code == 200


def test_the_export_has_what_the_list_has_and_no_formulas(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.order('=HYPERLINK("x")', ("S-1", "1", "8.00"))
    channel.order("O-2", ("S-1", "1", "10.00"), customer_reference="2")
    channel.govern()
    answer = visitor.enter("carl").get("/orders.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="orders-2026-03-02.csv"'
    lines = answer.text.splitlines()
    assert lines[0] == "order,status,partner,storefront,placed_at,currency,total,tenant_total,exceptions"
    assert len(lines) == 3
    assert any(line.startswith("\"'=HYPERLINK") for line in lines)
    assert visitor.get("/orders.csv?status=held").text.count("\n") == 2


def test_partners_come_by_what_they_ordered_with_their_credit(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.send("credit_account.recorded", items=[account("A-2", "10"), account("A-3", "0", hold=True)])
    channel.send(
        "partner.recorded", items=[partner("P-2", "A-2", name="Zeta"), partner("P-3", "A-3"), partner("P-4", "")]
    )
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.order("O-2", ("S-1", "9", "10.00"), partner="P-2", customer_reference="2")
    channel.govern()
    page = visitor.enter("carl").get("/partners")
    assert re.findall(r'<tr data-href="([^"]+)"', page.text) == [f"/partners/P-{n}" for n in (2, 1, 3, 4)]
    text = words(page)
    assert "4 partners, €140 ordered in twelve weeks" in text
    assert "On credit hold" in text
    assert "No credit account" in text
    assert "Zeta" in words(visitor.get("/partners?q=zet"))
    one = words(visitor.get("/partners/P-1"))
    assert "Exposure 50.00 EUR Credit limit 1,000.00 EUR = Still free 950.00 EUR" in one
    assert visitor.get("/partners/P-9").status_code == 404
    assert visitor.get("/partners/P-1/credit").status_code == 200
    assert visitor.get("/partners/P-4/credit").status_code == 404


def test_amounts_in_other_currencies_are_shown_with_their_rate(visitor: Visitor) -> None:
    channel = visitor.channel
    rate = {"base": "GBP", "quote": "EUR", "valid_on": "2026-03-02", "rate": "1.25"}
    channel.send("fx_rate.recorded", items=[rate])
    channel.order("O-1", ("S-1", "10", "8.00"), currency="GBP")
    channel.govern()
    text = words(visitor.enter("carl").get("/orders/O-1"))
    assert "80.00 GBP = €100.00 at 1.25 of 2 Mar 2026" in text


def test_policies_show_their_table_their_tests_and_what_they_decided(held: Visitor) -> None:
    held.enter("carl")
    text = words(held.get("/policies"))
    assert "price_deviation" in text
    assert "fail" not in text
    table = words(held.get("/policies/price_deviation"))
    assert "deep_discount 1 hit" in table
    assert "asked with every order" in table
    assert words(held.get("/policies/price_deviation/versions/1")) == table
    assert "1 decision in 90 days" in words(held.get("/policies/order_release"))
    assert held.get("/policies/price_deviation/versions/7").status_code == 404


def test_short_stock_and_missing_costs_are_said(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.send("stock.recorded", items=[stock("S-1", "3")])
    without = product("S-3", "1")
    channel.send("product.recorded", items=[{k: v for k, v in without.items() if not k.startswith("cost")}])
    channel.govern()
    channel.order("O-1", ("S-1", "10", "10.00"), ("S-3", "1", "700.00"))
    channel.govern()
    visitor.enter("carl")
    text = words(visitor.get("/orders/O-1"))
    assert "3 of 10 Product S-1 (S-1) can be promised, 7 must wait" in text
    assert "Not enough stock 7 EA" in text
    assert visitor.get("/orders/O-1/lines/2/margin").status_code == 404
    assert "No agreement sets this price" in words(visitor.get("/orders/O-1/lines/2/price"))


def test_the_theme_is_kept_and_is_in_the_first_byte(visitor: Visitor) -> None:
    visitor.enter("carl")
    assert "data-theme" not in visitor.get("/").text.partition("<body")[0]
    answer = visitor.post("/settings/theme", {"theme": "dark", "then": "/orders"}, follow=False)
    assert answer.headers["location"] == "/orders"
    assert 'data-theme="dark"' in visitor.get("/").text.partition("<body")[0]


def test_a_tenant_has_its_own_accent(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("""update tenants set settings = settings || '{"brand": {"accent": "#0a7d4b"}}'""")
    address = re.search(r'href="(/brand\.css[^"]*)"', visitor.enter("carl").get("/").text)
    assert address
    style = visitor.get(address[1])
    assert style.headers["content-type"].startswith("text/css")
    assert "--accent" in style.text


def test_an_unexpected_error_tells_nothing_but_a_number(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor.enter("carl")

    def broken(*_args: object, **_kwargs: object) -> Decimal:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr("headgate.channel.orders.insight.day_totals", broken)
    with pytest.raises(ZeroDivisionError):
        visitor.get("/")
    visitor.client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in words(answer)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_policy_goes_out_as_a_file_and_what_the_file_cannot_hold_is_said_before(held: Visitor) -> None:
    held.enter("carl")
    assert "/policies/price_deviation/versions/1/export" in held.get("/policies/price_deviation").text
    told = words(held.get("/policies/price_deviation/versions/1/export"))
    assert "Download xlsx" in told
    assert "What it cannot hold" in told
    for form, start in (("xlsx", b"PK"), ("dmn", b"<?xml"), ("yaml", b"policy: price_deviation")):
        file = held.get(f"/policies/price_deviation/versions/1/export/{form}")
        assert file.status_code == 200
        assert file.headers["content-disposition"] == f'attachment; filename="price_deviation-v1.{form}"'
        assert file.content.startswith(start)
    assert held.get("/policies/price_deviation/versions/1/export/exe").status_code == 404


def test_the_list_of_policies_shows_what_the_last_backtest_found(held: Visitor) -> None:
    held.enter("carl")
    channel = held.channel
    today = channel.clock.now().date()
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(AUTHOR)
        wanted = Wanted("price_deviation", today - timedelta(days=2), today, versions=(1,))
        run = channel.app.backtests.start(conn, ctx, wanted)
    page = held.get("/policies")
    assert f"/backtests/{run.run}?candidate=1" in page.text
    assert "Nothing was decided in this period" in words(page)


def test_checks_name_the_partner_beside_its_code(held: Visitor) -> None:
    held.enter("carl")
    text = words(held.get("/orders/O-1"))
    assert "Partner Partner P-1 (P-1) is active" in text
    held.client.headers["accept-language"] = "de"
    assert "Partner Partner P-1 (P-1) ist aktiv" in words(held.get("/orders/O-1"))
