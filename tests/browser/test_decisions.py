"""From the work queue to a released order, as the people who decide live it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.slow

BECAUSE = "agreed with the partner for the spring round"


def why(page: Page) -> Locator:
    """The field for the reason of a decision."""
    return page.get_by_label("Why", exact=True)


def notice(page: Page) -> Locator:
    """What the last act came to."""
    return page.locator(".notices").get_by_role("status")


def drawer(page: Page) -> Locator:
    """The explanation drawer."""
    return page.get_by_role("dialog", name="Explanation")


def story(page: Page) -> Locator:
    """The order's history."""
    return page.get_by_role("region", name="History")


def test_two_people_release_an_order_and_nothing_is_released_before(stage: Stage) -> None:
    order = stage.order()
    first = stage.tab("carl")
    first.goto("/work")
    first.get_by_role("row").filter(has_text=order).locator("a.row-link").click()
    expect(first.get_by_role("heading", level=1)).to_have_text("Sell Product S-1 20 % below contract")
    expect(first.locator(".figures")).to_contain_text("At stake€20.00")
    expect(first.get_by_role("main")).to_contain_text("level 1 of 2")
    first.get_by_role("link", name=order, exact=True).click()
    expect(first.get_by_role("heading", level=1)).to_have_text(f"Order {order}")
    first.get_by_role("link", name="Decide").click()
    why(first).fill(BECAUSE)
    first.get_by_role("button", name="Approve 20 % below contract").click()
    stage.let_go(first)
    expect(notice(first)).to_contain_text("You approved it. Now it waits for finance director.")
    assert stage.channel.status(order) == "held"
    first.goto(f"/orders/{order}")
    expect(first.locator(".head .pill")).to_have_text("Held")

    second = stage.tab("fiona")
    second.goto("/")
    second.get_by_role("region", name="What needs me").get_by_role("link").filter(has_text=order).click()
    expect(second.get_by_role("region", name="Who must approve")).to_contain_text(BECAUSE)
    expect(second.get_by_role("main")).to_contain_text("You are the last to decide")
    why(second).fill("within the budget")
    second.get_by_role("button", name="Approve 20 % below contract").click()
    stage.let_go(second)
    expect(notice(second)).to_contain_text("The order was checked again and is released.")
    second.get_by_role("link", name="Show what came of it").click()
    expect(second.locator(".head .pill")).to_have_text("Released")
    told = story(second)
    expect(told.get_by_role("listitem").filter(has_text="carl approved it")).to_contain_text(BECAUSE)
    expect(told.get_by_role("listitem").filter(has_text="fiona approved it")).to_contain_text("within the budget")
    assert stage.channel.status(order) == "released"


@pytest.mark.parametrize(
    ("opens", "title", "says"),
    [
        (r"^10\.00 ?, explain", "Contract price €10.00 from LIST r1", "Deviation per unit"),
        (r"^25\s%\s?, explain", "Margin 25 %", "10 × 8.00"),
        ("Show the evaluation of Price against contract", "Price against contract", "deep_discount"),
        ("Where each number comes from", "of credit still free", "Exposure with this order"),
    ],
)
def test_a_number_explains_itself_in_a_drawer_that_can_be_linked(
    stage: Stage, opens: str, title: str, says: str
) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(f"/orders/{order}")
    opener = page.get_by_role("link", name=re.compile(opens)).first
    opener.click()
    heading = drawer(page).get_by_role("heading").first
    expect(heading).to_contain_text(title)
    expect(heading).to_be_focused()
    expect(drawer(page)).to_contain_text(says)
    for _ in range(12):
        page.keyboard.press("Tab")
        # The browser's own controls come after the drawer's; nothing of the page behind may have the focus.
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#drawer')")
    link = drawer(page).get_by_role("link", name="Open as a page").get_attribute("href")
    assert link
    assert drawer(page).get_by_role("button", name="Copy the link").get_attribute("data-copy") == stage.base + link
    page.keyboard.press("Escape")
    expect(drawer(page)).to_be_hidden()
    expect(opener).to_be_focused()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    expect(page.get_by_role("main")).to_contain_text(says)


