"""Pages of the console in states worth looking at: usable by everybody, in both themes and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page

from headgate.kernel.context import Principal
from headgate.process import Choice, holding
from headgate.process.bulk import Item
from tests.browser.stage import Stage
from tests.scenarios.channel import person

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
# The rules of WCAG 2.2, levels A and AA; the browser's own frame is not ours.
RUN = """
async () => {
  const { violations } = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    resultTypes: ["violations"],
    preload: false,
  });
  return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`));
}
"""
Pages = dict[str, tuple[str, str]]  # by name: address and reader
NAMES = """
sign-in home work work-team orders orders-empty order-held
order-released order-over-limit price check credit approval approval-edit
approval-credit approval-not-mine approval-decided approval-path approvals approval-preview held-decision
delegations cases cases-closed case
partners partner agreements agreement policies policy policy-matrix
audit audit-entry saved-views brand security calendars roles duties mitigations access-reviews
quarantine quarantine-item returns returns-none return clients provider-access inheritance packs exports usage
search keyboard not-found
not-permitted bad-address
""".split()


@pytest.fixture(scope="module")
def pages(opened: Stage) -> Pages:
    """Every page in a state worth looking at, with who reads it."""
    held = opened.order()
    released = opened.order(("S-1", "5", "10.00"))
    over = opened.order(("S-1", "30", "10.00"), partner="P-2")
    decided = opened.order()
    decided_at = opened.approval_of(decided)
    opened.channel.decide("carl", decided, "reject")
    opened.order(("NOT-A-PRODUCT", "1", "1.00"))
    channel = opened.channel
    (item,) = channel.quarantine()
    with channel.app.database.transaction(channel.tenant) as conn:
        (agreement,) = conn.execute("select agreement from agreements limit 1").fetchone() or ("",)
    case = channel.found(held)["case_id"]
    undoable = hold(opened, opened.order())
    send_back(opened)
    found = {
        "sign-in": ("/sign-in", ""),
        "home": ("/", "carl"),
        "work": ("/work", "carl"),
        "work-team": ("/work?scope=team", "carl"),
        "orders": ("/orders", "carl"),
        "orders-empty": ("/orders?q=nothing-like-this", "carl"),
        "order-held": (f"/orders/{held}", "carl"),
        "order-released": (f"/orders/{released}", "carl"),
        "order-over-limit": (f"/orders/{over}", "fay"),
        "price": (f"/orders/{held}/lines/1/price", "carl"),
        "check": (f"/orders/{held}/checks/price:1", "carl"),
        "credit": (f"/orders/{over}/credit", "fay"),
        "approval": (opened.approval_of(held), "carl"),
        "approval-edit": (f"{opened.approval_of(held)}?edit=1", "carl"),
        "approval-credit": (opened.approval_of(over), "fay"),
        "approval-not-mine": (opened.approval_of(held), "rita"),
        "approval-decided": (decided_at, "carl"),
        "approval-path": (f"{opened.approval_of(held)}/path", "carl"),
        "approvals": ("/approvals?all=1", "carl"),
        "approval-preview": ("/approvals/preview?ask=1&in.exception=price_deviation", "carl"),
        "held-decision": (f"/held-decisions/{undoable}", "carl"),
        "delegations": ("/delegations", "carl"),
        "cases": ("/cases", "carl"),
        "cases-closed": ("/cases?status=closed", "carl"),
        "case": (f"/cases/{case}", "carl"),
        "partners": ("/partners", "carl"),
        "partner": ("/partners/P-1", "carl"),
        "agreements": ("/agreements", "carl"),
        "agreement": (f"/agreements/{agreement}", "carl"),
        "policies": ("/policies", "carl"),
        "policy": ("/policies/price_deviation", "carl"),
        "policy-matrix": ("/policies/approval_matrix", "carl"),
        "audit": ("/audit", "ada"),
        "audit-entry": ("/audit/5", "ada"),
        "saved-views": ("/saved-views?list=orders&query=status%3Dheld", "carl"),
        "brand": ("/settings/brand", "tom"),
        "security": ("/identity/security", "tom"),
        "calendars": ("/calendars", "tom"),
        "roles": ("/roles", "tom"),
        "duties": ("/duties", "tom"),
        "mitigations": ("/duties/mitigations", "tom"),
        "access-reviews": ("/access-reviews", "tom"),
        "quarantine": ("/quarantine", "desk"),
        "quarantine-item": (f"/quarantine/{item.id}", "desk"),
        "returns": ("/returns", "carl"),
        "return": ("/returns/RMA-1001", "desk"),
        "returns-none": ("/returns?status=settled", "carl"),
        "clients": ("/clients", "tom"),
        "provider-access": ("/provider-access", "tom"),
        "inheritance": ("/inheritance", "tom"),
        "packs": ("/packs", "tom"),
        "exports": ("/exports", "tom"),
        "usage": ("/use", "tom"),
        "search": ("/search?q=T-0", "carl"),
        "keyboard": ("/help/keyboard", "carl"),
        "not-found": ("/nothing-here", "carl"),
        "not-permitted": ("/audit", "carl"),
        "bad-address": ("/orders?since=yesterday", "carl"),
    }
    assert sorted(found) == sorted(NAMES)
    return found


def hold(opened: Stage, order: str) -> UUID:
    """A decision about an order's approval that can still be undone."""
    channel = opened.channel
    asked = channel.approval(order)
    item = Item(asked.approval, Choice("approve", "agreed", asked.digest))
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(Principal(person("carl"), "person", "carl"))
        held, _ = holding.hold(conn, ctx, channel.app.engine, [item], 10)
    assert held is not None
    return held


def send_back(opened: Stage) -> None:
    """A return that waits for its goods, and one that needs more from its partner."""
    channel = opened.channel
    order = opened.order(("S-1", "6", "10.00"))
    channel.ship(order, ("1", "6"))
    channel.govern()
    partner = channel.found(order)["partner"]
    for rma, reason, note in (("RMA-1001", "defective", "fan is loud"), ("RMA-1002", "damaged_in_transit", "a dent")):
        line = {"line": "1", "quantity": "2", "reason": reason, "note": note}
        channel.send("rma.requested", rma=rma, partner=partner, order=order, wanted="replace", lines=[line])
    channel.govern()


@pytest.fixture(scope="module")
def tabs(opened: Stage) -> dict[tuple[str, str], Page]:
    """Browsers that are kept from page to page, by reader and by where they read."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_kept_out_by(name: str, opened: Stage, pages: Pages, tabs: dict[tuple[str, str], Page]) -> None:
    """On a desk in light and on a phone in dark; no page is wider than either."""
    address, reader = pages[name]
    found = []
    for where in ("desk", "phone"):
        phone = where == "phone"
        page = tabs.get((reader, where)) or opened.tab(reader, phone=phone, dark=phone, script=AXE)
        tabs[reader, where] = page
        page.goto(address)
        found += [f"{where}: {each}" for each in page.evaluate(RUN)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"wider than a {where}")
    assert found == []
    assert opened.complaints == []


@pytest.mark.slow
def test_the_drawer_and_the_dialogs_keep_nobody_out_either(stage: Stage, pages: Pages) -> None:
    page = stage.tab("carl", script=AXE)
    page.goto(pages["order-held"][0])
    for selector in ("a.ask", ".checks a.button", ".timeline .meta a[hx-get]"):
        page.locator(selector).first.click()
        page.locator("#drawer-body h1, #drawer-body h2").first.wait_for()
        assert page.evaluate(RUN) == [], selector
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#keyboard[open]").wait_for()
    assert page.evaluate(RUN) == []


@pytest.mark.slow
def test_many_entries_leave_the_account_and_the_current_one_on_the_screen(stage: Stage, pages: Pages) -> None:
    address, reader = pages["usage"]
    page = stage.tab(reader)
    page.set_viewport_size({"width": 1280, "height": 600})
    page.goto(address)
    for shown in (".side .me", "#nav [aria-current]"):
        box = page.locator(shown).bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 600 - box["height"], shown


@pytest.mark.slow
def test_nothing_on_a_page_moves_once_it_is_shown(stage: Stage, pages: Pages) -> None:
    watch = """
      window.shift = 0;
      new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    """
    moved: dict[str, Any] = {}
    page = stage.tab("carl", script=watch)
    for name in ("home", "orders", "order-held", "approval", "case"):
        page.goto(pages[name][0], wait_until="networkidle")
        shift = page.evaluate("window.shift")
        if shift > 0.02:
            moved[name] = shift
    assert moved == {}
