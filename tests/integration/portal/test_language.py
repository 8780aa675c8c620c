"""The portal is written in the language that a partner's browser asks for."""

from __future__ import annotations

from headgate.portal import urls
from tests.integration.portal.site import Portal


def test_a_german_browser_gets_german_pages(portal: Portal) -> None:
    for header, lang, word in (
        ("de-DE,de;q=0.9,en;q=0.5", "de-DE", "Passwort"),
        ("en-GB", "en-GB", "Password"),
        ("fr", "en-GB", "Password"),
    ):
        page = portal.client.get(urls.SIGN_IN, headers={"accept-language": header})
        assert f'<html lang="{lang}"' in page.text
        assert word in page.text
