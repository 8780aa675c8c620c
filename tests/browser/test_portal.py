"""Partners on their phones and staff at their desks, in real browsers: deals, conflicts, prices."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headgate import access
from headgate.kernel.context import SYSTEM
from tests.browser.stage import Stage
from tests.integration.portal.site import mail, open_partners
from tests.unit.access.test_branding import png

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def partners(opened: Stage) -> Stage:
    """The stage with people of two partners."""
    open_partners(opened.channel)
    return opened


@pytest.fixture
def scene(partners: Stage, stage: Stage) -> Stage:
    return stage


def phone(stage: Stage, name: str) -> Page:
    """Somebody of a partner with a phone, signed in."""
    channel = stage.channel
    page = stage.tab(phone=True)
    with channel.app.database.transaction(channel.tenant) as conn:
        token = access.start_session(conn, channel.context(SYSTEM), f"user:{mail(name)}").token
    page.context.add_cookies([{"name": "headgate_portal_session", "value": token, "url": stage.base}])
    return page


def register(page: Page, stage: Stage, customer: str, domain: str, amount: str) -> str:
    """Fill in the form of a deal as people do, and send it; its number."""
    page.goto("/portal/")
    page.get_by_role("link", name="Register a deal").click()
    page.locator("#customer_name").fill(customer)
    page.get_by_label("Country").select_option("DE")
    page.get_by_label(re.compile("^Web or mail domain")).fill(domain)
    page.get_by_label("Expected close").fill((stage.channel.clock.now() + timedelta(days=70)).date().isoformat())
    page.locator("#line_1_product").fill("S-2")
    page.locator("#line_1_quantity").fill("20")
    page.locator("#line_1_amount").fill(amount)
    evidence = {"name": "minutes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 we met"}
    page.locator("#evidence").set_input_files(evidence)  # type: ignore[arg-type]
    page.get_by_role("button", name="Send the registration").click()
    expect(page.get_by_text("Your registration was sent")).to_be_visible()
    number = re.search(r"DR-[0-9A-F]{12}", page.url)
    assert number
    return number[0]


def fits(page: Page) -> None:
    """Nothing is wider than the phone."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def test_two_partners_mean_one_customer_a_manager_decides_and_neither_sees_the_other(scene: Stage) -> None:
    pia, otto = phone(scene, "pia"), phone(scene, "otto")
    first = register(pia, scene, "Rivermark Logistik GmbH", "rivermark-logistik.de", "300000")
    fits(pia)
    second = register(otto, scene, "River Mark Logistics", "www.rivermark-logistik.de", "40000")
    expect(otto.get_by_text("We are checking this registration").first).to_be_visible()
    fits(otto)
    for secret in (first, "Amberlo", "Rivermark Logistik", "P-1"):
        assert secret not in otto.content()
    desk = scene.tab("carl")
    desk.goto(f"/deals/{second}")
    expect(desk.get_by_role("heading", name=re.compile(r"of 100: Deal"))).to_be_visible()
    expect(desk.get_by_text("both use the domain rivermark-logistik.de").first).to_be_visible()
    expect(desk.get_by_role("link", name="minutes.pdf")).to_be_visible()
    desk.get_by_role("link", name="Decide").click()
    decide(scene, desk, "reject", "the other partner was first, and met the customer")
    scene.channel.govern()
    otto.reload()
    expect(otto.locator(".pill")).to_have_text(re.compile("Rejected"))
    otto.get_by_text("Appeal", exact=True).click()
    expect(otto.get_by_label("What should be looked at again")).to_be_visible()
    for secret in (first, "Amberlo", "was first"):
        assert secret not in otto.content()


def decide(scene: Stage, page: Page, outcome: str, because: str) -> None:
    """Decide on the page of an approval."""
    page.locator("#justification").fill(because)
    page.locator(f"#decision button[name=outcome][value={outcome}]").click()
    scene.let_go(page)
    expect(page.locator("#decision button[name=outcome]")).to_have_count(0)


