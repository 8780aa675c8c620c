"""The stories of the how-tos and the tutorial, step by step as people live them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from scripts.walk import Walk

LIMIT = "price_deviation"
ASKED = "select l.unit_price, o.currency from order_lines l join orders o using (order_no) where order_no = %s"


def at_row(page: Page, row: str, column: int) -> None:
    """Walk to a cell of the rule's row by arrows only."""
    grid = page.locator(".editor-grid").first
    names = [each.strip() for each in grid.locator("tbody tr > :first-child").all_inner_texts()]
    place = next(index for index, name in enumerate(names) if name.startswith(row))
    grid.locator("tbody td").first.focus()
    page.keyboard.press("Control+Home")
    for key, times in (("ArrowDown", place), ("ArrowRight", column)):
        for _ in range(times):
            page.keyboard.press(key)


def types(page: Page, text: str) -> None:
    """Replace the text of the cell that is edited."""
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def limit(walk: Walk) -> None:
    """A discount limit is lowered: from whom it hits to the day it decides."""
    before = walk.buys("WALK-BEFORE", "4")
    assert walk.status(before) == "flagged", "4 % below contract is let through for the best tiers today"

    carl = walk.sits_down("Carl Winter")
    walk.goes(carl, f"/policies/{LIMIT}")
    carl.get_by_role("button", name="Propose a change").click()
    expect(carl.locator(".editor-grid").first).to_be_visible()
    at_row(carl, "top_tier_margin", 2)
    carl.keyboard.press("Enter")
    types(carl, "(2..3]")
    state = carl.locator(".editor-bar [role=status]")
    expect(state).to_contain_text("failing test")
    expect(carl.get_by_role("main")).to_contain_text("the sentence still names 5")
    carl.set_viewport_size({"width": 1280, "height": 940})
    walk.takes(carl, "edit")
    carl.set_viewport_size({"width": 1280, "height": 860})
    at_row(carl, "top_tier_margin", 7)
    carl.keyboard.press("Enter")
    types(carl, "{deviation_pct} % below contract; up to 3 % is let through for {tier} partners")
    tests = carl.get_by_role("grid", name="The tests")
    for old, new, value in (
        ("a gold partner goes through at 5 %", "a gold partner goes through at 3 %", "3.00"),
        ("a gold partner waits beyond 5 %", "a gold partner waits beyond 3 %", "3.01"),
    ):
        cells = tests.locator("tbody tr", has_text=old).locator("td")
        cells.nth(2).dblclick()
        types(carl, value)
        cells.nth(0).dblclick()
        types(carl, new)
    expect(state).to_contain_text("No errors")
    carl.keyboard.press("Control+s")
    expect(state).to_contain_text("Saved. No errors")
    carl.get_by_role("link", name="To the version").click()

    today = walk.clock.now().date()
    carl.get_by_role("link", name="Try it on the past").click()
    carl.get_by_label("First day").fill((today - timedelta(days=90)).isoformat())
    carl.get_by_label("Last day").fill(today.isoformat())
    carl.get_by_role("button", name="Try it on the past").click()
    carl.wait_for_url("**/backtests/**")
    walk.works()
    carl.reload()
    expect(carl.get_by_role("heading", level=1)).to_contain_text("would have come out otherwise")
    walk.takes(carl, "backtest")
    walk.goes(carl, f"/policies/{LIMIT}/versions/2")
    carl.get_by_role("button", name="Send to review").click()
    expect(carl.get_by_role("main")).to_contain_text("It waits for somebody else")

    fiona = walk.sits_down("Fiona Reyes")
    walk.goes(fiona, f"/policies/{LIMIT}/versions/2")
    fiona.get_by_role("link", name="Review the change").click()
    changes = fiona.get_by_role("region", name="Changes in the decision table")
    expect(changes.locator("tr", has_text="top_tier_margin").first.locator("del").first).to_contain_text("(2..5]")
    expect(fiona.get_by_role("region", name="Evidence")).to_contain_text(re.compile("otherwise|flip"))
    walk.takes(fiona, "review")
    # Two days on: the page reads the day where the person lives, and there tomorrow may have begun already.
    start = (walk.clock.now() + timedelta(days=2)).date()
    fiona.get_by_label("Why", exact=True).fill("Agreed in the pricing round; finance carries it")
    fiona.get_by_label("Decides from").fill(f"{start}T00:00")
    fiona.get_by_role("button", name="Approve version 2").click()
    expect(fiona.locator(".head .pill")).to_have_text("Scheduled")
    walk.takes(fiona, "scheduled")

    between = walk.buys("WALK-BETWEEN", "4")
    assert walk.status(between) == "flagged", "until its date, the old limit decides"
    walk.clock.move(timedelta(days=3))
    walk.governs()
    after = walk.buys("WALK-AFTER", "4")
    assert walk.status(after) == "held", "from its date, the new limit decides"

    carl = walk.sits_down("Carl Winter")
    for order, version, says, name in (
        (before, 1, "up to 5 %", "before"),
        (after, 2, "more than the tolerance", "after"),
    ):
        walk.goes(carl, f"/orders/{order}")
        expect(carl.get_by_role("main")).to_contain_text(says)
        check = carl.locator(".checks details", has_text="Price against contract").first
        if check.get_attribute("open") is None:
            check.locator("summary").click()
        check.get_by_role("link", name="Show the evaluation").click()
        drawer = carl.get_by_role("dialog", name="Explanation")
        expect(drawer).to_contain_text(f"{LIMIT}@{version}")
        walk.takes(carl, name)


