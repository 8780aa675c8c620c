"""Every page of the portal: usable by everybody, in both themes, on a phone, and light to load.

The pages come from the portal's list of doors, so a new one is looked at without anybody thinking of it.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from headgate import access
from headgate.entry.web import create_web
from headgate.kernel.context import SYSTEM
from headgate.portal import urls
from headgate.portal.app import DOORS
from tests.browser.stage import Stage
from tests.browser.test_every_page import AXE, RUN
from tests.browser.weight import FIRST_LOAD_BYTES, weigh
from tests.integration.portal.site import Portal, mail, open_partners
from tests.integration.portal.test_returns import ask, deliver
from tests.integration.portal.test_safety import filled, furnish
from tests.integration.portal.test_sending import WISH, kept

pytestmark = pytest.mark.slow
# A stream, and files to be kept: no pages.
NO_PAGES = {
    urls.LIVE_NEWS,
    urls.EXPORT_ZIP,
    "/portal/deals/{deal}/files/{file}",
    "/portal/prices/{request}/files/{paper}",
    "/portal/returns/{rma}/files/{picture}",
}
PATHS = {door.path.replace("%7B", "{").replace("%7D", "}") for door in DOORS if door.method == "GET"} - NO_PAGES
# Before somebody is signed in.
OUTSIDE = {urls.SIGN_IN, urls.WHERE.lost}
# Forms of what is not sent yet, or was and could not be taken in.
FORMS = {
    "/portal/deals/{deal}/form": {"deal": "draft"},
    "/portal/prices/{request}/form": {"request": "refused price_exception"},
    "/portal/returns/{rma}/form": {"rma": "refused rma"},
}
LISTS = {urls.DEALS: "?q=nothing-like-this", urls.RETURN_NEW: "?order={sent}"}
PAGES = sorted(PATHS | OUTSIDE | {path + more for path, more in LISTS.items()})


@pytest.fixture(scope="module")
def known(opened: Stage) -> dict[str, str]:
    """Something of every kind that is the reader's partner's."""
    slug = open_partners(opened.channel)
    portal = Portal(opened.channel, create_web(opened.channel.app), slug)
    found = furnish(portal)
    draft = re.search(r"/portal/deals/(DR-[0-9A-F]{12})/form", portal.register("draft").text)
    sent = re.search(r"/portal/returns/new\?order=([^\"&]+)", portal.get("/portal/returns/new").text)
    assert draft
    assert sent
    return {**found, "draft": draft[1], "sent": sent[1], **refused(portal)}


def refused(portal: Portal) -> dict[str, str]:
    """A price and a return that could not be taken in, and are kept in their forms."""
    portal.post("/portal/prices/new", WISH)
    order = deliver(portal)
    for quantity in ("7", "4"):
        ask(portal, order, quantity_1=quantity)
    return {f"refused {form.kind}": form.number for form in kept(portal)}


@pytest.fixture(scope="module")
def phones(opened: Stage) -> dict[bool, Page]:
    """Dark phones that are kept from page to page, by whether somebody is signed in."""
    return {}


def tab(stage: Stage, *, inside: bool, phone: bool) -> Page:
    """A browser of its own, of an administrator of the partner or of nobody."""
    page = stage.tab(phone=phone, dark=phone, script=AXE)
    if inside:
        channel = stage.channel
        with channel.app.database.transaction(channel.tenant) as conn:
            token = access.start_session(conn, channel.context(SYSTEM), f"user:{mail('pia')}").token
        page.context.add_cookies([{"name": "headgate_portal_session", "value": token, "url": stage.base}])
    return page


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_kept_out_by(path: str, opened: Stage, known: dict[str, str], phones: dict[bool, Page]) -> None:
    """On a desk in light, where nothing is cached, and on a phone in dark; no page is wider than either."""
    inside = path not in OUTSIDE
    ids = {**known, **{name: known[other] for name, other in FORMS.get(path, {}).items()}}
    (address, *_) = filled(path, ids)
    opened.complaints.clear()
    desk = tab(opened, inside=inside, phone=False)
    phones.setdefault(inside, phones.get(inside) or tab(opened, inside=inside, phone=True))
    assert 10_000 < weigh(desk, address) <= FIRST_LOAD_BYTES
    assert re.sub(r"\?.*", "", desk.url).endswith(re.sub(r"\?.*", "", address)), "nobody was sent elsewhere"
    phones[inside].goto(address)
    found = []
    for where, page in (("desk", desk), ("phone", phones[inside])):
        found += [f"{where}: {each}" for each in page.evaluate(RUN)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"wider than a {where}")
    desk.context.close()
    opened.contexts.remove(desk.context)
    assert found == []
    assert opened.complaints == []