def test_goods_are_returned_from_a_phone_with_a_picture_and_followed_to_the_credit(scene: Stage) -> None:
    channel = scene.channel
    number = f"B-{channel.sent}"
    channel.order(number, ("S-2", "4", "100.00"), customer_reference="comes back")
    channel.govern()
    channel.ship(number, ("1", "4"))
    channel.govern()
    pia = phone(scene, "pia")
    pia.goto("/portal/returns")
    expect(pia.get_by_role("heading", name="No returns yet")).to_be_visible()
    pia.get_by_role("link", name="Return goods").click()
    pia.get_by_role("link", name=re.compile(f"^{number} ")).click()
    pia.get_by_label("How many come back").fill("2")
    pia.get_by_label(re.compile("^Why")).select_option("damaged_in_transit")
    pia.get_by_label("What is wrong with it").fill("the corner is broken")
    picture = {"name": "corner.png", "mimeType": "image/png", "buffer": png(20, 20)}
    pia.get_by_label(re.compile("^Pictures")).set_input_files(picture)  # type: ignore[arg-type]
    fits(pia)
    pia.get_by_role("button", name="Ask to return them").click()
    expect(pia.locator(".pill")).to_have_text(re.compile("Authorised"))
    expect(pia.get_by_role("link", name="corner.png")).to_be_visible()
    fits(pia)
    pia.get_by_label("With whom you sent them").fill("DHL")
    pia.get_by_label("Number to follow them by").fill("JD014600")
    pia.get_by_role("button", name="Tell us").click()
    expect(pia.locator(".pill")).to_have_text(re.compile("On its way"))
    found = re.search(r"RMA-[0-9A-F]{12}", pia.url)
    assert found
    desk = scene.tab("carl")
    desk.goto("/returns?status=expected")
    expect(desk.get_by_role("row").filter(has_text=found[0])).to_contain_text("On its way")
    arrived, now = [{"line": "1", "quantity": "2"}], channel.clock.now().isoformat()
    channel.send("rma.received", rma=found[0], receipt="GR-1", received_at=now, lines=arrived)
    channel.send("rma.inspected", rma=found[0], lines=[{**arrived[0], "condition": "damaged"}])
    channel.govern()
    pia.reload()
    expect(pia.locator(".pill")).to_have_text(re.compile("Credited"))
    expect(pia.locator(".stages [aria-current=step]")).to_contain_text("Credited")
    expect(pia.get_by_text("200.00").first).to_be_visible()
    fits(pia)


def test_a_price_exception_goes_from_the_partners_phone_to_the_approver_to_release(scene: Stage) -> None:
    channel = scene.channel
    number = f"B-{channel.sent}"
    channel.order(number, ("S-1", "10", "8.00"), customer_reference="from the phone")
    channel.govern()
    paul = phone(scene, "paul")
    paul.goto(f"/portal/orders/{number}")
    expect(paul.get_by_text("A price is below your contract")).to_be_visible()
    fits(paul)
    paul.get_by_role("link", name="Ask for a price").click()
    paul.get_by_label("Wanted price per unit").fill("8,00")
    paul.get_by_label("For how many").fill("10")
    paul.get_by_label(re.compile("^Until")).fill((channel.clock.now() + timedelta(days=30)).date().isoformat())
    paul.get_by_label("Why this price").fill("A tender; the competitor offers 7.90")
    paul.get_by_role("button", name="Ask for this price").click()
    expect(paul.locator(".pill")).to_have_text(re.compile("Being decided"))
    request = re.search(r"PX-[0-9A-F]{12}", paul.url)
    assert request
    approver = scene.tab("carl", phone=True)
    approver.goto(f"/approvals/{channel.approval(request[0]).approval}")
    expect(approver.get_by_text("A tender; the competitor offers 7.90").first).to_be_visible()
    decide(scene, approver, "approve", "below the competitor, once")
    while any(s.status == "open" for s in pending(scene, request[0])):
        role = next(s.role for s in pending(scene, request[0]) if s.status == "open")
        channel.decide({"channel_manager": "carl", "finance_director": "fiona", "finance": "fay"}[role], request[0])
    channel.govern()
    paul.reload()
    expect(paul.locator(".pill")).to_have_text(re.compile("Granted"))
    paul.goto(f"/portal/orders/{number}")
    expect(paul.locator(".pill")).to_have_text(re.compile("Released"))


def pending(stage: Stage, subject: str) -> tuple[Any, ...]:
    with stage.channel.app.database.transaction(stage.channel.tenant) as conn:
        row = conn.execute("select status from price_exceptions where request = %s", (subject,)).fetchone()
    return stage.channel.approval(subject).steps if row == ("deciding",) else ()
