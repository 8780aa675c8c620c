"""Every page of the portal asks the database few questions, from the portal's list of doors."""

from __future__ import annotations

from headgate.portal import urls
from tests.integration.console.site import Visitor
from tests.integration.portal.site import Portal
from tests.integration.portal.test_safety import ROUTES, filled, furnish

# Statements of a page, the transactions' own included; those that need more have a budget of their own.
BUDGET = 12
BUDGETS = {urls.HOME: 18, urls.ACCOUNT: 14, "/portal/deals/{deal}": 18, "/portal/prices/{request}": 13}
# A stream, and what a browser keeps.
NO_PAGES = {urls.LIVE_NEWS, urls.EXPORT_ZIP}


def test_a_page_asks_few_questions(portal: Portal) -> None:
    own = furnish(portal)
    counter, asked = Visitor(portal.channel, portal.app, portal.slug), {}
    for method, path in ROUTES:
        if method == "GET" and path not in NO_PAGES:
            (address, *_) = filled(path, own)
            portal.get(address)  # the first request compiles templates
            with counter.counted():
                portal.get(address)
            asked[path] = counter.queries
    assert {path: n for path, n in asked.items() if n > BUDGETS.get(path, BUDGET)} == {}
    assert BUDGETS.keys() <= asked.keys(), "a budget of no page"