def registers(walk: Walk, page: Page, customer: str, domain: str, amount: str) -> str:
    """Fill in the form of a deal on the phone, and send it; its number."""
    page.get_by_role("link", name="Register a deal").first.click()
    page.locator("#customer_name").fill(customer)
    page.get_by_label("Country").select_option("DE")
    page.get_by_label(re.compile("^Web or mail domain")).fill(domain)
    page.get_by_label("Expected close").fill((walk.clock.now() + timedelta(days=70)).date().isoformat())
    ((product,),) = walk.asks("select product from products order by family, product limit 1")
    page.locator("#line_1_product").fill(product)
    page.locator("#line_1_quantity").fill("12")
    page.locator("#line_1_amount").fill(amount)
    walk.takes(page, "form")
    page.get_by_role("button", name="Send the registration").click()
    expect(page.get_by_text("Your registration was sent")).to_be_visible()
    walk.governs()
    page.reload()
    number = re.search(r"DR-[0-9A-F]{12}", page.url)
    assert number, page.url
    return number[0]


def deals(walk: Walk) -> None:
    """Two partners mean one customer; a channel manager decides, and neither sees the other."""
    petra = walk.sits_down("Petra Sund", phone=True, portal=True)
    first = registers(walk, petra, "Hollenstedt Wasserbau GmbH", "hollenstedt-wasserbau.de", "310000")
    bianca = walk.sits_down("Bianca Conti", phone=True, portal=True)
    second = registers(walk, bianca, "Wasserbau Holenstedt", "www.hollenstedt-wasserbau.de", "40000")
    expect(bianca.get_by_text("We are checking this registration").first).to_be_visible()
    walk.takes(bianca, "being-checked")

    ana = walk.sits_down("Ana Brandt")
    walk.goes(ana, f"/deals/{second}")
    expect(ana.get_by_role("heading", name=re.compile("of 100: Deal")).first).to_be_visible()
    expect(ana.get_by_role("main")).to_contain_text("hollenstedt-wasserbau.de")
    expect(ana.get_by_role("main")).to_contain_text(first)
    walk.takes(ana, "side-by-side")
    ana.get_by_role("link", name="Decide").click()
    ana.locator("#justification").fill("The other partner was first and met the customer twice")
    walk.takes(ana, "decide")
    ana.locator("#decision button[name=outcome][value=reject]").click()
    expect(ana.locator("#decision button[name=outcome]")).to_have_count(0)
    walk.lets_count()

    bianca.reload()
    expect(bianca.locator(".pill").first).to_have_text(re.compile("Rejected"))
    bianca.get_by_text("Appeal", exact=True).click()
    ((holder,),) = walk.asks(
        "select p.name from deals d join partners p on p.partner = d.partner where d.deal = %s", first
    )
    for secret in (first, str(holder), "Hollenstedt Wasserbau", "was first"):
        assert secret not in bianca.content(), f"a rival's page shows {secret!r}"
    walk.takes(bianca, "rejected")
    petra.reload()
    for secret in (second, "Wasserbau Holenstedt"):
        assert secret not in petra.content(), f"a rival's page shows {secret!r}"


def price(walk: Walk) -> None:
    """A partner asks for a price on the phone; the approver agrees on the phone, and the order is released."""
    petra = walk.sits_down("Petra Sund", phone=True, portal=True)
    petra.get_by_role("link", name=re.compile("Order .* is held")).first.click()
    order = petra.url.rpartition("/")[2]
    assert walk.status(order) == "held", "the demo has an order that waits for its price"
    expect(petra.get_by_text("A price is below your contract")).to_be_visible()
    walk.takes(petra, "held")
    petra.get_by_role("link", name="Ask for a price").click()
    ((wanted, currency),) = walk.asks(ASKED, order)
    expect(petra.get_by_label("Wanted price per unit")).to_have_value(re.compile(rf"{float(wanted):g}(\.?0*)"))
    expect(petra.get_by_label("Currency")).to_have_value(currency)
    expect(petra.get_by_label("For how many")).to_have_value("2")
    petra.get_by_label(re.compile("^Until")).fill((walk.clock.now() + timedelta(days=30)).date().isoformat())
    petra.get_by_label("Why this price").fill("A tender; the customer signs this week at this price")
    walk.takes(petra, "ask")
    petra.get_by_role("button", name="Ask for this price").click()
    expect(petra.locator(".pill")).to_have_text(re.compile("Being decided"))
    request = re.search(r"PX-[0-9A-F]{12}", petra.url)
    assert request, petra.url
    walk.governs()

    carl = walk.sits_down("Carl Winter", phone=True)
    carl.get_by_role("link", name=re.compile(request[0])).first.click()
    expect(carl.get_by_text("the customer signs this week").first).to_be_visible()
    walk.takes(carl, "approval")
    carl.locator("#justification").fill("Below the competitor, for this tender only")
    carl.locator("#decision button[name=outcome][value=approve]").click()
    expect(carl.locator("#decision button[name=outcome]")).to_have_count(0)
    walk.lets_count()

    petra.reload()
    expect(petra.locator(".pill")).to_have_text(re.compile("Granted"))
    petra.get_by_role("link", name=order).first.click()
    expect(petra.locator(".pill")).to_have_text(re.compile("Released"))
    walk.takes(petra, "released")
    walk.goes(carl, f"/orders/{order}")
    walk.takes(carl, "explained")


STORIES: dict[str, Callable[[Walk], None]] = {"price": price, "limit": limit, "deals": deals}
