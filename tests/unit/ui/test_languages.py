"""German: every phrase has a translation, its placeholders agree, and who reads it is as chosen."""

from __future__ import annotations

import pickle
import re
from collections import Counter

import pytest

from headgate.console.render import Console
from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.phrases import phrase, sentence, swapped
from headgate.ui.assets import load_assets
from headgate.ui.languages import LANGUAGES, accepted, language_of, reading_locale, translations
from headgate.ui.web import problem_told
from scripts.messages import first, lacking_of, load, load_pack, packs, pairs, phrases
from tests.unit.ui.samples import page
from tests.unit.ui.samples.palette import FOUND
from tests.unit.ui.samples.sign_in import KEYBOARD
from tests.unit.ui.samples.work import HANDLE, WORK

PLACE = re.compile(r"%\(\w+\)[sd]|%n|</?\w+>")
PAGES = Console(load_assets())


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_phrase_is_translated(language: str) -> None:
    lacking = set(lacking_of(load(language)))
    known = {first(message.id) for message in load(language) if message.id} - lacking
    missing = {(where, first(text)) for text, where in phrases() if first(text) not in known}
    assert sorted(missing) == [], "run: make messages"


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_placeholders_and_tags_agree(language: str) -> None:
    for message in load(language):
        for asked, said in pairs(message):
            if asked and said:
                assert Counter(PLACE.findall(said)) == Counter(PLACE.findall(asked)), asked
                assert "<" not in said or "<" in asked, asked


# The words of docs/how-to/translate.md that German does not say, and what stays of them.
UNSAID = re.compile(
    r"Auftr(?:a|ä)g(?!sabwicklung)|Retoure|\bRichtlinie|Genehmigung|Preisausnahme|\bObligo|Berechtigung|Prüfspur"
    r"|Prüfprotokoll|Rückblick|Umschl(?:a|ä)g|Channel-Manager\b|Leitung Finanzen|\b[Dd](?:u|ir|ich|ein|eine|einen)\b"
    r"|(?<!, )(?<=[a-zäöüß ])\"[A-Za-zÄÖÜ]"
)


def german_texts() -> list[str]:
    catalogues = [load("de"), *(load_pack(folder, "de") for folder in packs())]
    return [said for each in catalogues for message in each if message.id for _, said in pairs(message)]


def test_german_has_one_word_for_each_thing_and_is_polite() -> None:
    assert [text for text in german_texts() if UNSAID.search(text)] == [], "see docs/how-to/translate.md"
    for wrong in ("Der Auftrag wartet", "Alle Richtlinien", "Kein Umschlag", "Willst du das?", 'Schreiben Sie "Nein"'):
        assert UNSAID.search(wrong), wrong
    assert not UNSAID.search("Auftragsabwicklung, Preisrichtlinie 2.2, „Nein“")


def test_a_page_is_written_in_the_language_of_its_locale() -> None:
    german = page(locale="de_DE")
    out = PAGES.render(german, WORK)
    assert '<html lang="de-DE"' in out
    for text in ("Meine Arbeit", "Zum Inhalt springen", "Bestellungen", "noch 48", "18.420,00"):
        assert text in out, text
    assert "Angehalten" in PAGES.render(german, FOUND, "palette-results")
    assert "Nächste Zeile" in PAGES.render(german, KEYBOARD)
    assert "Übergeben" in PAGES.render(german, HANDLE)
    assert "Meine Arbeit" not in PAGES.render(page(), WORK)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0,en", "en"),
        ("fr", ""),
        ("", ""),
        ("*", ""),
        (";;;q=x,,,=", ""),
        ("x" * 10_000, ""),
    ],
)
def test_the_browser_is_understood(header: str, expected: str) -> None:
    assert accepted(header) == expected


def test_the_readers_choice_goes_before_the_browser_and_the_tenant() -> None:
    assert reading_locale("en_GB", None) == "en_GB"
    assert reading_locale("en_GB", None, "de") == "de_DE"
    assert reading_locale("en_GB", "en", "de") == "en_GB"
    assert reading_locale("de_AT", "de") == "de_AT", "the tenant's own region stays"
    assert reading_locale("de_AT", "en") == "en_GB"
    assert reading_locale("fr_FR", None) == "fr_FR", "numbers as the tenant writes them, words in English"
    assert reading_locale("nonsense", "xx") == "en_GB"
    assert language_of("fr_FR") == "en"
    assert translations("xx").gettext("Held") == "Held"
    assert translations("de").gettext("Held") == "Angehalten"


def test_an_error_is_english_for_programs_and_said_in_the_readers_language_on_a_page() -> None:
    german = translations("de")
    error = invalid("reason", "x" * 100, phrase("is longer than %(longest)s characters", longest=40), "Shorten it.")
    assert str(error).startswith("reason: is longer than 40 characters (got xxx")
    told = problem_told(error.problems[0], phrase("Reason"))
    assert told == "Reason is longer than 40 characters. Shorten it."
    said = told.said(german.gettext, german.ngettext)
    assert said == "Begründung ist länger als 40 Zeichen. Kürzen Sie es."
    refusal = sentence(NotFound("there is no such task").message)
    assert refusal == "There is no such task."
    assert refusal.said(german.gettext, german.ngettext) == "Diese Aufgabe gibt es nicht."
    assert pickle.loads(pickle.dumps(refusal)).said(german.gettext, german.ngettext) == "Diese Aufgabe gibt es nicht."
    named = swapped(phrase("%(id)s asked for this", id="user:ana"), lambda text: text.replace("user:ana", "Ana"))
    assert named == "Ana asked for this"
