"""Recorded sentences are found again as the phrases that made them, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from markupsafe import Markup

from headgate.kernel.phrases import Opening, Phrase, Sentence, phrase, sentence, swapped
from headgate.policy.exchange.notice import Notice, refused
from headgate.ui.figures import SPACE
from headgate.ui.languages import translations
from headgate.ui.packed import pack_messages, percented
from headgate.ui.reading import Reading
from headgate.ui.recorded import LONGEST, pattern, recorded
from headgate.ui.sentences import RECORDED
from scripts.messages import lacking_of, load_pack, pack_template, packs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GERMAN = translations("de")


def german(text: str) -> str:
    return recorded(text).said(GERMAN.gettext, GERMAN.ngettext)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            "9.0 % below contract is more than the tolerance of 2 %",
            "9.0 % unter Vertrag sind mehr als die Toleranz von 2 %",
        ),
        ("The partner is blocked", "Der Partner ist gesperrt"),
        ("partner P-1 is active with terms NET30", "Partner P-1 ist aktiv mit den Bedingungen NET30"),
        ("tax 12.50 EUR, 2 lines, rounded per line", "Steuer 12.50 EUR, Positionen: 2, je Position gerundet"),
        ("Correct order 4711 and send it again", "Bestellung 4711 berichtigen und erneut senden"),
        ("Order policy 1.1", "Bestellrichtlinie 1.1"),
        ("Every check passed", "Jede Prüfung ist bestanden"),
    ],
)
def test_what_was_recorded_is_said_in_the_readers_language(told: str, said: str) -> None:
    assert recorded(told) == told, "what is recorded stays as it is"
    assert german(told) == said


@pytest.mark.parametrize(
    ("told", "english", "german"),
    [
        ("tax 1650.9 EUR, 5 lines, rounded per line", "tax €1,650.90, 5", "Steuer 1.650,90 €, Positionen: 5"),
        ("asked 0.00125 EUR, as in A-1", "asked €0.00125, as in A-1", "0,00125 €"),
        (
            "account A: exposure 86000 + this order 1500.5 = 87500.50 of 100000 EUR (87.5005 %)",
            "exposure €86,000.00 + this order €1,500.50 = €87,500.50 of €100,000.00 (87.5005 %)",
            "86.000,00 €",
        ),
        ("1 of the checks hold the order, with 20123.6 at stake", "with €20,123.60 at stake", "20.123,60 €"),
        ("9.5 % below contract is more than the tolerance of 2 %", "9.5 % below", "9,5 %"),
        (
            "312 of 48,120 decisions would have come out otherwise, 1,204,553.20 EUR in all; 41 cannot be told",
            "312 of 48,120 decisions would have come out otherwise, €1,204,553.20 in all; 41 cannot be told",
            "312 von 48.120 Entscheidungen wären anders ausgegangen, zusammen 1.204.553,20 €; 41 nicht bestimmbar",
        ),
        ("margin of the order 12.5 %: 86000 with costs of 75250", ": 86,000 with costs of 75,250", "86.000"),
    ],
)
def test_recorded_amounts_are_written_as_the_reader_writes_them(told: str, english: str, german: str) -> None:
    assert recorded(told) == told, "what is recorded stays as it is"
    for locale, shown in (("en_GB", english), ("de_DE", german)):
        reader = Reading(locale, "Europe/Berlin", "Europe/Berlin", "EUR").formatter(NOW)
        assert shown in reader.tell(recorded(told)).replace(SPACE, " ")


def test_a_recorded_code_of_digits_is_no_number() -> None:
    reader = Reading("de_DE", "Europe/Berlin", "Europe/Berlin", "EUR").formatter(NOW)
    assert "4711000" in reader.tell(recorded("Correct order 4711000 and send it again"))
    assert "Bestellrichtlinie 1.1" in reader.tell(recorded("Order policy 1.1"))


def test_an_amount_in_no_known_currency_is_a_number() -> None:
    reader = Reading("en_GB", "Europe/Berlin", "Europe/Berlin").formatter(NOW)
    told = reader.tell(recorded("1 of the checks hold the order, with 20123.6 at stake"))
    assert "with 20,123.6 at stake" in told


@pytest.mark.parametrize(
    ("told", "english", "said"),
    [
        ("Decide order O-1", "Decide order O-1", "Über Bestellung O-1 entscheiden"),
        ("Decide price_exception PX-1", "Decide price exception PX-1", "Über Sonderpreis PX-1 entscheiden"),
        ("Decide rma RMA-1", "Decide return RMA-1", "Über Rücksendung RMA-1 entscheiden"),
        (
            "Late: D-2 is over its time in 'Under review'",
            "Late: D-2 is over its time in 'Under review'",
            "Überfällig: D-2 ist über der Zeit in „In Prüfung“",
        ),
    ],
)
def test_titles_of_tasks_are_said_in_words(told: str, english: str, said: str) -> None:
    assert recorded(told) == english
    assert german(told) == said


def test_one_line_is_not_said_as_many() -> None:
    told = recorded("tax 12.50 EUR, 1 lines, rounded per line")
    assert told == "tax 12.50 EUR, one line, rounded per line"
    assert german("tax 12.50 EUR, 1 lines, rounded per line") == "Steuer 12.50 EUR, eine Position, je Position gerundet"


@pytest.mark.parametrize(
    "told",
    [
        "",
        "What the customer wrote about the tolerance of 2 %",
        "Correct order  and send it again"[:14],
        "The partner is ",
        "x" * (LONGEST + 1),
    ],
)
def test_what_somebody_wrote_stays_as_it_is(told: str) -> None:
    assert recorded(told) == told
    assert german(told) == told


def test_a_value_is_never_translated_or_trusted() -> None:
    told = recorded("Correct order <b>Orders</b> %(x)s %s and send it again")
    assert told.values == {"subject": "<b>Orders</b> %(x)s %s"}
    said = told.said(GERMAN.gettext, GERMAN.ngettext)
    assert said == "Bestellung <b>Orders</b> %(x)s %s berichtigen und erneut senden"
    assert not isinstance(said, Markup)
    assert recorded("Correct order Orders and send it again").values["subject"] == "Orders"
    assert "Orders" in german("Correct order Orders and send it again")


def test_a_text_that_looks_like_many_phrases_at_once_is_read_in_one_pass() -> None:
    made = pattern("%(a)s and then %(b)s and then %(c)s and then %(d)s.")
    assert made is not None
    assert made.values("x and then " * 20_000) is None
    found = made.values("1 and then 2 and then 3 and then 4 and then 5.")
    assert found == {"a": "1", "b": "2", "c": "3", "d": "4 and then 5"}


def test_a_value_that_stands_twice_is_the_same_twice() -> None:
    made = pattern("%(a)s is the same as %(a)s")
    assert made is not None
    assert made.values("x is the same as x") == {"a": "x"}
    assert made.values("x is the same as y") is None


def test_a_phrase_with_hardly_a_word_of_its_own_is_no_pattern() -> None:
    assert pattern("%(a)s: %(b)s") is None
    assert pattern("Every check passed") is None
    assert pattern("%(a)s%(b)s are beside each other") is None


@pytest.mark.parametrize("text", RECORDED)
def test_each_phrase_for_recording_finds_itself(text: str) -> None:
    made = pattern(text)
    if made is None:
        assert "%(" not in text
        return
    told = Phrase(text, {slot: f"<{slot}>" for slot in made.slots})
    assert recorded(str(told)).text == text
    assert recorded(str(told)) == told


@pytest.mark.parametrize("folder", packs(), ids=lambda folder: folder.name)
def test_a_pack_says_all_its_words_in_every_language(folder: Path) -> None:
    kept = load_pack(folder, "de")
    wanted = {(each.context, each.id) for each in pack_template(folder) if each.id}
    assert {(each.context, each.id) for each in kept if each.id} == wanted, "run make messages"
    assert lacking_of(kept) == []


def test_a_packs_translations_keep_the_places_of_values() -> None:
    for each in pack_messages("de"):
        asked, said = pattern(percented(str(each.id))), pattern(percented(str(each.string)))
        assert (set(asked.slots) if asked else set()) == (set(said.slots) if said else set()), each.id


def test_a_file_keeps_the_name_that_its_owner_gave_it_and_further_reasons_are_told_as_a_sentence() -> None:
    told = sentence(refused("prices.csv", [Notice("row 3", "is empty", "Fill it in.")] * 3).message)
    assert told == "prices.csv, row 3: is empty. Fill it in. 2 reasons more."
    assert told.said(GERMAN.gettext, GERMAN.ngettext).endswith(" Dazu 2 weitere Gründe.")
    assert told.said(GERMAN.gettext, GERMAN.ngettext).startswith("prices.csv, ")
    assert Opening(phrase("%(name)s is away", name="ana")) == "Ana is away"


def test_a_phrase_at_the_beginning_has_a_capital_in_every_language() -> None:
    told = Opening(phrase("partner %(partner)s is not known", partner="p-1"))
    assert told == "Partner p-1 is not known"
    assert told.said(lambda text: "der Partner %(partner)s ist fremd", GERMAN.ngettext) == "Der Partner p-1 ist fremd"
    changed = swapped(told, str.upper)
    assert isinstance(changed, Opening)
    assert changed == "Partner P-1 is not known"
    assert isinstance(swapped(Sentence(told), str.upper), Sentence)