def test_the_link_of_an_explanation_is_copied(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/orders/{order}")
    page.get_by_role("link", name=re.compile(r"^10\.00 ?, explain")).first.click()
    drawer(page).get_by_role("button", name="Copy the link").click()
    expect(page.locator("#toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{stage.base}/orders/{order}/lines/1/price"


def test_who_asked_may_not_decide_and_reads_why(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("rita")  # a channel manager, like carl, but she entered the order
    page.goto(stage.approval_of(order))
    expect(page.get_by_role("heading", name="You cannot decide this")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("You had a hand in asking for this, so somebody else must decide")
    expect(page.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    page.goto("/work?scope=team")
    expect(page.get_by_role("button", name=f"Take {order}")).to_have_count(0)


def test_a_reason_is_asked_for_before_anything_is_sent(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto(stage.approval_of(stage.order()))
    page.get_by_role("button", name="Approve 20 % below contract").click()
    expect(why(page)).to_be_focused()
    assert page.evaluate("document.getElementById('justification').validity.valueMissing")
    why(page).fill("   ")
    page.get_by_role("button", name="Approve 20 % below contract").click()
    expect(page.locator("#justification-error")).to_be_visible()


def test_a_higher_price_and_a_smaller_quantity_are_a_counter_offer(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(stage.approval_of(order))
    page.get_by_role("link", name="Change price or quantity").click()
    page.get_by_label("Price of Product S-1").fill("7.00")
    why(page).fill("not below twelve percent")
    page.get_by_role("button", name="Approve with these changes").click()
    expect(page.locator("#line-1-error")).to_contain_text("price")
    expect(why(page)).to_have_value("not below twelve percent")
    expect(page.get_by_label("Price of Product S-1")).to_have_value("7.00")
    page.get_by_label("Price of Product S-1").fill("8.80")
    page.get_by_label("Quantity of Product S-1").fill("5")
    page.get_by_role("button", name="Approve with these changes").click()
    stage.let_go(page)
    expect(notice(page)).to_contain_text("You approved it with changes")
    page.goto(f"/orders/{order}")
    line = page.get_by_role("region", name="Lines").get_by_role("row").filter(has_text="Product S-1")
    expect(line).to_contain_text("8.80")
    expect(line.get_by_role("cell").first).to_contain_text("5")
    expect(story(page)).to_contain_text("approved it with changes")


@pytest.mark.parametrize(
    ("button", "status", "says"),
    [
        ("Reject the order", "Rejected", "You rejected the order."),
        ("Return to order desk", "Returned for correction", "You returned it for correction."),
    ],
)
def test_an_order_can_be_rejected_or_returned_with_a_reason(stage: Stage, button: str, status: str, says: str) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(stage.approval_of(order))
    why(page).fill("not at this price")
    page.get_by_role("button", name=button).click()
    stage.let_go(page)
    expect(notice(page)).to_contain_text(says)
    page.get_by_role("link", name="Show what came of it").click()
    expect(page.locator(".head .pill")).to_have_text(status)
    expect(story(page)).to_contain_text("not at this price")


def test_an_approval_of_what_has_changed_is_refused_and_the_words_are_kept(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(stage.approval_of(order))
    why(page).fill(BECAUSE)
    stage.channel.amend(order, ("S-1", "10", "7.50"), partner=stage.channel.found(order)["partner"])
    stage.channel.govern()
    page.get_by_role("button", name="Approve 20 % below contract").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("This changed while you were looking at it")
    expect(told).to_contain_text("your decision was not taken")
    expect(told).to_contain_text("Price of Product S-1: €8.00 → €7.50")
    assert stage.channel.status(order) == "held"
    expect(page.get_by_role("heading", level=1)).to_contain_text("25 % below contract")
    expect(why(page)).to_have_value(BECAUSE)
    page.get_by_role("button", name="Approve 25 % below contract").click()
    stage.let_go(page)
    expect(notice(page)).to_contain_text("Now it waits for finance director")


def test_the_whole_decision_is_made_with_the_keyboard(stage: Stage) -> None:
    order = stage.order(("S-1", "100", "8.00"))
    page = stage.tab("carl")
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/work")
    row = page.locator("a[data-row]", has=page.locator(f"xpath=ancestor::tr[contains(., '{order}')]"))
    for _ in range(40):
        page.keyboard.press("j")
        if row.evaluate("link => link === document.activeElement"):
            break
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals/*")
    tab_to(page, why(page))
    page.keyboard.type("typed without a mouse")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Approve 20 % below contract")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".undo-toast")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone. Nothing was decided; you can decide it again.")).to_be_visible()
    expect(why(page)).to_have_value("typed without a mouse")
    page.get_by_role("button", name="Approve 20 % below contract").press("Enter")
    stage.let_go(page)
    expect(notice(page)).to_contain_text("You approved it")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("Tab never got there")


def test_on_a_phone_the_decision_is_within_reach_of_the_thumb(stage: Stage) -> None:
    page = stage.tab("carl", phone=True)
    page.goto(stage.approval_of(stage.order()))
    bar = page.locator(".decide-bar")
    approve = bar.get_by_role("button", name="Approve 20 % below contract")
    expect(approve).to_be_in_viewport()
    box = approve.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] > 844 / 2, "the lower half is where a thumb reaches"
    expect(page.get_by_text("At stake").first).to_be_in_viewport()
    bar.get_by_role("link").click()
    expect(why(page)).to_be_focused()
    expect(page.get_by_role("button", name="Reject the order")).to_be_in_viewport()
    why(page).fill("from the train")
    page.locator("#decision").get_by_role("button", name="Approve 20 % below contract").click()
    undo = page.locator(".undo-toast").get_by_role("button", name="Undo")
    expect(undo).to_be_in_viewport()
    box = undo.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] > 844 / 2, "undoing, too, is within reach"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    undo.tap()
    expect(page.get_by_text("Undone. Nothing was decided; you can decide it again.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(why(page)).to_have_value("from the train")
    page.locator("#decision").get_by_role("button", name="Approve 20 % below contract").click()
    stage.let_go(page)
    expect(notice(page)).to_contain_text("You approved it")


def test_an_impatient_double_click_decides_once(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(stage.approval_of(order))
    why(page).fill(BECAUSE)
    page.get_by_role("button", name="Approve 20 % below contract").dblclick()
    stage.let_go(page)
    expect(notice(page)).to_contain_text("You approved it")
    page.goto(f"/orders/{order}")
    expect(story(page).get_by_text("approved it")).to_have_count(1)
