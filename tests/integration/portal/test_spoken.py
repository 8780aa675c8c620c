"""Every page of the portal in a made-up language: what is said outside of phrases is data of the channel shown."""

from __future__ import annotations

import re

import pytest

from headgate.entry.web import create_web
from headgate.portal.urls import ANYWHERE
from headgate.ui import languages, reading
from headgate.ui.countries import countries
from tests.integration.portal.site import Portal, mail
from tests.integration.portal.test_safety import CANARY, ROUTES, filled, furnish
from tests.unit.ui.test_spoken import WORD, Bracketed, Outside

# What people, the channel's tables and locales wrote; a phrase of ours does not belong here.
CODES = r"\b(?:[A-Z]{1,3}-[\w-]+|PO \d+|CHF|CZK|DKK|EUR|GBP|NOK|PLN|SEK|USD|EA|kB|CES?T|UTC)\b"
COUNTRIES = {name for _, name in countries("en_GB")}
# The policy of returns tells partners what to do; its author wrote it.
TOLD = "Send them with everything that belongs to them"
DATA = re.compile(
    # How a country writes numbers and dates, to choose from.
    rf"^[^:]+: [\d.,'’\s]+ · .*2026$|{TOLD}|Product {CODES}|\w*-robotics\.de|München|box\.png"
    r"|localhost ·|Amberlo Networks|Otterbach IT|Pia|Paul|Otto"
    r"|Test tenant|Headgate|Acme Robotics GmbH|Ina Roth|Germany"
    rf"|{CANARY}(?: GmbH|(?:-offer)?\.pdf)?|[\w.-]+@[\w.]+|Firefox|English|Deutsch"
    rf"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b|{CODES}"
)


def test_a_portal_page_shows_no_word_of_ours_outside_of_a_phrase(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = furnish(portal)
    monkeypatch.setattr(languages, "translations", lambda language: Bracketed())
    monkeypatch.setattr(reading, "translations", lambda language: Bracketed())
    spoken = Portal(portal.channel, create_web(portal.channel.app), portal.slug)
    addresses = [a for method, path in ROUTES if method == "GET" and path != ANYWHERE for a in filled(path, own)]
    found: dict[str, list[str]] = {}
    shown = 0
    for signed_in in (False, True):
        if signed_in:
            spoken.enter("pia")
        for address in (*addresses, "/portal/nowhere"):
            answer = spoken.get(address)
            if answer.headers.get("content-type", "").startswith("text/html") and answer.status_code != 303:
                shown += 1
                told = {
                    " ".join(DATA.sub(" ", each).split())
                    for each in Outside(answer.text).found
                    if each not in COUNTRIES
                }
                if left := sorted(each for each in told if WORD.search(each)):
                    found[address] = left
    assert found == {}
    assert shown > 15
    refused = spoken.post("/portal/prices/new", {"product": "", "unit_price": "much"}, follow=False)
    assert refused.status_code == 400
    assert [e for e in Outside(refused.text).found if WORD.search(DATA.sub("", e))] == []
    assert mail("pia") in refused.text
