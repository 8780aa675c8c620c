"""German from the sign-in page to a granted price: at a desk, on the approver's side, and on a partner's phone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from playwright.sync_api import Page, expect

from headgate import access
from headgate.kernel.context import SYSTEM
from headgate.ui.packed import percented
from scripts.messages import load, load_pack, packs, pairs
from tests.browser.stage import DESK, PATIENCE_MS, PHONE, Stage
from tests.integration.console.site import PASSWORD
from tests.integration.portal.site import mail, open_partners

pytestmark = pytest.mark.slow
PACKS = Path(__file__).resolve().parents[2] / "packs"
PLACE = re.compile(r"%\(\w+\)[sd]|%n")
# A phrase that is mostly values would be found in any text.
FEWEST_LETTERS = 8
SEEN = """
() => {
  const found = new Set(), own = 'script, style, template, noscript, code, pre, kbd, [translate="no"]';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(own)) found.add(walker.currentNode.data);
  for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const each of document.querySelectorAll(`[${name}]`))
      if (!each.closest(own)) found.add(each.getAttribute(name));
  found.add(document.title.split(' · ')[0]);
  return Array.from(found, text => text.replace(/\\s+/g, ' ').trim()).filter(text => text);
}
"""


@lru_cache(maxsize=1)
def phrases() -> tuple[frozenset[str], tuple[re.Pattern[str], ...], frozenset[str]]:
    """English that is said otherwise in German: whole, and with places for values; and all that German says."""
    whole, patterns, german = set(), [], set()
    ours = [pair for message in load("de") if message.id for pair in pairs(message)]
    theirs = [
        pair for folder in packs() for message in load_pack(folder, "de") if message.id for pair in pairs(message)
    ]
    for one, other in (*ours, *theirs):
        # A pack's texts have their values in braces.
        for asked, said in {(one, other), (percented(one), percented(other))}:
            german.add(said)
            if asked == said:
                continue
            if not PLACE.search(asked):
                whole.add(asked)
            elif len(re.sub(r"\W", "", PLACE.sub("", asked))) >= FEWEST_LETTERS:
                parts = (re.escape(part.replace("%%", "%")) for part in PLACE.split(asked))
                patterns.append(re.compile("(.+?)".join(parts)))
    return frozenset(whole - german), tuple(patterns), frozenset(german)


@lru_cache(maxsize=1)
def authored() -> frozenset[str]:
    """Allowed values in the shipped packs: codes, which a rule compares."""
    found = {"active"}  # a fact as it was recorded
    for file in PACKS.rglob("*.yaml"):
        gather(yaml.load(file.read_text(), Loader=yaml.CSafeLoader), found)
    return frozenset(found)


def gather(node: object, found: set[str]) -> None:
    """Add the allowed values of a document."""
    if isinstance(node, dict):
        found.update(each for each in node.get("values") or () if isinstance(each, str))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        gather(child, found)


def english(texts: Iterable[str]) -> set[str]:
    """Those of the texts that a German reader should not have seen."""
    whole, patterns, german = phrases()
    return {
        text
        for text in texts
        if text not in german | authored() and (text in whole or any(pattern.fullmatch(text) for pattern in patterns))
    }


def heard(page: Page) -> set[tuple[str, str]]:
    """What of the catalogue is said in English on the page, the hidden parts included, and where."""
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^de"))
    texts = page.evaluate(SEEN)
    assert len(texts) > 5, "the page was read"
    return {(urlsplit(page.url).path, text) for text in english(texts)}


def german_tab(stage: Stage, *, phone: bool) -> Page:
    """A browser of somebody whose machine speaks German."""
    context = stage.browser.new_context(
        base_url=stage.base,
        viewport=PHONE if phone else DESK,
        has_touch=phone,
        locale="de-DE",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    stage.contexts.append(context)
    page = context.new_page()
    page.on("pageerror", lambda error: stage.complaints.append(str(error)))
    return page


def sign_in(page: Page, address: str, email: str) -> set[tuple[str, str]]:
    """Sign in; what the sign-in page said in English."""
    page.goto(address)
    expect(page.get_by_role("button", name="Anmelden", exact=True)).to_be_visible()
    found = heard(page)
    page.get_by_label("E-Mail").fill(email)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden", exact=True).click()
    return found


@pytest.fixture(scope="module", autouse=True)
def _german(opened: Stage) -> None:
    """A German tenant with two partners."""
    channel = opened.channel
    open_partners(channel)
    with channel.app.database.transaction(channel.tenant) as conn:
        settings = access.get_tenant(conn).settings
        access.set_tenant(conn, channel.context(SYSTEM), settings={**settings, "locale": "de_DE"})


def test_english_is_found_where_it_is(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/work?scope=unassigned")
    page.evaluate("document.querySelector('h1').textContent = 'My work'")
    page.evaluate("document.querySelector('h1').title = '3 orders of the last 14 days'")
    assert "My work" in english(page.evaluate(SEEN))


def test_a_price_is_asked_for_and_agreed_to_in_german(stage: Stage) -> None:
    channel = stage.channel
    channel.order("DE-1", ("S-1", "10", "8.00"), customer_reference="vom Telefon")
    channel.govern()
    paul = german_tab(stage, phone=True)
    wrong = sign_in(paul, "/portal/sign-in", mail("paul"))
    expect(paul.get_by_role("navigation").first).to_be_visible()
    for address in (
        "/portal/",
        "/portal/orders",
        "/portal/prices",
        "/portal/deals",
        "/portal/returns",
        "/portal/account",
    ):
        paul.goto(address)
        wrong |= heard(paul)
    paul.goto("/portal/orders/DE-1")
    expect(paul.locator(".pill").first).to_contain_text("Angehalten")
    wrong |= heard(paul)
    paul.locator("a.button-primary").click()
    wrong |= heard(paul)
    paul.locator("[name=unit_price]").fill("8,00")
    paul.locator("[name=max_quantity]").fill("10")
    paul.locator("[name=valid_until]").fill((channel.clock.now() + timedelta(days=30)).date().isoformat())
    paul.locator("[name=justification]").fill("Eine Ausschreibung; der Wettbewerb bietet 7,90")
    paul.locator("main form button.button-primary").click()
    paul.wait_for_url(re.compile(r"PX-[0-9A-F]{12}"))
    found = re.search(r"PX-[0-9A-F]{12}", paul.url)
    assert found, paul.url
    wrong |= heard(paul)
    assert paul.evaluate("document.documentElement.scrollWidth <= innerWidth")

    carl = german_tab(stage, phone=False)
    wrong |= sign_in(carl, "/sign-in", "carl@nordwind.example")
    expect(carl.get_by_role("navigation", name="Hauptnavigation").or_(carl.locator("nav#nav"))).to_be_visible()
    for address in ("/", "/work?scope=unassigned", "/orders", "/cases", "/partners", "/approvals", "/orders/DE-1"):
        carl.goto(address)
        wrong |= heard(carl)
    carl.goto("/work?scope=unassigned")
    expect(carl.get_by_role("heading", level=1)).to_have_text("Meine Arbeit")
    carl.goto(f"/approvals/{channel.approval(found[0]).approval}")
    wrong |= heard(carl)
    carl.locator("#justification").fill("Einmal, unter dem Wettbewerb")
    carl.locator("#decision button[name=outcome][value=approve]").click()
    expect(carl.locator(".undo-toast")).to_be_visible()
    wrong |= heard(carl)
    stage.let_go(carl)
    expect(carl.locator("#decision button[name=outcome]")).to_have_count(0)
    wrong |= heard(carl)
    roles = {"channel_manager": "carl", "finance_director": "fiona", "finance": "fay"}
    while (step := waiting(stage, found[0])) is not None:
        channel.decide(roles[step], found[0])
    channel.govern()

    paul.goto("/portal/orders/DE-1")
    expect(paul.locator(".pill").first).to_contain_text("Freigegeben")
    wrong |= heard(paul)
    assert wrong == set()


def test_the_grid_of_a_policy_names_its_columns_and_their_types_in_german(stage: Stage) -> None:
    carl = german_tab(stage, phone=False)
    sign_in(carl, "/sign-in", "carl@nordwind.example")
    carl.goto("/policies/price_deviation")
    carl.locator("form[action$='/propose'] button").first.click()
    head = carl.locator(".editor-grid").first.locator("thead")
    expect(head).to_contain_text("wenn, ja oder nein")
    expect(head).to_contain_text("Stufe des Partners")
    expect(head).not_to_contain_text("bool")
    expect(head).not_to_contain_text("Tier of the partner")
    offered = carl.locator("[id='try-has_contract'] option, select[id^='try-'] option").all_text_contents()
    assert {"ja", "nein"} <= set(offered)
    assert "true" not in offered


def test_the_grid_says_a_packs_own_words_in_german_and_opens_what_stands_in_the_file(stage: Stage) -> None:
    carl = german_tab(stage, phone=False)
    sign_in(carl, "/sign-in", "carl@nordwind.example")
    carl.goto("/policies/margin_floor")
    carl.locator("form[action$='/propose'] button").first.click()
    rules, tests = carl.locator(".editor-grid").first, carl.locator(".editor-grid").nth(1)
    expect(rules).not_to_contain_text("Margin policy")
    name = tests.locator("tbody td").first
    written = str(name.get_attribute("title")).partition(": ")[2]
    assert english([written]), "the file is in English"
    expect(name).not_to_contain_text(written)
    name.click()
    name.click()
    expect(name.locator("input")).to_have_value(written)
    name.locator("input").press("Escape")
    expect(name).not_to_contain_text(written)
    expect(carl.locator(".editor-bar [role=status]")).to_contain_text("Gespeichert.")


def waiting(stage: Stage, request: str) -> str | None:
    """Whose step of the approval is open; None when it is decided."""
    with stage.channel.app.database.transaction(stage.channel.tenant) as conn:
        row = conn.execute("select status from price_exceptions where request = %s", (request,)).fetchone()
    if row != ("deciding",):
        return None
    return next((s.role for s in stage.channel.approval(request).steps if s.status == "open"), None)
