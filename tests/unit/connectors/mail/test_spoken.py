"""Every word of ours in every letter is a phrase: written in a made-up language, nothing else is left over.

And each letter reads as its reader writes: German words, amounts, dates and the reader's zone.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from headgate.access import Tenant
from headgate.access.mailing import KINDS, NO_CHOICE, SECURITY, MailChoice
from headgate.connectors.mail.core import letters, news
from headgate.connectors.mail.core.letters import Letter, Look
from headgate.connectors.mail.core.parts import page, plain
from headgate.connectors.mail.core.writing import Shades, Ways, written
from headgate.kernel.ids import new_id
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase
from headgate.ui.format import Formatter
from headgate.ui.letters import LetterReading
from tests.unit.ui.test_spoken import WORD, Bracketed, Outside

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# Data in figures and signs that no word of ours is written with.
TO, NAME, LINK = "7@8.9", "安娜", "1:2/3"
ASKED = letters.asked_letter(
    TO,
    NAME,
    kind="price_exception",
    subject="#1",
    partner="黄金",
    stake=Money(Decimal("18420.5"), "EUR"),
    due_at=NOW,
    link=LINK,
    days=7,
    again=False,
)
LETTERS: dict[str, list[Letter]] = {
    "reset_letter": [letters.reset_letter(TO, NAME, LINK)],
    "invitation_letter": [letters.invitation_letter(TO, NAME, "#2", LINK, days) for days in (1, 7)],
    "review_letter": [
        letters.review_letter(TO, NAME, "#3", left, LINK, NOW, late=late) for left, late in ((1, False), (5, True))
    ],
    "changed_letter": [
        letters.changed_letter(TO, NAME, phrase("A new password was chosen for your account by a link."))
    ],
    "browser_letter": [
        letters.browser_letter(TO, NAME, ((phrase("When"), NOW),), LINK, password=password, last=password)
        for password in (True, False)
    ],
    "locked_letter": [letters.locked_letter(TO, NAME, 15)],
    "asked_letter": [
        ASKED,
        letters.asked_letter(
            TO,
            NAME,
            kind="order",
            subject="#1",
            partner="",
            stake=None,
            due_at=NOW,
            link=LINK,
            days=1,
            again=True,
            overdue=True,
        ),
    ],
    "export_letter": [letters.export_letter(TO, NAME, asked_at=NOW, until=until, link=LINK) for until in (None, NOW)],
    "domain_letter": [
        letters.domain_letter(TO, NAME, domain="#4", what=what, host=host, until=NOW, link=LINK)
        for what, host in (("missing", "#5"), ("lapsed", ""), ("taken", ""))
    ],
    "return_letter": [
        news.return_letter(
            TO,
            NAME,
            number="#5",
            status=status,
            order="#6",
            reasons=("#7",),
            credit=Money(Decimal(20), "EUR"),
            send_by=NOW,
            link=LINK,
        )
        for status in news.RETURNS
    ],
    "deal_letter": [
        news.deal_letter(TO, NAME, number="#5", what=what, customer="安", until=NOW, reasons=("#7",), link=LINK)
        for what in news.DEALS
    ],
    "price_letter": [
        news.price_letter(
            TO,
            NAME,
            number="#5",
            status=status,
            product="#8",
            price=Money(Decimal(price), "EUR"),
            quantity=Decimal(3),
            until=NOW.date(),
            order=order,
            link=LINK,
        )
        for status in news.PRICES
        for price, order in (("20", ""), ("0.0125", "#6"))
    ],
    "late_letter": [
        news.late_letter(TO, NAME, kind="order", subject="#1", due_at=NOW, link=LINK, escalated=escalated)
        for escalated in (True, False)
    ],
    "message_letter": [
        letters.message_letter(TO, NAME, who="#4", kind="deal", subject="#1", count=count, link=LINK)
        for count in (1, 3)
    ],
    "many_asked_letter": [
        letters.many_asked_letter(TO, NAME, count, LINK, again=again) for count, again in ((1, True), (7, False))
    ],
}
SPOKEN = Bracketed()
BRACKETED = Formatter("ja_JP", ZoneInfo("Asia/Tokyo"), NOW, SPOKEN.gettext, SPOKEN.ngettext)
WAYS = Ways("4:5/6", "4:5/7")


def outside(text: str) -> list[str]:
    """Words that stand outside of brackets."""
    depth, left = 0, ""
    for each in text:
        depth += (each == "⟦") - (each == "⟧")
        left += each if depth == 0 and each != "⟧" else ""
    return [word for word in WORD.findall(left) if word != "JST"]


def test_every_letter_there_is_has_a_sample() -> None:
    made = {
        name
        for module in (letters, news)
        for name, _ in inspect.getmembers(module, inspect.isfunction)
        if name.endswith("_letter")
    }
    assert made == LETTERS.keys()


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_a_letter_has_no_word_of_ours_outside_of_a_phrase(name: str) -> None:
    for letter in LETTERS[name]:
        out = written(letter, BRACKETED, WAYS, Shades())
        assert outside(out.subject) == []
        assert outside(plain(out, Look("9"))) == []
        found = [word for told in Outside(page(out, Look("9"))).found for word in outside(told)]
        assert found == []


def test_a_word_that_is_no_phrase_is_found() -> None:
    careless = replace(ASKED, paragraphs=("Please look.",))
    assert outside(plain(written(careless, BRACKETED, WAYS, Shades()), Look("9"))) == ["Please", "look"]


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_a_letter_is_of_a_kind_that_can_be_turned_off_or_about_the_account(name: str) -> None:
    for letter in LETTERS[name]:
        out = written(letter, BRACKETED, WAYS, Shades())
        assert (out.stop, out.choose) == (("", "") if letter.kind == SECURITY else (WAYS.stop, WAYS.choose))
        assert letter.kind in {SECURITY, *KINDS}
        assert out.why


def tenant(locale: str = "", zone: str = "Europe/Berlin") -> Tenant:
    settings = {"locale": locale} if locale else {}
    return Tenant(new_id(NOW), "nordwind", "Nordwind", "EUR", zone, settings, NOW)


def read(of: Tenant, language: str = "", zone: str = "") -> str:
    return plain(
        written(ASKED, LetterReading().reader(of, MailChoice(language, zone), NOW), WAYS, Shades()), Look("Nordwind")
    )


def test_a_letter_is_in_the_language_and_zone_of_its_reader_else_of_the_tenant_else_english() -> None:
    english = read(tenant())
    assert "At stake: €18,420.50" in english
    assert "Due: 2 Mar 2026, 10:00 CET" in english
    german = read(tenant(), "de")
    assert "18.420,50" in german
    assert "02.03.2026, 10:00 CET" in german
    assert "Ihre Entscheidung ist gefragt." in german
    assert "decision" not in german
    assert read(tenant("de_AT")).startswith("Guten Tag"), "the tenant's own language"
    assert read(tenant("de_AT"), "en").startswith("Hello"), "the reader's goes before it"
    assert "18:00 JST" in read(tenant(), "", "Asia/Tokyo")
    assert "10:00 CET" in read(tenant(), "xx", "Mars/Olympus"), "what is none is left out"
    assert read(tenant("fr_FR")).startswith("Hello"), "words in English where there is no catalogue"


def test_a_tenants_own_words_stand_in_its_letters() -> None:
    own = tenant()
    own.settings["brand"] = {"words": {"en": {"deal": ["opportunity", "opportunities"]}}}
    letter = replace(ASKED, paragraphs=(phrase("This deal is known already."),))
    assert "This opportunity is known" in plain(
        written(letter, LetterReading().reader(own, NO_CHOICE, NOW), WAYS, Shades()), Look("N")
    )
