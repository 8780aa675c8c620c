"""A tenant's words stand in our phrases, in each form, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.console.render import TEMPLATES as CONSOLE
from headgate.console.render import Console
from headgate.portal.render import TEMPLATES as PORTAL
from headgate.ui.assets import load_assets
from headgate.ui.languages import translations
from headgate.ui.templates import UI
from headgate.ui.wording import reword, speaker
from tests.unit.ui.samples import page
from tests.unit.ui.samples.deals import DEALS
from tests.unit.ui.samples.home import HOME

WORDS = {"partner": ("dealer", "dealers"), "deal": ("opportunity", "opportunities")}
GERMAN = {"partner": ("Händler", "Händlerinnen und Händler"), "deal": ("Projekt", "Projekte")}
PAGES = Console(load_assets())


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("Partners", "Dealers"),
        ("Register a deal", "Register an opportunity"),
        ("A deal of a partner", "An opportunity of a dealer"),
        ("What partners registered", "What dealers registered"),
        ("The partner's orders", "The dealer's orders"),
        ("partner_admin, deal.submitted, /v1/deals", None),
        ("%(partner)s asks about %(deals)s", None),
        ("Partnership, dealing, ordeal", None),
        ("Orders", None),
    ],
)  # fmt: skip
def test_english_puts_them_in_with_article_and_capital(phrase: str, said: str | None) -> None:
    assert reword(phrase, "en", WORDS) == (phrase if said is None else said)


def test_an_article_follows_the_sound_of_the_word() -> None:
    for word, article in (("agency", "an"), ("user", "a"), ("EU dealer", "a"), ("installer", "an"), ("reseller", "a")):
        assert reword("of a partner", "en", {"partner": (word, f"{word}s")}) == f"of {article} {word}"


def test_german_knows_one_from_many_by_the_english_phrase() -> None:
    say = speaker(translations("de").gettext, "de", {"de": GERMAN})
    assert say("Partner") == "Händler"
    assert say("Partners") == "Händlerinnen und Händler", "German writes one partner and many alike"
    assert say("Show all deals") == "Alle Projekte zeigen"
    assert say("Orders") == translations("de").gettext("Orders")


def test_without_words_nothing_is_touched() -> None:
    translate = translations("en").gettext
    assert speaker(translate, "en", {}) is translate
    assert speaker(translate, "en", {"de": GERMAN}) is translate


def test_a_page_speaks_the_words_of_its_tenant_and_leaves_data_alone() -> None:
    from dataclasses import replace

    spoken = replace(page(), words={"en": WORDS})
    out = PAGES.render(spoken, DEALS)
    assert "<h1>Opportunities</h1>" in out
    assert "What dealers registered" in out
    assert '<th scope="col">Dealer</th>' in out
    assert "<span>Dealers</span>" in out, "the navigation speaks them, too"
    assert "<h1>Deals</h1>" in PAGES.render(page(), DEALS), "and the next tenant's page does not"
    named = replace(spoken, tenant="Deal Partner AG")
    assert "Deal Partner AG" in PAGES.render(named, HOME)


_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<code>.*?</code>", re.DOTALL)
_NOUN = re.compile(r"(?<![\w./_-])([pP]artners?|[dD]eals?)(?![\w/_]|\.\w)")
_SHOWN = re.compile(r"""\b(?:aria-label|data-label|placeholder|title|alt)="([^"]*)\"""")


@pytest.mark.parametrize("root", [CONSOLE, PORTAL, UI / "macros"], ids=lambda path: path.parent.name)
def test_no_template_says_partner_or_deal_past_the_tenants_words(root: Path) -> None:
    found = []
    for file in sorted(root.glob("*.html")):
        bare = _JINJA.sub("\0", file.read_text())
        shown = [*_SHOWN.findall(bare), re.sub(r"<[^>]*>", "\0", bare)]
        found += [f"{file.name}: {match[0]}" for text in shown for match in _NOUN.finditer(text)]
    assert found == [], "write them as {{ _('…') }}"
