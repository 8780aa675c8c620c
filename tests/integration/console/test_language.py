"""The language of the console is what its reader chose."""

from __future__ import annotations

from tests.integration.console.site import Visitor, words


def test_a_reader_chooses_german_and_goes_back_to_english(held: Visitor) -> None:
    held.enter("carl")
    assert "My work" in held.get("/work").text
    german = held.client.get("/work", headers={"accept-language": "de"})
    assert "Meine Arbeit" in german.text, "it follows the browser until somebody chooses"
    answer = held.post("/settings/language", {"language": "de", "then": "/work"}, follow=False)
    assert answer.headers["location"] == "/work"
    page = held.get("/work")
    assert '<html lang="de-DE"' in page.text
    text = words(page)
    for phrase in ("Meine Arbeit", "Restzeit", "Auf dem Spiel", "20,00"):
        assert phrase in text, phrase
    assert "Bestellungen" in held.get("/palette?q=bestell", part="palette-results").text
    held.post("/settings/language", {"language": "en", "then": "/work"})
    assert '<html lang="en-GB"' in held.client.get("/work", headers={"accept-language": "de"}).text, "they chose"
    held.post("/settings/language", {"language": "../../etc", "then": "//evil.example"}, follow=False)
    assert '<html lang="en-GB"' in held.get("/work").text
