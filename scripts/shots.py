"""Which pages are photographed, as whom, and how each is brought into a state worth looking at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

READER = "Fay Lindqvist"  # finance: approves, and may read the audit trail
MANAGER = "Carl Winter"  # channel manager: decides on prices, drafts policies
PARTNER = "Petra Sund"  # administrator of a partner: looks at the portal
RIVAL = "Bianca Conti"  # of another partner, who registered the same customer
ADMIN = "Tom Ahlers"  # administers the tenant
MENDER = "Mara Okafor"  # order desk: mends what is in quarantine
AUDITOR = "Ada Moreau"  # reads everything


@dataclass(frozen=True, slots=True)
class Shot:
    """A page: its address, or how to find it from another one; `then` is done before the picture."""

    address: str
    find: str = ""
    then: Callable[[Page], None] | None = None
    reader: str = READER
    refused: str = "404"  # what a page may answer that is a refusal on purpose


def open_drawer(selector: str) -> Callable[[Page], None]:
    """Press something that explains itself, and wait for the drawer."""

    def press(page: Page) -> None:
        page.locator(selector).first.click()
        page.locator("#drawer-body .explain").wait_for()

    return press


def press_key(key: str) -> Callable[[Page], None]:
    """Press a key."""

    def press(page: Page) -> None:
        page.keyboard.press(key)

    return press


def press_on(selector: str) -> Callable[[Page], None]:
    """Press the first thing that fits, and wait until the page rests."""

    def press(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")

    return press


def peek(page: Page) -> None:
    """Glance at the first row of a list."""
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#drawer-body .explain").wait_for()


def send_empty(page: Page) -> None:
    """Send a form that is not filled in, past what the browser checks by itself."""
    page.locator("form.portal-form").evaluate("form => { form.noValidate = true }")
    page.locator("button[value=send]").click()
    page.locator("[role=alert]").wait_for()


ROW = "a[data-row]"
PORTAL_ROW = "a.list-row"
HELD = "/orders?status=held&exception=price_deviation"
LATE_CREDIT = "/orders?status=held&exception=credit_limit"
PREVIEW = "/approvals/preview?ask=1&in.exception=price_deviation"
SHOTS = {
    "sign-in": Shot("/sign-in", reader=""),
    "home": Shot("/"),
    "work": Shot("/work"),
    "work-team": Shot("/work?scope=team"),
    "messages": Shot("/messages", reader=MENDER),
    "orders": Shot("/orders"),
    "orders-filtered": Shot(LATE_CREDIT),
    "orders-empty": Shot("/orders?q=nothing-like-this"),
    "order-held": Shot(HELD, ROW),
    "order-price": Shot(HELD, ROW, open_drawer("a.ask")),
    "order-released": Shot("/orders?status=released", ROW),
    "order-over-limit": Shot(LATE_CREDIT, ROW),
    "order-peek": Shot("/orders", then=peek),
    "price": Shot(HELD, f"{ROW} >> a[href*='/price']"),
    "check": Shot(HELD, f"{ROW} >> a[href*='/checks/']"),
    "credit": Shot(LATE_CREDIT, f"{ROW} >> a[href$='/credit']"),
    "approval": Shot("/work", ROW),
    "approval-path": Shot("/work", ROW, open_drawer("a[href$='/path']")),
    "approval-edit": Shot("/work", ROW, press_on("a[href*='edit=1']")),
    "approval-not-mine": Shot(HELD, f"{ROW} >> a[href^='/approvals/']", reader=MENDER),
    "approvals": Shot("/approvals?all=1"),
    "approval-preview": Shot(PREVIEW, reader=MANAGER, refused="422"),
    "delegations": Shot("/delegations"),
    "cases": Shot("/cases"),
    "cases-closed": Shot("/cases?status=closed"),
    "case": Shot("/cases", ROW),
    "step-in": Shot("/cases", f"{ROW} >> a[href*='/step-in']", reader=ADMIN),
    "partners": Shot("/partners"),
    "partner": Shot("/partners", ROW),
    "agreements": Shot("/agreements"),
    "agreement": Shot("/agreements", ROW),
    "policies": Shot("/policies"),
    "policy": Shot("/policies", ROW),
    "policy-matrix": Shot("/policies/approval_matrix", reader=MANAGER),
    "policy-edit": Shot("/policies/price_deviation", then=press_on("form[action$='/propose'] button"), reader=MANAGER),
    "policy-export": Shot("/policies/price_deviation", "a[href*='/export']", reader=MANAGER),
    "backtest-new": Shot("/policies/price_deviation/backtest", reader=MANAGER),
    "backtests": Shot("/backtests", reader=MANAGER),
    "processes": Shot("/processes", reader=ADMIN),
    "process": Shot("/processes", "main a.list-row, main a.row-link", reader=ADMIN),
    "calendars": Shot("/calendars", reader=ADMIN),
    "calendar-new": Shot("/new-calendar", reader=ADMIN),
    "inheritance": Shot("/inheritance", reader=ADMIN),
    "packs": Shot("/packs", reader=ADMIN),
    "audit": Shot("/audit"),
    "audit-entry": Shot("/audit", ROW),
    "saved-views": Shot("/saved-views?list=orders&query=status%3Dheld"),
    "quarantine": Shot("/quarantine", reader=MENDER),
    "quarantine-item": Shot("/quarantine", ROW, reader=MENDER),
    "returns": Shot("/returns", reader=MENDER),
    "returns-none": Shot("/returns?q=nothing-like-this", reader=MENDER),
    "return": Shot("/returns", ROW, reader=MENDER),
    "deals": Shot("/deals"),
    "deal-conflict": Shot("/deals?status=pending_approval", ROW),
    "people": Shot("/people", reader=ADMIN),
    "person": Shot("/people", "main a[href^='/people/']", reader=ADMIN),
    "roles": Shot("/roles", reader=ADMIN),
    "role-new": Shot("/new-role", reader=ADMIN),
    "duties": Shot("/duties", reader=ADMIN),
    "access-reviews": Shot("/access-reviews", reader=ADMIN),
    "connections": Shot("/connections", reader=ADMIN),
    "dead-letters": Shot("/connections/messages", reader=ADMIN),
    "machines": Shot("/identity/machines", reader=ADMIN),
    "sign-on": Shot("/identity/sign-on", reader=ADMIN),
    "security": Shot("/identity/security", reader=ADMIN),
    "support": Shot("/identity/support", reader=ADMIN),
    "provider-access": Shot("/provider-access", reader=ADMIN),
    "brand": Shot("/settings/brand", reader=ADMIN),
    "domains": Shot("/settings/domains", reader=ADMIN),
    "clients": Shot("/clients", reader=ADMIN, refused="403"),
    "usage": Shot("/use", reader=ADMIN),
    "exports": Shot("/exports", reader=ADMIN),
    "operations": Shot("/operations", reader=ADMIN),
    "account": Shot("/account", reader=ADMIN),
    "search": Shot("/search?q=systemhaus"),
    "keyboard": Shot("/help/keyboard"),
    "keyboard-dialog": Shot("/", then=press_key("?")),
    "not-found": Shot("/nothing-here"),
    "not-permitted": Shot("/audit", reader=MENDER, refused="403"),
    "bad-address": Shot("/orders?since=yesterday", refused="400"),
    "portal-sign-in": Shot("/portal/sign-in", reader=""),
    "portal-home": Shot("/portal/", reader=PARTNER),
    "portal-deals": Shot("/portal/deals", reader=PARTNER),
    "portal-deals-none": Shot("/portal/deals?q=nothing-like-this", reader=PARTNER),
    "portal-deal": Shot("/portal/deals?status=approved", PORTAL_ROW, reader=PARTNER),
    "portal-deal-form": Shot("/portal/deals/new", reader=PARTNER),
    "portal-deal-wrong": Shot("/portal/deals/new", then=send_empty, reader=PARTNER, refused="400"),
    "portal-deal-contested": Shot("/portal/deals?status=pending_approval", PORTAL_ROW, reader=RIVAL),
    "portal-orders": Shot("/portal/orders", reader=PARTNER),
    "portal-order": Shot("/portal/orders", PORTAL_ROW, reader=PARTNER),
    "portal-prices": Shot("/portal/prices", reader=PARTNER),
    "portal-price-form": Shot("/portal/prices/new", reader=PARTNER),
    "portal-returns": Shot("/portal/returns", reader=PARTNER),
    "portal-return-orders": Shot("/portal/returns/new", reader=PARTNER),
    "portal-company": Shot("/portal/company", reader=PARTNER),
    "portal-account": Shot("/portal/account", reader=PARTNER),
    "portal-missing": Shot("/portal/nothing-here", reader=PARTNER),
}
