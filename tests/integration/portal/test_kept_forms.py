"""A form of the portal survives the question for a proof."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from tests.integration.portal.site import PASSWORD, Portal, words

TYPED = {"email": "nina@partner.example", "name": "Nina <b>Neu</b>", "role": "partner_admin"}


def test_an_invitation_is_filled_in_again_for_its_sender_alone(portal: Portal) -> None:
    portal.sign_in("pia")
    portal.channel.clock.move(timedelta(minutes=16))
    token = portal.token()
    portal.client.headers["referer"] = "http://localhost/portal/company"
    asked = portal.post("/portal/company/people", TYPED, token=token, follow=False)
    del portal.client.headers["referer"]
    then = parse_qs(urlsplit(asked.headers["location"]).query)["then"][0]
    colleague = portal.another().enter("paul")
    assert "Nina" not in colleague.get(then).text
    page = portal.post("/portal/account/confirm", {"password": PASSWORD, "then": then})
    assert "filled in again" in words(page)
    assert "Nina &lt;b&gt;Neu&lt;/b&gt;" in page.text
    assert "nina@partner.example" in page.text
    assert re.search(r'<option value="partner_admin" selected>', page.text)
    kept = re.search(r'name="kept" value="([^"]+)"', page.text)
    assert kept
    portal.post("/portal/company/people", {**TYPED, "kept": html.unescape(kept[1])})
    assert "filled in again" not in words(portal.get(then))
